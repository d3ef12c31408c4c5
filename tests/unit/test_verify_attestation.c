/*
 * Attestation documents: minted ones, good and bad; real ones, where
 * OYSTER_ATTESTATION_DIR says; and each byte of both changed.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/verify/attestation.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#define FILE_MAX	8192	/* bytes */
#define MUTANTS		3	/* changes per byte */

struct bytes {
	char *at;
	size_t len;
};

static struct bytes unhex(const char *hex)
{
	struct bytes bytes = { NULL, strlen(hex) / 2 };

	bytes.at = must(malloc(bytes.len + 1));
	from_hex((uint8_t *)bytes.at, bytes.len, hex);
	return bytes;
}

struct rules {
	struct text root;	/* {0}: AWS's */
	struct pins pins;
	uint64_t now;
	bool need_key;
};

struct found {
	enum report_verdict verdict;
	bool has_key;
	char address[2 + 2 * ECDSA_ADDRESS_LEN + 1];
	char said[16384];	/* the report */
};

static void check(struct found *found, const struct rules *rules, struct text document)
{
	struct chain_root other = { 0 };
	struct attestation attestation = {
		.document = document, .root = rules->root.at ? &other : &chain_aws,
		.pins = &rules->pins, .now = rules->now, .need_key = rules->need_key,
	};
	uint8_t address[ECDSA_ADDRESS_LEN];
	struct report report;

	if (rules->root.at && !chain_root_read(&other, rules->root))
		abort();
	report_init(&report);
	attestation_check(&report, &attestation);
	found->verdict = report_verdict(&report);
	found->has_key = attestation.is_good && attestation.has_key;
	snprintf(found->said, sizeof(found->said), "%.*s", (int)report.lines.len,
		 report.lines.data);
	strcpy(found->address, "");
	if (found->has_key) {
		ecdsa_address(address, attestation.public_key);
		strcpy(found->address, "0x");
		hex_write(found->address + 2, address, sizeof(address));
	}
	report_clear(&report);
}

static bool says(const struct found *found, const char *what)
{
	if (strstr(found->said, what))
		return true;
	printf("# not said: %s\n# %s", what, found->said);
	return false;
}

static const char *string_in(const json_t *object, const char *name)
{
	const char *string = json_string_value(json_object_get(object, name));

	return string ? string : "";
}

static json_t *minted;
static struct bytes root, good;
static struct rules rules;	/* those of the minted ones */

static void pin_image(struct pins *pins, const char *digits)
{
	memset(pins, 0, sizeof(*pins));
	CHECK(pins_image(pins, text_of(digits)));
}

static struct bytes minted_bytes(const char *name)
{
	const json_t *cases = json_object_get(minted, "cases");
	size_t i;

	for (i = 0; i < json_array_size(cases); i++)
		if (!strcmp(string_in(json_array_get(cases, i), "name"), name))
			return unhex(string_in(json_array_get(cases, i), "document"));
	printf("Bail out! no document %s\n", name);
	exit(EXIT_FAILURE);
}

static void load_minted(void)
{
	minted = load_vectors("tests/attestation/documents.json");
	root = unhex(string_in(minted, "root"));
	good = minted_bytes("good");
	rules.root = (struct text){ root.at, root.len };
	rules.now = (uint64_t)json_integer_value(json_object_get(minted, "seconds")) + 5;
}

static void check_minted(const json_t *one)
{
	struct bytes document = unhex(string_in(one, "document"));
	const char *name = string_in(one, "name");
	static struct found found;

	memset(&rules.pins, 0, sizeof(rules.pins));
	check(&found, &rules, (struct text){ document.at, document.len });
	if (!strcmp(string_in(one, "verdict"), "refuse")) {
		CHECK_ROW(found.verdict == REPORT_FAILED, name);
		CHECK_ROW(!found.has_key, name);
		CHECK_ROW(says(&found, string_in(one, "reason")), name);
	} else {
		CHECK_ROW(found.verdict == REPORT_UNPINNED, name);
		CHECK_ROW(says(&found, string_in(one, "image_id")), name);
		CHECK_ROW(!strcmp(found.address, string_in(one, "address")), name);
		pin_image(&rules.pins, string_in(one, "image_id"));
		check(&found, &rules, (struct text){ document.at, document.len });
		CHECK_ROW(found.verdict == REPORT_VERIFIED, name);
	}
	free(document.at);
}

static void minted_documents_verify_or_are_refused_for_the_right_reason(void)
{
	const json_t *cases = json_object_get(minted, "cases");
	size_t i;

	CHECK(json_array_size(cases) > 50);
	for (i = 0; i < json_array_size(cases); i++)
		check_minted(json_array_get(cases, i));
}

static void a_key_is_needed_to_check_answers(void)
{
	static const struct {
		const char *name, *why;
	} keyless[] = {
		{ "x25519", "32 bytes: x25519" },
		{ "no-key", "no public key" },
		{ "off-curve", "no point of secp256k1" },
	};
	static struct found found;
	size_t j;

	rules.need_key = true;
	for (j = 0; j < COUNT(keyless); j++) {
		struct bytes document = minted_bytes(keyless[j].name);

		check(&found, &rules, (struct text){ document.at, document.len });
		CHECK_ROW(found.verdict == REPORT_FAILED && !found.has_key, keyless[j].name);
		CHECK_ROW(says(&found, keyless[j].why), keyless[j].name);
		free(document.at);
	}
	rules.need_key = false;
}

static enum report_verdict verdict_with(const char *pcr, const char *why)
{
	static struct found found;
	char pin[128];

	memset(&rules.pins, 0, sizeof(rules.pins));
	snprintf(pin, sizeof(pin), "%s", pcr);
	CHECK_ROW(pins_pcr(&rules.pins, pin), pcr);
	check(&found, &rules, (struct text){ good.at, good.len });
	CHECK_ROW(says(&found, why), pcr);
	return found.verdict;
}

#define ZEROS	"00000000000000000000000000000000" "00000000000000000000000000000000" \
		"00000000000000000000000000000000"

/* sha384sum of `test PCR 1', from which mint.py makes it */
#define PCR1	"65329b89996853909ddba0ed6fa3050f9d01bd6f1fef5c49" \
		"ae9b553f9e7329f9f588e4888789191fb919ee98286f8401"

static void pcrs_pin_the_code(void)
{
	char pin[128];

	snprintf(pin, sizeof(pin), "0=%s", string_in(minted, "pcr0"));
	CHECK(verdict_with(pin, "PASS  attestation: PCR0 is") == REPORT_VERIFIED);
	snprintf(pin, sizeof(pin), "16=0x%s", string_in(minted, "pcr16"));
	CHECK(verdict_with(pin, "PASS  attestation: PCR16 is") == REPORT_UNPINNED);
	snprintf(pin, sizeof(pin), "1=%s", string_in(minted, "pcr0"));
	CHECK(verdict_with(pin, "FAIL  attestation: PCR1 is") == REPORT_FAILED);
	CHECK(verdict_with("1=" PCR1, "PASS  attestation: PCR1 is") == REPORT_UNPINNED);
	CHECK(verdict_with("15=" ZEROS, "PASS  attestation: PCR15 is") == REPORT_UNPINNED);
	CHECK(verdict_with("31=" ZEROS, "(absent, which counts as zeros)") == REPORT_UNPINNED);
}

static void a_pin_is_read_strictly(void)
{
	static const char *const bad[] = {
		"", "0", "0=", "=" ZEROS, "32=" ZEROS, "00=" ZEROS, "-1=" ZEROS, " 0=" ZEROS,
		"0=" ZEROS "0", "0=" ZEROS "00", "0=0x", "99999999999999999999=" ZEROS,
	};
	struct pins pins = { 0 };
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		CHECK_ROW(!pins_pcr(&pins, bad[i]), bad[i]);
	CHECK(pins_pcr(&pins, "0=" ZEROS));
	CHECK(!pins_pcr(&pins, "0=" ZEROS));
	CHECK(!pins_image(&pins, text_of("00")));
}

static void another_image_is_refused(void)
{
	static struct found found;

	pin_image(&rules.pins, "0000000000000000000000000000000000000000000000000000000000000000");
	check(&found, &rules, (struct text){ good.at, good.len });
	CHECK(found.verdict == REPORT_FAILED && !found.has_key);
	CHECK(says(&found, "FAIL  attestation: image id is"));
	memset(&rules.pins, 0, sizeof(rules.pins));
}

static void without_its_root_a_minted_document_is_refused(void)
{
	struct rules other = rules;
	static struct found found;

	other.root = (struct text){ NULL, 0 };
	check(&found, &other, (struct text){ good.at, good.len });
	CHECK(found.verdict == REPORT_FAILED);
	CHECK(says(&found, "do not end in the root (AWS Nitro enclaves"));
}

/* An empty file least of all: it would stand for a root that nobody named. */
static void what_is_no_root_is_not_read_as_one(void)
{
	struct chain_root none;

	CHECK(!chain_root_read(&none, text_of("")));
	CHECK(!chain_root_read(&none, text_of("nonsense")));
	CHECK(!chain_root_read(&none, (struct text){ good.at, good.len }));
}

static void digits_are_as_good_as_bytes(void)
{
	char *digits = must(malloc(2 * good.len + 1));
	static struct found found;

	hex_write(digits, (uint8_t *)good.at, good.len);
	check(&found, &rules, text_of(digits));
	CHECK(found.verdict == REPORT_UNPINNED);
	digits[2 * good.len - 1] = '\0';
	check(&found, &rules, text_of(digits));
	CHECK(found.verdict == REPORT_FAILED);
	free(digits);
}

/* How many changes of one byte are not refused. */
static unsigned survivors(const struct rules *with, const struct bytes *document)
{
	static const char flips[MUTANTS] = { 0x01, (char)0x80, (char)0xff };
	struct text text = { document->at, document->len };
	static struct found found;
	unsigned count = 0;
	size_t i, j;

	for (i = 0; i < document->len; i++)
		for (j = 0; j < MUTANTS; j++) {
			document->at[i] ^= flips[j];
			check(&found, with, text);
			if (found.verdict != REPORT_FAILED || found.has_key) {
				printf("# byte %zu\n", i);
				count++;
			}
			document->at[i] ^= flips[j];
		}
	return count;
}

static void a_minted_document_with_one_byte_changed_is_refused(void)
{
	CHECK(survivors(&rules, &good) == 0);
}

static void a_document_that_ends_early_is_refused(void)
{
	static struct found found;
	size_t len;

	for (len = 0; len < good.len; len++) {
		char *copy = exact_copy(good.at, len);

		check(&found, &rules, (struct text){ copy, len });
		CHECK(found.verdict == REPORT_FAILED);
		free(copy);
	}
}

/* Real ones, and others' mock ones; see the directory's own description. */
static const struct {
	const char *name;
	uint64_t ms;
	const char *image;
	const char *key;	/* how it begins */
	bool is_aws;
} real[] = {
	{ "aws.bin", 1734075478960,
	  "a6b0824d3c47f51542b3a18e6245c408490bef88ddc8d5e1bf8b95ec7eba1602", "key of answers is e646f8b0", true },
	{ "aws_pcr16.bin", 1745922759691,
	  "c28909dc8803cf0edf6113f3fb81d0494f4c92b63087242200e18a5be347aacd", "32 bytes: x25519", true },
	{ "aws_verifier.bin", 1723012689640,
	  "de66275048b83171dee9dc3efd599c64413fce98177ff1f662875c153b80d117", "key of answers is 57febcf9", true },
	{ "custom.bin", 1734080745008,
	  "b45dfd1807c1f4b81ef28b44682fba5d4d5522baac808a44b7302cbfda5144e7", "not 64 bytes", false },
	{ "custom_pcr16.bin", 1746022043865,
	  "20a182763745f956ddee6f8e9d14a66e23db836c0eb1a769a2ef4d3ab77bef1b", "not 64 bytes", false },
};

static struct bytes read_real(const char *dir, const char *name)
{
	char path[4096];
	struct bytes bytes = { must(malloc(FILE_MAX)), 0 };
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "rb");
	if (file) {
		bytes.len = fread(bytes.at, 1, FILE_MAX, file);
		fclose(file);
	}
	return bytes;
}

/* The last certificate of a mock document's bundle, which holds one. */
static struct text mock_root(const struct bytes *bytes)
{
	struct document document;

	if (document_read(&document, (struct text){ bytes->at, bytes->len }))
		return (struct text){ "", 0 };
	return document.bundle[0];
}

static void check_real(const char *dir, size_t i)
{
	struct bytes bytes = read_real(dir, real[i].name);
	struct text text = { bytes.at, bytes.len };
	struct rules with = { .now = real[i].ms / 1000 };
	static struct found found;
	char *trusted = NULL;

	CHECK_ROW(bytes.len > 0, real[i].name);
	if (!real[i].is_aws) {
		check(&found, &with, text);
		CHECK_ROW(found.verdict == REPORT_FAILED, real[i].name);
		with.root = mock_root(&bytes);
		trusted = exact_copy(with.root.at, with.root.len);
		with.root.at = trusted;
	}
	check(&found, &with, text);
	CHECK_ROW(found.verdict == REPORT_UNPINNED, real[i].name);
	CHECK_ROW(says(&found, real[i].key), real[i].name);
	pin_image(&with.pins, real[i].image);
	check(&found, &with, text);
	CHECK_ROW(found.verdict == REPORT_VERIFIED, real[i].name);
	with.now -= 3600;
	check(&found, &with, text);
	CHECK_ROW(found.verdict == REPORT_FAILED && says(&found, "future"), real[i].name);
	with.now += 3600;
	with.need_key = true;
	check(&found, &with, text);
	CHECK_ROW(found.has_key == !strncmp(real[i].key, "key", 3), real[i].name);
	with.need_key = false;
	CHECK_ROW(survivors(&with, &bytes) == 0, real[i].name);
	free(trusted);
	free(bytes.at);
}

static void real_documents_verify_at_their_own_time_and_changed_ones_do_not(void)
{
	const char *dir = getenv("OYSTER_ATTESTATION_DIR");
	size_t i;

	for (i = 0; i < COUNT(real); i++)
		check_real(dir, i);
}

int main(void)
{
	load_minted();
	RUN(minted_documents_verify_or_are_refused_for_the_right_reason);
	RUN(a_key_is_needed_to_check_answers);
	RUN(pcrs_pin_the_code);
	RUN(a_pin_is_read_strictly);
	RUN(another_image_is_refused);
	RUN(without_its_root_a_minted_document_is_refused);
	RUN(what_is_no_root_is_not_read_as_one);
	RUN(digits_are_as_good_as_bytes);
	RUN(a_minted_document_with_one_byte_changed_is_refused);
	RUN(a_document_that_ends_early_is_refused);
	if (getenv("OYSTER_ATTESTATION_DIR"))
		RUN(real_documents_verify_at_their_own_time_and_changed_ones_do_not);
	else
		printf("ok %d - real_documents # SKIP OYSTER_ATTESTATION_DIR is not set\n", ++tap_count);
	json_decref(minted);
	free(root.at);
	free(good.at);
	return DONE();
}
