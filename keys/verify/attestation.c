/* The checks of an attestation document; see attestation.h. */
#include "attestation.h"

#include <string.h>

#include "keys/verify/chain.h"
#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "keys/verify/input.h"

static const char about[] = "attestation";

#define MS	1000	/* in a second */

/* Digits become bytes in `raw'. */
static struct text to_raw(struct text file, uint8_t raw[static DOCUMENT_MAX])
{
	struct text digits = input_digits(file);

	if (digits.len / 2 <= DOCUMENT_MAX &&
	    hex_read(raw, digits.len / 2, digits))
		return (struct text){ (const char *)raw, digits.len / 2 };
	return file;
}

static struct chain *read_chain(struct report *report, const struct document *document)
{
	struct text der[CHAIN_MAX] = { document->certificate };
	char why[CHAIN_WHY];
	struct chain *chain;
	size_t i;

	for (i = 0; i < document->bundled; i++)
		der[1 + i] = document->bundle[document->bundled - 1 - i];
	chain = chain_read(der, 1 + document->bundled, why);
	if (!chain)
		report_fail(report, about, "%s", why);
	return chain;
}

static bool check_signature_of(struct report *report, const struct chain *chain,
			       const struct document *document)
{
	uint8_t prefix[DOCUMENT_PREFIX], sig[CHAIN_SIG];
	struct text first = { (const char *)prefix, document_prefix(prefix, document) };

	memcpy(sig, document->signature.at, sizeof(sig));
	if (!chain_leaf_signed(chain, first, document->payload, sig)) {
		report_fail(report, about, "the leaf certificate's key did not sign this document");
		return false;
	}
	report_pass(report, about, "the leaf certificate's key signed the document (ES384)");
	return true;
}

static bool check_chain(struct report *report, const struct chain *chain,
			const struct document *document)
{
	char why[CHAIN_WHY], when[TIME_LEN];

	if (!chain_verify(chain, document->timestamp / MS, why)) {
		report_fail(report, about, "%s", why);
		return false;
	}
	time_write(when, document->timestamp / MS);
	report_pass(report, about,
		    "%zu certificates, each signed by the next and valid at the document's time, %s",
		    1 + document->bundled, when);
	return true;
}

static bool check_root(struct report *report, const struct chain *chain,
		       const struct chain_root *root)
{
	const char *whose = root == &chain_aws ? "AWS Nitro enclaves, built in" : "--root";

	if (!chain_ends_in(chain, root)) {
		report_fail(report, about, "the certificates do not end in the root (%s)", whose);
		return false;
	}
	report_pass(report, about, "the last certificate is the root (%s)", whose);
	return true;
}

static bool check_when(struct report *report, const struct attestation *attestation,
		       uint64_t seconds)
{
	struct evidence rules = {
		.has_max_age = attestation->has_max_age,
		.max_age = attestation->max_age,
		.now = attestation->now,
	};
	char when[TIME_LEN];

	if (seconds > attestation->now && seconds - attestation->now > CHECK_SKEW) {
		time_write(when, seconds);
		report_fail(report, about, "made at %s, which is in the future", when);
		return false;
	}
	return check_age(report, &rules, about, seconds);
}

/* In debug mode the host reads the enclave's console; these PCRs are zero. */
static bool check_mode(struct report *report, const struct document *document)
{
	static const uint8_t zeros[3 * PIN_PCR_LEN];

	if (!memcmp(document->pcr, zeros, sizeof(zeros))) {
		report_fail(report, about, "PCR0, PCR1 and PCR2 are zero: the enclave runs in debug mode");
		return false;
	}
	report_pass(report, about, "PCR0, PCR1 and PCR2 are not all zero: the enclave is not in debug mode");
	return true;
}

static bool check_image(struct report *report, const struct document *document,
			const struct pins *pins)
{
	char found[2 * PIN_IMAGE_LEN + 1], wanted[sizeof(found)];
	uint8_t image[PIN_IMAGE_LEN];

	document_image(image, document);
	hex_write(found, image, sizeof(image));
	report_fact(report, "image_id", found);
	if (!pins->has_image) {
		report_skip(report, about, "image id is %s, not pinned (--image-id)", found);
		return true;
	}
	if (memcmp(image, pins->image, sizeof(image))) {
		hex_write(wanted, pins->image, sizeof(image));
		report_fail(report, about, "image id is %s, --image-id is %s", found, wanted);
		return false;
	}
	report_pass(report, about, "image id is %s, as --image-id says", found);
	return true;
}

static bool check_pcr(struct report *report, const struct document *document,
		      const struct pins *pins, unsigned pcr)
{
	const char *absent = document->has_pcr[pcr] ? "" : " (absent, which counts as zeros)";
	char found[2 * PIN_PCR_LEN + 1], wanted[sizeof(found)], name[8];

	hex_write(found, document->pcr[pcr], PIN_PCR_LEN);
	snprintf(name, sizeof(name), "pcr%u", pcr);
	report_fact(report, name, found);
	if (!pins->has_pcr[pcr]) {
		if (!pins->has_image)
			report_skip(report, about, "PCR%u is %s%s, not pinned (--pcr)", pcr, found, absent);
		return true;
	}
	if (memcmp(document->pcr[pcr], pins->pcr[pcr], PIN_PCR_LEN)) {
		hex_write(wanted, pins->pcr[pcr], PIN_PCR_LEN);
		report_fail(report, about, "PCR%u is %s%s, --pcr is %s", pcr, found, absent, wanted);
		return false;
	}
	report_pass(report, about, "PCR%u is %s%s, as --pcr says", pcr, found, absent);
	return true;
}

static bool check_code(struct report *report, const struct document *document,
		       const struct pins *pins)
{
	bool ok = check_image(report, document, pins);
	unsigned i;

	for (i = 0; i < PIN_PCRS; i++)
		if (pins_is_code(i) || pins->has_pcr[i])
			ok &= check_pcr(report, document, pins, i);
	if (!pins_code(pins))
		report->unpinned = true;
	return ok;
}

/* Returns the reason why answers cannot be signed with it, or NULL. */
static const char *key_fault(struct text key)
{
	if (key.len == 0)
		return "there is no public key in the document";
	if (key.len == 32)
		return "the public key has 32 bytes: x25519, not a key of answers (another port gives those)";
	if (key.len != ECDSA_PUBLIC_LEN)
		return "the public key has not 64 bytes: no key of answers";
	if (!ecdsa_is_public((const uint8_t *)key.at))
		return "the public key is no point of secp256k1";
	return NULL;
}

static bool check_key(struct report *report, struct attestation *attestation,
		      const struct document *document)
{
	char hex[2 * ECDSA_PUBLIC_LEN + 1], address[2 * ECDSA_ADDRESS_LEN + 1];
	const char *fault = key_fault(document->public_key);
	uint8_t bytes[ECDSA_ADDRESS_LEN];

	if (fault && attestation->need_key)
		report_fail(report, about, "%s", fault);
	else if (fault)
		report_skip(report, about, "%s", fault);
	if (fault)
		return !attestation->need_key;

	memcpy(attestation->public_key, document->public_key.at, ECDSA_PUBLIC_LEN);
	attestation->has_key = true;
	ecdsa_address(bytes, attestation->public_key);
	hex_write(hex, attestation->public_key, ECDSA_PUBLIC_LEN);
	hex_write(address, bytes, sizeof(bytes));
	report_fact(report, "public_key", hex);
	report_pass(report, about, "the key of answers is %s, its address 0x%s", hex, address);
	return true;
}

static void add_facts(struct report *report, const struct document *document)
{
	char when[TIME_LEN], module[160];

	time_write(when, document->timestamp / MS);
	report_fact(report, "attested_at", when);
	snprintf(module, sizeof(module), "%.*s",
		 (int)(document->module_id.len < 128 ? document->module_id.len : 128),
		 document->module_id.at);
	report_fact(report, "module_id", module);
}

/* Nothing that the document says counts before these have passed. */
static bool check_origin(struct report *report, const struct attestation *attestation,
			 const struct document *document)
{
	struct chain *chain = read_chain(report, document);
	bool ok;

	ok = chain && check_signature_of(report, chain, document) &&
	     check_chain(report, chain, document) &&
	     check_root(report, chain, attestation->root);
	chain_free(chain);
	return ok;
}

void attestation_check(struct report *report, struct attestation *attestation)
{
	uint8_t raw[DOCUMENT_MAX];
	struct text bytes = to_raw(attestation->document, raw);
	struct document document;
	const char *why = document_read(&document, bytes);
	bool ok;

	if (why) {
		report_fail(report, about, "the document %s", why);
		return;
	}
	report_pass(report, about, "the document is a COSE_Sign1 of %zu bytes, all its fields are in place",
		    bytes.len);
	if (!check_origin(report, attestation, &document))
		return;
	add_facts(report, &document);
	ok = check_when(report, attestation, document.timestamp / MS);
	ok &= check_mode(report, &document);
	ok &= check_code(report, &document, attestation->pins);
	ok &= check_key(report, attestation, &document);
	attestation->is_good = ok;
}
