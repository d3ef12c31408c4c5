/*
 * The signature over a whole exchange: the recorded ones, made with ethers and
 * with a base built by the npm package http-message-signatures, and attempts
 * to bend a base.
 */
#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "keys/ecdsa.h"
#include "keys/exchange.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#define LONGEST_NONCE	128

static const uint8_t secret[ECDSA_SECRET_LEN] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

static void copy_field(char *to, size_t size, const json_t *one, const char *name)
{
	size_t len;
	const char *text = field(one, name, &len);

	if (text && len < size)
		memcpy(to, text, len + 1);
}

static void sha256_field(uint8_t digest[static EXCHANGE_DIGEST],
			 const json_t *one, const char *name)
{
	struct sha256_ctx ctx;
	size_t len;
	const char *text = field(one, name, &len);

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)text);
	sha256_digest(&ctx, EXCHANGE_DIGEST, digest);
}

static struct exchange recorded(const json_t *one)
{
	struct exchange exchange = { 0 };

	exchange.status = (unsigned)json_integer_value(json_object_get(one, "status"));
	copy_field(exchange.method, sizeof(exchange.method), one, "method");
	copy_field(exchange.path, sizeof(exchange.path), one, "path");
	copy_field(exchange.nonce, sizeof(exchange.nonce), one, "nonce");
	sha256_field(exchange.request_digest, one, "request_body");
	sha256_field(exchange.content_digest, one, "response_body");
	return exchange;
}

static bool is_field(const json_t *one, const char *name, const char *text)
{
	size_t len;
	const char *value = field(one, name, &len);

	return value && len == strlen(text) && !memcmp(value, text, len);
}

static void check_recorded(const json_t *one, struct ecdsa *ecdsa,
			   const uint8_t *address)
{
	size_t unused;
	const char *name = field(one, "name", &unused);
	uint64_t created = (uint64_t)json_integer_value(json_object_get(one, "created"));
	struct exchange exchange = recorded(one);
	uint8_t digest[KECCAK_LEN], sig[ECDSA_SIG_LEN];
	struct exchange_fields fields;
	char base[EXCHANGE_BASE];

	CHECK_ROW(exchange_valid(&exchange), name);
	CHECK_ROW(exchange_base(base, &exchange, created, address) == strlen(base),
		  name);
	CHECK_ROW(is_field(one, "base", base), name);

	exchange_digest(digest, &exchange, created, address);
	CHECK_ROW(is_hex(digest, sizeof(digest), field(one, "eip191_digest", &unused)),
		  name);
	CHECK_ROW(ecdsa_sign(ecdsa, sig, digest), name);

	exchange_fields(&fields, &exchange, created, address, sig);
	CHECK_ROW(is_field(one, "content_digest", fields.content_digest), name);
	CHECK_ROW(is_field(one, "request_digest", fields.request_digest), name);
	CHECK_ROW(is_field(one, "signature_input", fields.input), name);
	CHECK_ROW(is_field(one, "signature", fields.signature), name);
}

static void recorded_exchanges_come_out_the_same(void)
{
	json_t *all = load_vectors("tests/vectors/exchange.json");
	struct ecdsa *ecdsa = ecdsa_new(secret);
	uint8_t address[ECDSA_ADDRESS_LEN];
	size_t i;

	CHECK(ecdsa);
	CHECK(json_array_size(all) == 4);
	if (ecdsa) {
		ecdsa_address(address, ecdsa_public(ecdsa));
		for (i = 0; i < json_array_size(all); i++)
			check_recorded(json_array_get(all, i), ecdsa, address);
	}
	ecdsa_free(ecdsa);
	json_decref(all);
}

static struct exchange good(void)
{
	return (struct exchange){ .status = 200, .method = "POST",
				  .path = "/api/generate", .nonce = "n-1" };
}

static void a_status_has_three_digits(void)
{
	static const unsigned right[] = { 100, 200, 404, 503, 999 };
	static const unsigned wrong[] = { 0, 1, 99, 1000, 4294967295U };
	struct exchange exchange = good();
	size_t i;

	for (i = 0; i < COUNT(right); i++) {
		exchange.status = right[i];
		CHECK(exchange_valid(&exchange));
	}
	for (i = 0; i < COUNT(wrong); i++) {
		exchange.status = wrong[i];
		CHECK(!exchange_valid(&exchange));
	}
}

static void only_served_methods_and_paths_are_valid(void)
{
	static const struct {
		const char *method;
		const char *path;
		bool valid;
	} rows[] = {
		{ "POST", "/api/generate", true },
		{ "GET", "/health", true },
		{ "HEAD", "/health", true },
		{ "GET", "/oyster/signer", true },
		{ "HEAD", "/oyster/signer", true },
		{ "GET", "/api/generate", false },
		{ "POST", "/health", false },
		{ "post", "/api/generate", false },
		{ "POST", "/api/generat", false },
		{ "POST", "/api/generat\xc3", false },
		{ "POST", "/", false },
		{ "POST", "", false },
		{ "", "/health", false },
		{ "GET\n", "/health", false },
		{ "GET", "/health\n", false },
		{ "GET", "/health\"", false },
		{ "GET", "/health ", false },
		{ "G\xc3\x8bT", "/health", false },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct exchange exchange = good();

		snprintf(exchange.method, sizeof(exchange.method), "%s", rows[i].method);
		snprintf(exchange.path, sizeof(exchange.path), "%s", rows[i].path);
		CHECK_ROW(exchange_valid(&exchange) == rows[i].valid, rows[i].path);
	}
}

static void a_nonce_has_1_to_128_characters_of_its_alphabet(void)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
	char nonce[LONGEST_NONCE + 2] = "";
	int c;

	for (c = 1; c < 256; c++) {
		nonce[0] = (char)c;
		CHECK(exchange_is_nonce(nonce) == !!strchr(alphabet, c));
		memcpy(nonce, "ok", 3);
		nonce[1] = (char)c;
		CHECK(exchange_is_nonce(nonce) == !!strchr(alphabet, c));
		nonce[1] = '\0';
	}
	CHECK(!exchange_is_nonce(""));
	memset(nonce, 'n', LONGEST_NONCE);
	CHECK(exchange_is_nonce(nonce));
	nonce[LONGEST_NONCE] = 'n';
	CHECK(!exchange_is_nonce(nonce));
}

/* The shortest nonce, and the longest of everything. */
static void nothing_of_a_base_is_cut(void)
{
	static const uint8_t address[ECDSA_ADDRESS_LEN];
	static const uint8_t sig[ECDSA_SIG_LEN];
	struct exchange_fields fields;
	struct exchange exchange = good();
	char base[EXCHANGE_BASE];

	strcpy(exchange.nonce, "n");
	CHECK(exchange_base(base, &exchange, 7, address) == strlen(base));
	CHECK(strstr(base, ";created=7;nonce=\"n\";keyid=\"0x0000"));
	exchange.status = 999;
	strcpy(exchange.method, "POST");
	strcpy(exchange.path, "/oyster/signer");
	memset(exchange.nonce, 'n', LONGEST_NONCE);
	exchange.nonce[LONGEST_NONCE] = '\0';
	exchange_fields(&fields, &exchange, UINT64_MAX, address, sig);
	CHECK(!strcmp(fields.input + strlen(fields.input) - 14, "\";tag=\"oyster\""));
	CHECK(exchange_base(base, &exchange, UINT64_MAX, address) == strlen(base));
	CHECK(!strcmp(base + strlen(base) - 14, "\";tag=\"oyster\""));
}

static void a_nonce_cannot_end_its_quotes_or_its_line(void)
{
	static const char *const nonces[] = {
		"a\"b", "a\nb", "a\";keyid=\"x", "a b", "a\tb", "a\\b", "a;b",
		"n\xc3\xa9", "a,b", "\"", "\n",
	};
	size_t i;

	for (i = 0; i < COUNT(nonces); i++) {
		struct exchange exchange = good();

		snprintf(exchange.nonce, sizeof(exchange.nonce), "%s", nonces[i]);
		CHECK_ROW(!exchange_valid(&exchange), nonces[i]);
	}
}

/* What comes over the socket need not have a NUL. */
static void strings_without_an_end_are_not_valid(void)
{
	struct exchange exchange = good();

	memset(exchange.nonce, 'n', sizeof(exchange.nonce));
	CHECK(!exchange_valid(&exchange));
	exchange = good();
	memset(exchange.method, 'G', sizeof(exchange.method));
	CHECK(!exchange_valid(&exchange));
	exchange = good();
	memset(exchange.path, '/', sizeof(exchange.path));
	CHECK(!exchange_valid(&exchange));
}

/* Lengths derived by hand: the longest of everything must fit. */
static void the_longest_base_and_fields_fit(void)
{
	static const uint8_t address[ECDSA_ADDRESS_LEN];
	static const uint8_t sig[ECDSA_SIG_LEN];
	struct exchange exchange = good();
	struct exchange_fields fields;
	char base[EXCHANGE_BASE];
	size_t len;

	memset(exchange.nonce, 'n', LONGEST_NONCE);
	len = exchange_base(base, &exchange, UINT64_MAX, address);
	CHECK(len < EXCHANGE_BASE && base[len] == '\0');
	CHECK(strstr(base, ";tag=\"oyster\"") == base + len - strlen(";tag=\"oyster\""));

	exchange_fields(&fields, &exchange, UINT64_MAX, address, sig);
	CHECK(strlen(fields.content_digest) == sizeof("sha-256=::") - 1 + 44);
	CHECK(strlen(fields.signature) == sizeof("oyster=::") - 1 + 88);
	CHECK(!strcmp(fields.input + strlen(fields.input) - 13, ";tag=\"oyster\""));
	CHECK(strstr(fields.input, "created=18446744073709551615;"));
}

int main(void)
{
	RUN(recorded_exchanges_come_out_the_same);
	RUN(a_status_has_three_digits);
	RUN(only_served_methods_and_paths_are_valid);
	RUN(a_nonce_has_1_to_128_characters_of_its_alphabet);
	RUN(nothing_of_a_base_is_cut);
	RUN(a_nonce_cannot_end_its_quotes_or_its_line);
	RUN(strings_without_an_end_are_not_valid);
	RUN(the_longest_base_and_fields_fit);
	return DONE();
}
