/* The signature over a whole exchange; see exchange.h. */
#include "exchange.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *method;
	const char *path;
} served[] = {
	{ "POST", "/api/generate" },
	{ "GET", "/health" },
	{ "HEAD", "/health" },
	{ "GET", "/oyster/signer" },
	{ "HEAD", "/oyster/signer" },
};

bool exchange_is_nonce(const char *nonce)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~+/=";
	size_t len = strspn(nonce, alphabet);

	return len > 0 && len < EXCHANGE_NONCE && nonce[len] == '\0';
}

/* Whether there is a NUL in the array. */
static bool ends(const char *array, size_t size)
{
	return memchr(array, '\0', size);
}

static bool is_served(const char *method, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (!strcmp(method, served[i].method) &&
		    !strcmp(path, served[i].path))
			return true;
	return false;
}

bool exchange_valid(const struct exchange *exchange)
{
	return exchange->status >= 100 && exchange->status <= 999 &&
	       ends(exchange->method, sizeof(exchange->method)) &&
	       ends(exchange->path, sizeof(exchange->path)) &&
	       ends(exchange->nonce, sizeof(exchange->nonce)) &&
	       is_served(exchange->method, exchange->path) &&
	       (!exchange->nonce[0] || exchange_is_nonce(exchange->nonce));
}

/* `sha-256=:' base64 `:' (RFC 9530, section 2; RFC 8941, section 3.3.5) */
static void digest_field(char to[static EXCHANGE_DIGEST_FIELD],
			 const uint8_t digest[static EXCHANGE_DIGEST])
{
	char base64[BASE64_ENCODE_RAW_LENGTH(EXCHANGE_DIGEST) + 1] = "";

	base64_encode_raw(base64, EXCHANGE_DIGEST, digest);
	snprintf(to, EXCHANGE_DIGEST_FIELD, "sha-256=:%s:", base64);
}

static void put_hex(char hex[static 2 * ECDSA_ADDRESS_LEN + 1],
		    const uint8_t address[static ECDSA_ADDRESS_LEN])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < ECDSA_ADDRESS_LEN; i++) {
		*hex++ = digits[address[i] >> 4];
		*hex++ = digits[address[i] & 0xf];
	}
	*hex = '\0';
}

/* The signature's parameters (RFC 9421, section 2.3): covered components first. */
static void put_parameters(char *to, size_t size,
			   const struct exchange *exchange, uint64_t seconds,
			   const uint8_t address[static ECDSA_ADDRESS_LEN])
{
	const char *has_nonce = exchange->nonce[0] ? ";nonce=\"" : "";
	char hex[2 * ECDSA_ADDRESS_LEN + 1];

	put_hex(hex, address);
	snprintf(to, size,
		 "(\"@status\" \"@method\";req \"@path\";req "
		 "\"content-digest\" \"x-oyster-request-digest\")"
		 ";created=%llu%s%s%s;keyid=\"0x%s\";tag=\"oyster\"",
		 (unsigned long long)seconds, has_nonce, exchange->nonce,
		 *has_nonce ? "\"" : "", hex);
}

size_t exchange_base(char base[static EXCHANGE_BASE],
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN])
{
	char content_digest[EXCHANGE_DIGEST_FIELD];
	char request_digest[EXCHANGE_DIGEST_FIELD];
	char parameters[EXCHANGE_INPUT_FIELD];
	int len;

	digest_field(content_digest, exchange->content_digest);
	digest_field(request_digest, exchange->request_digest);
	put_parameters(parameters, sizeof(parameters), exchange, seconds,
		       address);
	len = snprintf(base, EXCHANGE_BASE,
		       "\"@status\": %u\n"
		       "\"@method\";req: %s\n"
		       "\"@path\";req: %s\n"
		       "\"content-digest\": %s\n"
		       "\"x-oyster-request-digest\": %s\n"
		       "\"@signature-params\": %s",
		       exchange->status, exchange->method, exchange->path,
		       content_digest, request_digest, parameters);
	return (size_t)len;
}

void exchange_digest(uint8_t digest[static KECCAK_LEN],
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN])
{
	char base[EXCHANGE_BASE], prefix[64];
	size_t len = exchange_base(base, exchange, seconds, address);
	int prefix_len = snprintf(prefix, sizeof(prefix),
				  "\x19" "Ethereum Signed Message:\n%zu", len);
	struct keccak keccak;

	keccak_init(&keccak);
	keccak_add(&keccak, prefix, (size_t)prefix_len);
	keccak_add(&keccak, base, len);
	keccak_final(&keccak, digest);
}

void exchange_fields(struct exchange_fields *fields,
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN],
		     const uint8_t sig[static ECDSA_SIG_LEN])
{
	static const char label[] = "oyster=";
	char base64[BASE64_ENCODE_RAW_LENGTH(ECDSA_SIG_LEN) + 1] = "";

	digest_field(fields->content_digest, exchange->content_digest);
	digest_field(fields->request_digest, exchange->request_digest);
	memcpy(fields->input, label, sizeof(label));
	put_parameters(fields->input + sizeof(label) - 1,
		       sizeof(fields->input) - sizeof(label) + 1, exchange,
		       seconds, address);
	base64_encode_raw(base64, ECDSA_SIG_LEN, sig);
	snprintf(fields->signature, sizeof(fields->signature), "%s:%s:", label,
		 base64);
}
