/* The form of an attestation document; see document.h. */
#include "document.h"

#include <string.h>

#include <nettle/sha2.h>

#include "keys/verify/encoding.h"
#include "keys/verify/item.h"

#define PAYLOAD_MIN	256	/* bytes; from here to DOCUMENT_MAX lengths take two */

/* All but the payload, with the shortest lengths: 84 44 a1013822 a0 59.... 5860 */
#define ENVELOPE_LEN	(1 + 1 + 4 + 1 + 3 + 2 + DOCUMENT_SIG)

static const uint8_t protected_header[] = { 0xa1, 0x01, 0x38, 0x22 };	/* {1: -35}, ES384 */

enum field_id {
	MODULE_ID, DIGEST, TIMESTAMP, PCRS, CERTIFICATE, CABUNDLE,
	PUBLIC_KEY, USER_DATA, NONCE,
	FIELDS
};

static const struct {
	const char *name;
	const char *wrong;	/* the end of a sentence */
} fields[FIELDS] = {
	[MODULE_ID]   = { "module_id", "has no proper module_id" },
	[DIGEST]      = { "digest", "has another digest than SHA384" },
	[TIMESTAMP]   = { "timestamp", "has no proper timestamp" },
	[PCRS]        = { "pcrs", "has no proper pcrs: 48 bytes each, none twice" },
	[CERTIFICATE] = { "certificate", "has no proper certificate" },
	[CABUNDLE]    = { "cabundle", "has no proper cabundle of 1 to 8 certificates" },
	[PUBLIC_KEY]  = { "public_key", "has a public_key that is neither bytes nor null" },
	[USER_DATA]   = { "user_data", "has user_data that are neither bytes nor null" },
	[NONCE]       = { "nonce", "has a nonce that is neither bytes nor null" },
};

static bool read_envelope(struct document *document, struct text rest)
{
	static const struct text protected = {
		(const char *)protected_header, sizeof(protected_header)
	};
	size_t len = rest.len;
	struct item item;

	if (!item_take_type(&rest, &item, ITEM_ARRAY) || item.number != 4)
		return false;
	if (!item_take_type(&rest, &item, ITEM_BYTES) ||
	    !text_equal(item.bytes, protected))
		return false;
	if (!item_take_type(&rest, &item, ITEM_MAP) || item.number != 0)
		return false;
	if (!item_take_type(&rest, &item, ITEM_BYTES))
		return false;
	document->payload = item.bytes;
	if (!item_take_type(&rest, &item, ITEM_BYTES))
		return false;
	document->signature = item.bytes;
	return rest.len == 0 && item.bytes.len == DOCUMENT_SIG &&
	       document->payload.len >= PAYLOAD_MIN &&
	       len == ENVELOPE_LEN + document->payload.len;
}

static bool take_bytes(struct text *rest, struct text *bytes)
{
	struct item item;

	if (!item_take_type(rest, &item, ITEM_BYTES) ||
	    item.bytes.len < 1 || item.bytes.len > DOCUMENT_FIELD)
		return false;
	*bytes = item.bytes;
	return true;
}

/* Bytes, none, or null. */
static bool take_optional(struct text *rest, struct text *bytes)
{
	struct item item;

	if (!item_take(rest, &item) ||
	    (item.type != ITEM_BYTES && item.type != ITEM_NULL) ||
	    item.bytes.len > DOCUMENT_FIELD)
		return false;
	*bytes = item.bytes;
	return true;
}

static bool take_pcrs(struct text *rest, struct document *document)
{
	struct item map, key, value;

	if (!item_take_type(rest, &map, ITEM_MAP) ||
	    map.number < 1 || map.number > PIN_PCRS)
		return false;
	for (; map.number > 0; map.number--) {
		if (!item_take_type(rest, &key, ITEM_NUMBER) ||
		    key.number >= PIN_PCRS || document->has_pcr[key.number] ||
		    !item_take_type(rest, &value, ITEM_BYTES) ||
		    value.bytes.len != PIN_PCR_LEN)
			return false;
		memcpy(document->pcr[key.number], value.bytes.at, PIN_PCR_LEN);
		document->has_pcr[key.number] = true;
	}
	return true;
}

static bool take_bundle(struct text *rest, struct document *document)
{
	struct item array;

	if (!item_take_type(rest, &array, ITEM_ARRAY) ||
	    array.number < 1 || array.number > DOCUMENT_BUNDLE)
		return false;
	while (document->bundled < array.number)
		if (!take_bytes(rest, &document->bundle[document->bundled++]))
			return false;
	return true;
}

static bool take_string(struct text *rest, struct text *string)
{
	struct item item;

	if (!item_take_type(rest, &item, ITEM_STRING) ||
	    item.bytes.len < 1 || item.bytes.len > DOCUMENT_FIELD)
		return false;
	*string = item.bytes;
	return true;
}

static bool take_value(struct text *rest, struct document *document, enum field_id id)
{
	struct item item;
	struct text string;

	switch (id) {
	case MODULE_ID:
		return take_string(rest, &document->module_id);
	case DIGEST:
		return take_string(rest, &string) &&
		       text_equal(string, text_of("SHA384"));
	case TIMESTAMP:
		if (!item_take_type(rest, &item, ITEM_NUMBER) || item.number == 0)
			return false;
		document->timestamp = item.number;
		return true;
	case PCRS:
		return take_pcrs(rest, document);
	case CERTIFICATE:
		return take_bytes(rest, &document->certificate);
	case CABUNDLE:
		return take_bundle(rest, document);
	case PUBLIC_KEY:
		return take_optional(rest, &document->public_key);
	case USER_DATA:
		return take_optional(rest, &document->user_data);
	case NONCE:
		return take_optional(rest, &document->nonce);
	default:
		return item_pass(rest);	/* fields that came later */
	}
}

static enum field_id find_field(struct text key)
{
	enum field_id id;

	for (id = 0; id < FIELDS; id++)
		if (text_equal(key, text_of(fields[id].name)))
			break;
	return id;
}

static const char *read_payload(struct document *document)
{
	bool seen[FIELDS + 1] = { false };
	struct text rest = document->payload;
	struct item map, key;
	enum field_id id;

	if (!item_take_type(&rest, &map, ITEM_MAP))
		return "has a payload that is no map";
	for (; map.number > 0; map.number--) {
		if (!item_take_type(&rest, &key, ITEM_STRING))
			return "has a payload that is no map of names";
		id = find_field(key.bytes);
		if (id < FIELDS && seen[id])
			return "has a field twice";
		if (!take_value(&rest, document, id))
			return id < FIELDS ? fields[id].wrong :
					     "has a field of unknown form";
		seen[id] = true;
	}
	if (rest.len > 0)
		return "has bytes behind its payload's map";
	for (id = 0; id < PUBLIC_KEY; id++)
		if (!seen[id])
			return fields[id].wrong;
	return NULL;
}

const char *document_read(struct document *document, struct text bytes)
{
	memset(document, 0, sizeof(*document));
	if (bytes.len > DOCUMENT_MAX)
		return "is larger than 32768 bytes";
	if (!read_envelope(document, bytes))
		return "is no untagged COSE_Sign1 with ES384 and a payload";
	return read_payload(document);
}

size_t document_prefix(uint8_t prefix[static DOCUMENT_PREFIX],
		       const struct document *document)
{
	static const uint8_t start[] = {
		0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1',
		0x44, 0xa1, 0x01, 0x38, 0x22, 0x40, 0x59
	};
	size_t len = sizeof(start);

	memcpy(prefix, start, sizeof(start));
	prefix[len++] = (uint8_t)(document->payload.len >> 8);
	prefix[len++] = (uint8_t)document->payload.len;
	return len;
}

void document_image(uint8_t image[static PIN_IMAGE_LEN],
		    const struct document *document)
{
	static const uint8_t which[] = { 0x00, 0x01, 0x00, 0x07 };	/* bits 0, 1, 2, 16 */
	struct sha256_ctx state;
	unsigned i;

	sha256_init(&state);
	sha256_update(&state, sizeof(which), which);
	for (i = 0; i < PIN_PCRS; i++)
		if (pins_is_code(i))
			sha256_update(&state, PIN_PCR_LEN, document->pcr[i]);
	sha256_digest(&state, PIN_IMAGE_LEN, image);
}
