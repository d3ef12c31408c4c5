/*
 * signed.h - what signatures must be, worked out without the signer's code:
 * the signed bytes are put together here, as they are documented, and signed
 * with the test key (32 bytes of 0x01).  One digest has one signature.
 */
#ifndef OYSTER_SIGNED_H
#define OYSTER_SIGNED_H

#include <time.h>

#include <nettle/sha2.h>

#include "keys/ecdsa.h"
#include "keys/exchange.h"
#include "keys/keccak.h"
#include "keys/signer.h"
#include "tests/unit/bytes.h"

#define TEST_PUBLIC	"1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f" \
			"70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1"
#define TEST_ADDRESS	"1a642f0e3c3af545e7acbd38b07251b3990914f1"

#define RECEIPT_HEAD	"|oyster-hasher||timestamp|"
#define RECEIPT_LABEL	"|ollama_signature_parameters|"
#define MESSAGE_HEAD	"\x19" "Ethereum Signed Message:\n"
#define MESSAGE_MAX	1024	/* bytes of an EIP-191 message */
#define ABI_WORD	32	/* bytes */

static inline const uint8_t *test_secret(void)
{
	static const uint8_t secret[ECDSA_SECRET_LEN] = {
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	};

	return secret;
}

/* Not time(): its clock may be a tick behind, and the second another. */
static inline uint64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return (uint64_t)at.tv_sec;
}

/* The one signature over the keccak256 of the bytes. */
static inline bool sign_bytes(const struct ecdsa *ecdsa, uint8_t sig[static ECDSA_SIG_LEN],
			      const void *bytes, size_t len)
{
	uint8_t digest[KECCAK_LEN];
	struct keccak keccak;

	keccak_init(&keccak);
	keccak_add(&keccak, bytes, len);
	keccak_final(&keccak, digest);
	return ecdsa && ecdsa_sign(ecdsa, sig, digest);
}

static inline bool signs_bytes(const struct ecdsa *ecdsa, const uint8_t *sig,
			       const void *bytes, size_t len)
{
	uint8_t want[ECDSA_SIG_LEN];

	return sign_bytes(ecdsa, want, bytes, len) && !memcmp(want, sig, sizeof(want));
}

/* The number at the end of size bytes, big-endian, zeros before it. */
static inline uint8_t *put_number(uint8_t *at, uint64_t number, size_t size)
{
	size_t i;

	memset(at, 0, size);
	for (i = 0; i < 8; i++)
		at[size - 1 - i] = (uint8_t)(number >> 8 * i);
	return at + size;
}

static inline size_t padded(size_t len)
{
	return (len + ABI_WORD - 1) / ABI_WORD * ABI_WORD;
}

/* What a receipt's digest is made of; to be freed. */
static inline uint8_t *receipt_bytes(size_t *len, uint64_t seconds,
				     const struct signer_string strings[static SIGNER_STRINGS])
{
	size_t size = strlen(RECEIPT_HEAD RECEIPT_LABEL) + 8, offset = SIGNER_STRINGS * ABI_WORD;
	uint8_t *bytes, *at;
	int i;

	for (i = 0; i < SIGNER_STRINGS; i++)
		size += 2 * ABI_WORD + padded(strings[i].len);
	bytes = must(calloc(1, size));
	at = mempcpy(bytes, RECEIPT_HEAD, strlen(RECEIPT_HEAD));
	at = put_number(at, seconds, 8);
	at = mempcpy(at, RECEIPT_LABEL, strlen(RECEIPT_LABEL));
	for (i = 0; i < SIGNER_STRINGS; i++) {
		at = put_number(at, offset, ABI_WORD);
		offset += ABI_WORD + padded(strings[i].len);
	}
	for (i = 0; i < SIGNER_STRINGS; i++) {
		at = put_number(at, strings[i].len, ABI_WORD);
		if (strings[i].len > 0)
			memcpy(at, strings[i].at, strings[i].len);
		at += padded(strings[i].len);
	}
	*len = size;
	return bytes;
}

static inline bool signs_receipt(const struct ecdsa *ecdsa, const uint8_t *sig, uint64_t seconds,
				 const struct signer_string strings[static SIGNER_STRINGS])
{
	size_t len;
	uint8_t *bytes = receipt_bytes(&len, seconds, strings);
	bool ok = signs_bytes(ecdsa, sig, bytes, len);

	free(bytes);
	return ok;
}

/* RFC 4648, section 4; NUL-terminated. */
static inline void put_base64(char *to, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < len; i += 3) {
		unsigned second = i + 1 < len ? bytes[i + 1] : 0, third = i + 2 < len ? bytes[i + 2] : 0;

		*to++ = digits[bytes[i] >> 2];
		*to++ = digits[(bytes[i] & 3U) << 4 | second >> 4];
		*to++ = i + 1 < len ? digits[(second & 15) << 2 | third >> 6] : '=';
		*to++ = i + 2 < len ? digits[third & 63] : '=';
	}
	*to = '\0';
}

/* What an exchange's fields say, but for the signature. */
static inline struct exchange_fields printed_fields(const struct exchange *exchange, uint64_t seconds)
{
	char request[45], content[45], nonce[160] = "";
	struct exchange_fields fields = { .signature = "" };

	put_base64(request, exchange->request_digest, sizeof(exchange->request_digest));
	put_base64(content, exchange->content_digest, sizeof(exchange->content_digest));
	snprintf(fields.request_digest, sizeof(fields.request_digest), "sha-256=:%s:", request);
	snprintf(fields.content_digest, sizeof(fields.content_digest), "sha-256=:%s:", content);
	if (exchange->nonce[0])
		snprintf(nonce, sizeof(nonce), ";nonce=\"%s\"", exchange->nonce);
	snprintf(fields.input, sizeof(fields.input),
		 "oyster=(\"@status\" \"@method\";req \"@path\";req \"content-digest\" \"x-oyster-request-digest\")"
		 ";created=%llu%s;keyid=\"0x" TEST_ADDRESS "\";tag=\"oyster\"",
		 (unsigned long long)seconds, nonce);
	return fields;
}

/* The message of EIP-191 around the signature base. */
static inline size_t print_message(char message[static MESSAGE_MAX],
				   const struct exchange *exchange, uint64_t seconds)
{
	struct exchange_fields fields = printed_fields(exchange, seconds);
	char base[MESSAGE_MAX];
	int len = snprintf(base, sizeof(base),
			   "\"@status\": %u\n\"@method\";req: %s\n\"@path\";req: %s\n"
			   "\"content-digest\": %s\n\"x-oyster-request-digest\": %s\n\"@signature-params\": %s",
			   exchange->status, exchange->method, exchange->path, fields.content_digest,
			   fields.request_digest, fields.input + strlen("oyster="));

	return (size_t)snprintf(message, MESSAGE_MAX, MESSAGE_HEAD "%d%.*s", len, len, base);
}

static inline bool signs_exchange(const struct ecdsa *ecdsa, const uint8_t *sig,
				  const struct exchange *exchange, uint64_t seconds)
{
	char message[MESSAGE_MAX];
	size_t len = print_message(message, exchange, seconds);

	return signs_bytes(ecdsa, sig, message, len);
}

/* Whether the field values are those of the exchange, and its signature. */
static inline bool tells_exchange(const struct ecdsa *ecdsa, const struct exchange_fields *fields,
				  const struct exchange *exchange, uint64_t seconds)
{
	struct exchange_fields want = printed_fields(exchange, seconds);
	char message[MESSAGE_MAX], base64[89];
	size_t len = print_message(message, exchange, seconds);
	uint8_t sig[ECDSA_SIG_LEN];

	if (!sign_bytes(ecdsa, sig, message, len))
		return false;
	put_base64(base64, sig, sizeof(sig));
	snprintf(want.signature, sizeof(want.signature), "oyster=:%s:", base64);
	return !strcmp(fields->content_digest, want.content_digest) &&
	       !strcmp(fields->request_digest, want.request_digest) &&
	       !strcmp(fields->input, want.input) && !strcmp(fields->signature, want.signature);
}

static inline void sha256(uint8_t digest[static SHA256_DIGEST_SIZE], const void *bytes, size_t len)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, bytes);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
}

#endif
