/*
 * Content-Digest fields of a request.
 *
 * The input is the field.  Whatever is a dictionary stays one with a member
 * more, and of two with the same name the last counts.  Whatever it is, as a
 * quoted string it is a value.
 */
#include <string.h>

#include "fcgi/digest.h"
#include "tests/fuzz/fuzz.h"

#define EMPTY	"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OTHER	"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="	/* that of "abc" */

static enum oyster_err check_with(const char *field, const char *behind)
{
	size_t len = strlen(field), more = strlen(behind);
	char *both = must(malloc(len + more + 1));
	uint8_t digest[DIGEST_LEN];
	struct digest state;
	enum oyster_err err;

	memcpy(both, field, len);
	memcpy(both + len, behind, more + 1);
	digest_init(&state);
	digest_final(&state, digest);
	err = digest_check(both, digest);
	free(both);
	return err;
}

/* The field as a quoted string, in a list and in a parameter. */
static void check_quoted(const char *field)
{
	char *quoted = must(malloc(2 * strlen(field) + sizeof("q=(1 \"\")")));
	char *at = quoted;

	memcpy(at, "q=(1 \"", sizeof("q=(1 \"") - 1);
	at += sizeof("q=(1 \"") - 1;
	for (; *field; field++) {
		if (*field == '"' || *field == '\\')
			*at++ = '\\';
		*at++ = *field;
	}
	memcpy(at, "\")", sizeof("\")"));
	MUST(check_with(quoted, "") == OYSTER_OK);
	MUST(check_with(quoted, ";a, sha-256=:" EMPTY ":") == OYSTER_OK);
	MUST(check_with(quoted, ", sha-256=:" OTHER ":") == OYSTER_EDIGEST);
	free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *field = must(calloc(1, size + 1));
	enum oyster_err err;

	if (size > 0)
		memcpy(field, data, size);
	err = check_with(field, "");
	MUST(err == OYSTER_OK || err == OYSTER_EDIGEST || err == OYSTER_EDIGESTFORM);
	if (err == OYSTER_EDIGEST)
		MUST(strstr(field, "sha-256=:"));
	if (err != OYSTER_EDIGESTFORM) {
		MUST(check_with(field, ",a=1;b=\"c\", d=(1 2);e, f") == err);
		MUST(check_with(field, " , sha-256=:" EMPTY ":") == OYSTER_OK);
		MUST(check_with(field, ",\tsha-256=:" OTHER ":") == OYSTER_EDIGEST);
		MUST(check_with(field, ", sha-256=" EMPTY) == OYSTER_EDIGESTFORM);
		MUST(check_with(field, ",") == OYSTER_EDIGESTFORM);
	}
	check_quoted(field);
	free(field);
	return 0;
}
