/*
 * The verdicts of tests/vectors/verdict-*.json, made by other programs, over
 * whole saved answers.
 */
#include <glob.h>
#include <string.h>

#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

struct bytes {
	char *at;
	size_t len;
};

/* A part of a case, as text or, where it is not UTF-8, as NAME_hex. */
static struct bytes part(const json_t *one, const char *name)
{
	struct bytes bytes;
	char in_hex[32];
	const char *hex;

	snprintf(in_hex, sizeof(in_hex), "%s_hex", name);
	hex = json_string_value(json_object_get(one, in_hex));
	if (!hex) {
		const char *text = field(one, name, &bytes.len);

		bytes.at = exact_copy(text, bytes.len);
		return bytes;
	}
	bytes.len = strlen(hex) / 2;
	bytes.at = must(malloc(bytes.len + 1));
	from_hex((uint8_t *)bytes.at, bytes.len, hex);
	return bytes;
}

static bool is_verified(const json_t *one)
{
	const char *nonce = json_string_value(json_object_get(one, "nonce"));
	const char *address = json_string_value(json_object_get(one, "address"));
	struct bytes response = part(one, "response"), request = part(one, "request");
	static struct evidence evidence;
	struct report report;
	bool verified = false;

	report_init(&report);
	memset(&evidence, 0, sizeof(evidence));
	evidence.request = (struct text){ request.at, request.len };
	evidence.method = json_string_value(json_object_get(one, "method"));
	evidence.path = json_string_value(json_object_get(one, "path"));
	evidence.nonce = nonce ? nonce : "";
	evidence.source = "the vector";
	if (hex_read(evidence.address, ECDSA_ADDRESS_LEN, text_of(address + 2)) &&
	    !response_read(&evidence.response,
			   (struct text){ response.at, response.len }, NULL)) {
		check_answer(&report, &evidence);
		verified = report_verdict(&report) == REPORT_VERIFIED;
	}
	evidence_clear(&evidence);
	report_clear(&report);
	free(response.at);
	free(request.at);
	return verified;
}

/*
 * Good signatures that we refuse all the same: the responder answers no
 * request with an empty model.
 */
static const char *const stricter[] = { "everything empty" };

static bool is_good(const json_t *one, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(stricter); i++)
		if (!strcmp(name, stricter[i]))
			return false;
	return !strcmp(json_string_value(json_object_get(one, "verdict")), "verify");
}

static const char *path;
static size_t wanted, unwanted;

static void what_others_verify_verifies_and_what_they_refuse_does_not(void)
{
	json_t *root = load_vectors(path);
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(root, "cases"), i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));
		bool good = is_good(one, name);

		CHECK_ROW(is_verified(one) == good, name);
		wanted += good;
		unwanted += !good;
	}
	json_decref(root);
}

static void there_are_enough_of_both(void)
{
	CHECK(wanted >= 30);
	CHECK(unwanted >= 40);
}

int main(void)
{
	glob_t found;
	size_t i;

	if (glob("tests/vectors/verdict-*.json", 0, NULL, &found)) {
		puts("1..0 # SKIP no tests/vectors/verdict-*.json");
		return 0;
	}
	for (i = 0; i < found.gl_pathc; i++) {
		path = found.gl_pathv[i];
		printf("# %s\n", path);
		RUN(what_others_verify_verifies_and_what_they_refuse_does_not);
	}
	globfree(&found);
	RUN(there_are_enough_of_both);
	return DONE();
}
