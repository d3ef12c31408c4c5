/*
 * Keccak-256 with the original padding.
 *
 * The digests come from Python's pycryptodome (Crypto.Hash.keccak).  Numbered
 * inputs are the bytes 7 i + 1 modulo 256.
 */
#include <string.h>

#include "keys/keccak.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define RATE	136	/* bytes of a block */

static const struct {
	size_t len;
	const char *hex;
} numbered[] = {
	{ 0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" },
	{ 1, "5fe7f977e71dba2ea1a68e21057beebb9be2ac30c6410aa38d4f3fbe41dcffd2" },
	{ 135, "34bd7bed52ea092f88bc887256e7f06500ee814afa9a5566e22030af2ef1c5c0" },
	{ 136, "2b31811a93dfc4bdc41b6aa7790e784b987c25a2c8a0e101cfa694552dc8ae39" },
	{ 137, "a6103b089a404974c2b460048bfddd45108748fbdd9bad451f54d1fe95f8f284" },
	{ 271, "3915ac0d86093104c62ea954228b28802e32a97eaaf854cccaaf526dd14f919e" },
	{ 272, "415fd325cae3a2f957fea2770d710027317ced7e7266a59905102c14fdb9959a" },
	{ 273, "5091b58a169d72e691cd40c2796dfe52ec91c538f682485c5424971ed02cd906" },
	{ 1000, "5f6640d51e97fd85a8fab8981a24c2fcdd022cab5e529f6879475f1f048b6254" },
};

static uint8_t input[1000];

static void digest_of(uint8_t digest[static KECCAK_LEN], const void *bytes, size_t len)
{
	struct keccak keccak;

	keccak_init(&keccak);
	keccak_add(&keccak, bytes, len);
	keccak_final(&keccak, digest);
}

static void nothing_and_abc(void)
{
	uint8_t digest[KECCAK_LEN];

	digest_of(digest, NULL, 0);
	CHECK(is_hex(digest, KECCAK_LEN, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"));
	digest_of(digest, "abc", 3);
	CHECK(is_hex(digest, KECCAK_LEN, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"));
}

static void it_is_not_sha3(void)
{
	/* FIPS 202's SHA3-256 of nothing */
	uint8_t digest[KECCAK_LEN];

	digest_of(digest, NULL, 0);
	CHECK(!is_hex(digest, KECCAK_LEN, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"));
}

static void lengths_around_a_block(void)
{
	uint8_t digest[KECCAK_LEN];
	size_t i;

	for (i = 0; i < COUNT(numbered); i++) {
		digest_of(digest, input, numbered[i].len);
		CHECK_ROW(is_hex(digest, KECCAK_LEN, numbered[i].hex), numbered[i].hex);
	}
}

static void a_million_letters(void)
{
	uint8_t digest[KECCAK_LEN];
	char *letters = must(malloc(1000000));

	memset(letters, 'a', 1000000);
	digest_of(digest, letters, 1000000);
	CHECK(is_hex(digest, KECCAK_LEN, "fadae6b49f129bbb812be8407b7b2894f34aecf6dbd1f9b0f0c7e9853098fc96"));
	free(letters);
}

static void chunks_of_any_size_make_no_difference(void)
{
	uint8_t digest[KECCAK_LEN];
	struct keccak keccak;
	size_t i, size, at;

	for (i = 0; i < COUNT(numbered); i++)
		for (size = 1; size <= 2 * RATE + 1; size++) {
			size_t len = numbered[i].len;

			keccak_init(&keccak);
			for (at = 0; at < len; at += size) {
				keccak_add(&keccak, NULL, 0);
				keccak_add(&keccak, input + at, len - at < size ? len - at : size);
			}
			keccak_final(&keccak, digest);
			CHECK_ROW(is_hex(digest, KECCAK_LEN, numbered[i].hex), numbered[i].hex);
		}
}

static void a_cut_anywhere_makes_no_difference(void)
{
	uint8_t digest[KECCAK_LEN];
	struct keccak keccak;
	size_t cut;

	for (cut = 0; cut <= 273; cut++) {
		keccak_init(&keccak);
		keccak_add(&keccak, input, cut);
		keccak_add(&keccak, input + cut, 273 - cut);
		keccak_final(&keccak, digest);
		CHECK(is_hex(digest, KECCAK_LEN, numbered[7].hex));
	}
}

static void nothing_stays_of_what_was_hashed(void)
{
	static const uint8_t zeros[sizeof(struct keccak)];
	uint8_t digest[KECCAK_LEN];
	struct keccak keccak;

	keccak_init(&keccak);
	keccak_add(&keccak, input, 273);
	keccak_final(&keccak, digest);
	CHECK(!memcmp(&keccak, zeros, sizeof(zeros)));
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i * 7 + 1);
	RUN(nothing_and_abc);
	RUN(it_is_not_sha3);
	RUN(lengths_around_a_block);
	RUN(a_million_letters);
	RUN(chunks_of_any_size_make_no_difference);
	RUN(a_cut_anywhere_makes_no_difference);
	RUN(nothing_stays_of_what_was_hashed);
	return DONE();
}
