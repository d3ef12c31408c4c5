/* The form of an attestation document, field by field. */
#include "keys/verify/document.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define ROOM	70000	/* bytes */

static const char endless[ROOM];

struct cbor {
	char at[2 * ROOM];
	size_t len;
};

static void put(struct cbor *cbor, const void *bytes, size_t len)
{
	memcpy(cbor->at + cbor->len, bytes, len);
	cbor->len += len;
}

/* The head of a value (RFC 8949, section 3), as short as it can be. */
static void put_head(struct cbor *cbor, int major, size_t number)
{
	const uint8_t head[] = {
		(uint8_t)(major << 5 | (number < 24 ? (int)number : number < 256 ? 24 : 25)),
		(uint8_t)(number < 256 ? number : number >> 8), (uint8_t)number,
	};

	put(cbor, head, number < 24 ? 1 : number < 256 ? 2 : 3);
}

static void put_value(struct cbor *cbor, int major, const void *bytes, size_t len)
{
	put_head(cbor, major, len);
	put(cbor, bytes, len);
}

enum { NUMBER, BYTES = 2, STRING, ARRAY, MAP };

static void put_name(struct cbor *cbor, const char *name)
{
	put_value(cbor, STRING, name, strlen(name));
}

/* One field is other than it should be. */
struct change {
	const char *name;
	int major;
	size_t len;		/* bytes, or how many values, or the number */
	const char *says;	/* NULL: it is good */
};

static bool is_other(struct cbor *cbor, const struct change *change, const char *name)
{
	put_name(cbor, name);
	if (strcmp(change->name, name))
		return false;
	if (change->major == BYTES || change->major == STRING)
		put_value(cbor, change->major, endless, change->len);
	else
		put_head(cbor, change->major, change->len);
	return true;
}

static struct cbor payload_of(const struct change *change)
{
	static struct cbor payload;

	payload.len = 0;
	put_head(&payload, MAP, 8);
	if (!is_other(&payload, change, "module_id"))
		put_name(&payload, "i-0");
	if (!is_other(&payload, change, "digest"))
		put_name(&payload, "SHA384");
	if (!is_other(&payload, change, "timestamp"))
		put_head(&payload, NUMBER, 1000);
	if (!is_other(&payload, change, "certificate"))
		put_value(&payload, BYTES, endless, 300);
	if (!is_other(&payload, change, "cabundle")) {
		put_head(&payload, ARRAY, 1);
		put_value(&payload, BYTES, endless, 205);
	}
	if (!is_other(&payload, change, "public_key"))
		put_value(&payload, BYTES, endless, 64);
	if (!is_other(&payload, change, "user_data"))
		put(&payload, "\xf6", 1);
	if (!is_other(&payload, change, "pcrs")) {
		put_head(&payload, MAP, 1);
		put_head(&payload, NUMBER, 31);
		put_value(&payload, BYTES, endless, PIN_PCR_LEN);
	}
	return payload;
}

/* A COSE_Sign1 with ES384 (RFC 9052). */
static struct cbor envelope(const struct cbor *payload)
{
	static struct cbor document;

	document.len = 0;
	put(&document, "\x84\x44\xa1\x01\x38\x22\xa0", 7);
	put_value(&document, BYTES, payload->at, payload->len);
	put_value(&document, BYTES, endless, DOCUMENT_SIG);
	return document;
}

static const char *read_changed(struct document *document, const struct change *change)
{
	static struct cbor payload, bytes;

	payload = payload_of(change);
	bytes = envelope(&payload);
	return document_read(document, (struct text){ bytes.at, bytes.len });
}

static void fields_are_what_and_as_long_as_they_may_be(void)
{
	static const struct change rows[] = {
		{ "", 0, 0, NULL },
		{ "module_id", STRING, 1, NULL }, { "module_id", STRING, DOCUMENT_FIELD, NULL },
		{ "module_id", STRING, 0, "module_id" }, { "module_id", STRING, DOCUMENT_FIELD + 1, "module_id" },
		{ "module_id", BYTES, 3, "module_id" },
		{ "digest", STRING, 6, "digest" }, { "digest", BYTES, 6, "digest" },
		{ "timestamp", NUMBER, 1, NULL }, { "timestamp", NUMBER, 0, "timestamp" }, { "timestamp", STRING, 1, "timestamp" },
		{ "certificate", BYTES, 1, NULL }, { "certificate", BYTES, 0, "certificate" },
		{ "certificate", BYTES, DOCUMENT_FIELD, NULL }, { "certificate", BYTES, DOCUMENT_FIELD + 1, "certificate" },
		{ "certificate", STRING, 300, "certificate" },
		{ "cabundle", ARRAY, 0, "cabundle" }, { "cabundle", ARRAY, DOCUMENT_BUNDLE + 1, "cabundle" },
		{ "cabundle", ARRAY, 1, "cabundle" }, { "cabundle", MAP, 1, "cabundle" },
		{ "public_key", BYTES, 0, NULL }, { "public_key", BYTES, DOCUMENT_FIELD, NULL },
		{ "public_key", BYTES, DOCUMENT_FIELD + 1, "public_key" }, { "public_key", NUMBER, 1, "public_key" },
		{ "user_data", STRING, 1, "user_data" }, { "user_data", BYTES, DOCUMENT_FIELD + 1, "user_data" },
		{ "pcrs", MAP, 0, "pcrs" }, { "pcrs", MAP, PIN_PCRS + 1, "pcrs" }, { "pcrs", MAP, 1, "pcrs" },
		{ "pcrs", ARRAY, 1, "pcrs" },
	};
	struct document document;
	const char *why;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		why = read_changed(&document, &rows[i]);
		CHECK_ROW(rows[i].says ? why && strstr(why, rows[i].says) : !why, rows[i].name);
	}
	CHECK(!read_changed(&document, &rows[0]));
	CHECK(document.timestamp == 1000 && document.module_id.len == 3 && document.has_pcr[31] &&
	      document.public_key.len == 64 && document.bundled == 1 && document.bundle[0].len == 205 &&
	      document.user_data.len == 0 && document.certificate.len == 300);
}

/* A payload's length takes two bytes. */
static void payloads_are_neither_short_nor_long(void)
{
	static const char none[] = "is no untagged COSE_Sign1 with ES384 and a payload";
	static struct cbor payload, bytes;
	struct document document;
	const char *why;
	size_t len;

	memset(payload.at, 0, sizeof(payload.at));
	for (len = 254; len <= 257; len++) {
		payload.len = len;
		bytes = envelope(&payload);
		why = document_read(&document, (struct text){ bytes.at, bytes.len });
		CHECK(why && !strcmp(why, len < 256 ? none : "has a payload that is no map"));
	}
	payload.len = DOCUMENT_MAX - 108;	/* the envelope's own bytes */
	bytes = envelope(&payload);
	CHECK(bytes.len == DOCUMENT_MAX);
	why = document_read(&document, (struct text){ bytes.at, bytes.len });
	CHECK(why && !strcmp(why, "has a payload that is no map"));
	payload.len++;
	bytes = envelope(&payload);
	why = document_read(&document, (struct text){ bytes.at, bytes.len });
	CHECK(why && !strcmp(why, "is larger than 32768 bytes"));
}

int main(void)
{
	RUN(fields_are_what_and_as_long_as_they_may_be);
	RUN(payloads_are_neither_short_nor_long);
	return DONE();
}
