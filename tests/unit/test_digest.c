/*
 * SHA-256 (test vectors of FIPS 180-2, appendix B) and the Content-Digest
 * field (the grammar of RFC 8941, section 3.2, and RFC 9530).
 */
#include <string.h>

#include "fcgi/digest.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define ABC	"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="	/* openssl dgst, base64 */
#define EMPTY	"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void digest_abc(uint8_t bytes[static DIGEST_LEN])
{
	struct digest digest;

	digest_init(&digest);
	digest_add(&digest, (struct text){ "a", 1 });
	digest_add(&digest, (struct text){ NULL, 0 });
	digest_add(&digest, (struct text){ "bc", 2 });
	digest_final(&digest, bytes);
}

static void sha_256_of_abc_in_parts(void)
{
	uint8_t bytes[DIGEST_LEN];

	digest_abc(bytes);
	CHECK(is_hex(bytes, sizeof(bytes),
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

static void sha_256_of_nothing(void)
{
	uint8_t bytes[DIGEST_LEN];
	struct digest digest;

	digest_init(&digest);
	digest_final(&digest, bytes);
	CHECK(is_hex(bytes, sizeof(bytes),
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	CHECK(digest_check("sha-256=:" EMPTY ":", bytes) == OYSTER_OK);
}

static void check_fields(const char *const *fields, size_t count,
			 enum oyster_err expected)
{
	uint8_t bytes[DIGEST_LEN];
	size_t i;

	digest_abc(bytes);
	for (i = 0; i < count; i++) {
		char *field = exact_copy(fields[i], strlen(fields[i]) + 1);

		CHECK_ROW(digest_check(field, bytes) == expected, fields[i]);
		free(field);
	}
}

static void a_field_with_the_right_digest_is_fine(void)
{
	static const char *const fields[] = {
		"sha-256=:" ABC ":",
		"sha-512=:YWJj:, sha-256=:" ABC ":",
		"sha-256=:" ABC ":,sha-512=:YWJj:",
		"sha-256=:" ABC ": \t,\t sha-512=:YWJj:",
		"sha-256=:" EMPTY ":, sha-256=:" ABC ":",	/* the last counts */
		"unixsum=30637, sha-256=:" ABC ":",
		"a, b=?1, c=tok/en, d=\"str\\\"ing, \", e=1.5;x;y=:YQ==:, f=(1 \"2\";q tok);z=1, sha-256=:" ABC ":",
		"sha-256=:" ABC ":;note=\"x\"",
		"*a=1, sha-256=:" ABC ":",
	};

	check_fields(fields, COUNT(fields), OYSTER_OK);
}

static void a_field_without_sha_256_says_nothing(void)
{
	static const char *const fields[] = {
		"sha-512=:YWJj:", "unixsum=30637", "id-sha-256=:YQ==:", "a",
		"sha-2560=:YQ==:", "sha-25=:YQ==:",
	};

	check_fields(fields, COUNT(fields), OYSTER_OK);
}

static void another_digest_is_told(void)
{
	static const char *const fields[] = {
		"sha-256=:" EMPTY ":",
		"sha-256=:" ABC ":, sha-256=:" EMPTY ":",
		"sha-256=::",
		"sha-256=:YWJj:",
		"sha-256=:vngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
		"sha-256=:" ABC "=:",
	};

	check_fields(fields, COUNT(fields), OYSTER_EDIGEST);
}

static void what_is_no_dictionary_is_told(void)
{
	static const char *const fields[] = {
		"", ",", " ", "=", "sha-256", "sha-256=", "sha-256=" ABC,
		"sha-256=:" ABC, "sha-256=\"" ABC "\"", "sha-256=?1",
		"sha-256=:" ABC ":,", "sha-256=:" ABC ": x", ",sha-256=:" ABC ":",
		"SHA-256=:" ABC ":", "sha-256 =:" ABC ":", "sha-256=:\xc3\xa9:",
		"a=\"open", "a=\"open\\", "a=(1 2", "a=(\"x", "a=(x;1)", "a=(x;b=)", "a;", "a;B=1", "a;b=",
		"a=:b c:", "\xff",
	};

	check_fields(fields, COUNT(fields), OYSTER_EDIGESTFORM);
}

int main(void)
{
	RUN(sha_256_of_abc_in_parts);
	RUN(sha_256_of_nothing);
	RUN(a_field_with_the_right_digest_is_fine);
	RUN(a_field_without_sha_256_says_nothing);
	RUN(another_digest_is_told);
	RUN(what_is_no_dictionary_is_told);
	return DONE();
}
