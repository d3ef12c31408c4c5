/*
 * The digest under a receipt: the table of the contract, the receipts that
 * the program before this one signed, and lengths around words and blocks.
 * The digests at `lengths' come from ethers 6.17 (AbiCoder and keccak256).
 */
#include <string.h>

#include "keys/ecdsa.h"
#include "keys/receipt.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#define SECONDS		1741620242
#define CRAB		"caf\xc3\xa9 \xf0\x9f\xa6\x80 \"q\" \\ \n"
#define X32		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* One string of each length, made of a letter of its own: a, b, c, d, e. */
static const struct {
	uint64_t seconds;
	uint64_t len[RECEIPT_STRINGS];
	const char *digest;
} lengths[] = {
	{ SECONDS, { 0, 0, 0, 0, 0 }, "65cb1e038a3bffc8051fec7e47848e0dcc4cdf1423bbd1ea5f4a9ff23d8f9c97" },
	{ SECONDS, { 1, 1, 1, 1, 1 }, "3d4b8e980783766091d6a9f6c419b16b47057928a02d89cb716e591aeb41292c" },
	{ SECONDS, { 31, 31, 31, 31, 31 }, "140bc375622fdf4fc8c7d1c898531ab674fc6e924feeb0a9e7e969b1fda769bb" },
	{ SECONDS, { 32, 32, 32, 32, 32 }, "f34641e41dc3f466ea2e53214da2f5d35ba414b61c4271370ad069b3f839b0ce" },
	{ SECONDS, { 33, 33, 33, 33, 33 }, "9191a4e39f127c246a5f4db6715c4021bc1aa494d5485596020e7525b8a03133" },
	{ SECONDS, { 63, 63, 63, 63, 63 }, "7a9f61c3af1b05c032314de295e8473ef41a334db9bdfad673be0601872945fd" },
	{ SECONDS, { 64, 64, 64, 64, 64 }, "5ecfe2ab9904006edc1959382bad2cfdc28500d7b0b989d0256122ad97a0b263" },
	{ SECONDS, { 65, 65, 65, 65, 65 }, "0ab973e04b1acc1e8e10c262a5116f2f91769ab4de1437a2916381675018c4b3" },
	{ SECONDS, { 135, 135, 135, 135, 135 }, "c182b36e69901b879d46e971bff01e16721c067fadad7520b7f70c2a533b9ee4" },
	{ SECONDS, { 136, 136, 136, 136, 136 }, "a6d8dd8f2b37720b49022cd399d34dfc6d046e85d4952a007bedcc335cbad149" },
	{ SECONDS, { 137, 137, 137, 137, 137 }, "3470b707324c6ff9855d4ab68610e63471416158408bca7ec5d249ad7e832c8e" },
	{ SECONDS, { 1000, 1000, 1000, 1000, 1000 }, "95f1c3019586943de3133afe538f33315f9de8416828ea52bdcd2bc6e9a52c05" },
	{ 1ULL << 40, { 0, 31, 32, 33, 63 }, "bbc4a4a076551b20a0ab6b0f305893728839e08a9570f10e03dad50ce80928a2" },
	{ 1ULL << 40, { 64, 65, 135, 136, 137 }, "033b038d61eddac81b4c68eed171b91a65e91c19a2d2e01e1a3f0d50ed74dffb" },
	{ 1ULL << 40, { 137, 0, 0, 0, 1 }, "884ded9228a0d99108268f32c5adaf0bf912310bb90b9d819a875c7403172d22" },
	{ 1ULL << 40, { 0, 0, 0, 0, 32 }, "94c72c7e32011b61557e069cc32f5063ea0cfaf4b6af64c746a9c80ffc817836" },
	{ 1ULL << 40, { 1, 0, 200000, 0, 0 }, "0b67803bd104aec9b09beee0a640c9bbf86128854e3cf9c4a9831f844539d8ce" },
	{ UINT64_MAX, { 0, 0, 0, 0, 0 }, "bee6aafe7c18b2acb419319dc69a644eb48440211dea56f7dc0873989d63ce95" },
};

struct strings {
	const char *at[RECEIPT_STRINGS];
	size_t len[RECEIPT_STRINGS];
};

/* The digest of the strings, handed over in chunks of at most so many bytes. */
static bool digest_of(uint8_t digest[static KECCAK_LEN], uint64_t seconds,
		      const struct strings *strings, size_t chunk)
{
	uint64_t len[RECEIPT_STRINGS];
	struct receipt receipt;
	size_t i, at, part;

	for (i = 0; i < RECEIPT_STRINGS; i++)
		len[i] = strings->len[i];
	if (!receipt_init(&receipt, seconds, len))
		return false;
	for (i = 0; i < RECEIPT_STRINGS; i++)
		for (at = 0; at < strings->len[i]; at += part) {
			part = strings->len[i] - at;
			if (receipt_want(&receipt) != part)
				return false;
			if (part > chunk)
				part = chunk;
			receipt_add(&receipt, strings->at[i] + at, part);
		}
	if (receipt_want(&receipt) != 0)
		return false;
	receipt_add(&receipt, "", 0);	/* nothing is left to be closed */
	receipt_final(&receipt, digest);
	return true;
}

/* Whether the test key's signature over the digest is the one in hex. */
static bool signs_as(const uint8_t digest[static KECCAK_LEN], const char *hex)
{
	uint8_t secret[ECDSA_SECRET_LEN], sig[ECDSA_SIG_LEN];
	struct ecdsa *ecdsa;
	bool ok;

	memset(secret, 1, sizeof(secret));
	ecdsa = ecdsa_new(secret);
	ok = ecdsa && ecdsa_sign(ecdsa, sig, digest) && is_hex(sig, sizeof(sig), hex);
	ecdsa_free(ecdsa);
	return ok;
}

static const struct {
	uint64_t seconds;
	struct strings strings;
	const char *digest, *signature;
} contract[] = {
	{ SECONDS,
	  { { "llama3.2", "Why is the sky blue?", "[]", "Because of Rayleigh scattering.", "[1,2,3]" },
	    { 8, 20, 2, 31, 7 } },
	  "b03b00409a6b774196e95e61abd5b9642e075987aff28a880514c37b0cde408c",
	  "9f3534ff25256bffb5db91d12a4359c135fc248b1df9632c979e083e181b3d27"
	  "3944dc8fdcd5b0a259aedd7d8c1cc954ea05de8c1816169fb5d86a4374d605cb1b" },
	{ 0,
	  { { "", "", "[]", "", "[]" }, { 0, 0, 2, 0, 2 } },
	  "c4d8d4512f43b5f1501a11b7898115e97bdf8a7bac17a723c1fc20b038ce1ca1",
	  "e2665881ca1ce2b8d1be5647ef706270c22c54a0c73c8f1c8ddd86c1eb2e237d"
	  "27b6e3c57aae2f2771b85eacd025bf59cc289cd04b79898cd986c463dda912641b" },
	{ SECONDS,
	  { { "llama3.2", CRAB, "[128006,9125]", X32, "[128006,9125,128007]" },
	    { 8, sizeof(CRAB) - 1, 13, 32, 20 } },
	  "fb512157996dd2853d795dadc0ce9a08e6d225b5857ce4a3cbc45dc3969fca1e",
	  "d030161010d178bfacd1d51e10a08ba1378684b3a685ae25178c4b984041f1d5"
	  "69bf58266a74cd77af3b60264d7cd35f10ef25702b0d5a21362d7a5d89f508141c" },
	{ 5,	/* this one from ethers: strings with NULs in them */
	  { { "m", "a\0b", "[]", "\0", "[1]" }, { 1, 3, 2, 1, 3 } },
	  "70f15087e6b3f661794c5776b0d0dfcd980888494dafaa4a6888878181d44b00", NULL },
};

static void the_contracts_own_table(void)
{
	uint8_t digest[KECCAK_LEN];
	size_t i;

	for (i = 0; i < COUNT(contract); i++) {
		CHECK(digest_of(digest, contract[i].seconds, &contract[i].strings, 4096));
		CHECK_ROW(is_hex(digest, KECCAK_LEN, contract[i].digest), contract[i].digest);
		CHECK_ROW(!contract[i].signature || signs_as(digest, contract[i].signature),
			  contract[i].digest);
	}
}

static void put_letters(struct strings *strings, const uint64_t *len)
{
	int i;

	for (i = 0; i < RECEIPT_STRINGS; i++) {
		char *letters = must(malloc(len[i] + 1));

		memset(letters, 'a' + i, len[i]);
		strings->at[i] = letters;
		strings->len[i] = len[i];
	}
}

static void drop_letters(struct strings *strings)
{
	int i;

	for (i = 0; i < RECEIPT_STRINGS; i++)
		free((void *)(uintptr_t)strings->at[i]);
}

static void lengths_around_words_and_blocks_in_every_chunking(void)
{
	uint8_t digest[KECCAK_LEN];
	struct strings strings;
	size_t i, chunk;

	for (i = 0; i < COUNT(lengths); i++) {
		put_letters(&strings, lengths[i].len);
		for (chunk = 1; chunk <= 140; chunk++) {
			CHECK(digest_of(digest, lengths[i].seconds, &strings, chunk));
			CHECK_ROW(is_hex(digest, KECCAK_LEN, lengths[i].digest), lengths[i].digest);
		}
		CHECK(digest_of(digest, lengths[i].seconds, &strings, SIZE_MAX));
		CHECK_ROW(is_hex(digest, KECCAK_LEN, lengths[i].digest), lengths[i].digest);
		drop_letters(&strings);
	}
}

static void lengths_beyond_the_limit_are_refused(void)
{
	static const uint64_t bad[] = {
		RECEIPT_MAX_STRING + 1, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 31,
	};
	struct receipt receipt;
	size_t i, k;

	for (i = 0; i < RECEIPT_STRINGS; i++) {
		uint64_t len[RECEIPT_STRINGS] = { 0 };

		for (k = 0; k < COUNT(bad); k++) {
			len[i] = bad[k];
			CHECK(!receipt_init(&receipt, 0, len));
		}
		len[i] = RECEIPT_MAX_STRING;
		CHECK(receipt_init(&receipt, 0, len));
		CHECK(receipt_want(&receipt) == RECEIPT_MAX_STRING);
	}
}

static json_t *parse(const json_t *one, const char *name)
{
	size_t len;
	const char *text = field(one, name, &len);

	return json_loadb(text, len, JSON_ALLOW_NUL, NULL);
}

/* A context as it is signed; to be freed. */
static char *context_text(const json_t *object)
{
	const json_t *context = json_object_get(object, "context");

	return context && json_typeof(context) == THEIR_ARRAY ?
	       json_dumps(context, JSON_COMPACT) : strdup("[]");
}

static void check_recorded(const json_t *one)
{
	json_t *request = parse(one, "request_body"), *reply = parse(one, "upstream_body");
	char *request_context = context_text(request), *response_context = context_text(reply);
	struct strings strings = { 0 };
	uint8_t digest[KECCAK_LEN];

	strings.at[0] = field(reply, "model", &strings.len[0]);
	strings.at[1] = field(request, "prompt", &strings.len[1]);
	strings.at[2] = request_context;
	strings.len[2] = strlen(request_context);
	strings.at[3] = field(reply, "response", &strings.len[3]);
	strings.at[4] = response_context;
	strings.len[4] = strlen(response_context);
	CHECK(digest_of(digest, (uint64_t)json_integer_value(json_object_get(one, "timestamp")),
			&strings, 7));
	CHECK_ROW(signs_as(digest, json_string_value(json_object_get(one, "signature"))),
		  json_string_value(json_object_get(one, "name")));
	free(request_context);
	free(response_context);
	json_decref(request);
	json_decref(reply);
}

static void receipts_are_those_of_the_program_before(void)
{
	json_t *root = load_vectors("tests/vectors/receipt.json");
	const json_t *cases = json_object_get(root, "cases");
	size_t i;

	CHECK(json_array_size(cases) >= 44);
	for (i = 0; i < json_array_size(cases); i++)
		check_recorded(json_array_get(cases, i));
	json_decref(root);
}

int main(void)
{
	RUN(the_contracts_own_table);
	RUN(lengths_around_words_and_blocks_in_every_chunking);
	RUN(lengths_beyond_the_limit_are_refused);
	RUN(receipts_are_those_of_the_program_before);
	return DONE();
}
