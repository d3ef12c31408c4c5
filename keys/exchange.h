/*
 * exchange.h - the signature over a whole exchange: request, status, answer,
 * second and nonce.
 *
 * HTTP Message Signatures (RFC 9421) with digests (RFC 9530), label `oyster',
 * over the components that exchange_base lists.  What is signed is the
 * signature base as an EIP-191 message, so that wallets can check it.
 */
#ifndef OYSTER_EXCHANGE_H
#define OYSTER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ecdsa.h"
#include "keccak.h"

#define EXCHANGE_METHOD	8	/* bytes with the NUL, like the two below */
#define EXCHANGE_PATH	16
#define EXCHANGE_NONCE	129
#define EXCHANGE_DIGEST	32	/* bytes: SHA-256 */

/* Field values, with their NUL. */
#define EXCHANGE_DIGEST_FIELD	56	/* sha-256=:…: */
#define EXCHANGE_INPUT_FIELD	384	/* oyster=(…);created=… */
#define EXCHANGE_SIG_FIELD	98	/* oyster=:…: */

struct exchange {
	unsigned status;
	char method[EXCHANGE_METHOD];
	char path[EXCHANGE_PATH];
	char nonce[EXCHANGE_NONCE];	/* empty when the client sent none */
	uint8_t request_digest[EXCHANGE_DIGEST];	/* of the request's content */
	uint8_t content_digest[EXCHANGE_DIGEST];	/* of the response's content */
};

/* The values of the header fields that tell of it. */
struct exchange_fields {
	char content_digest[EXCHANGE_DIGEST_FIELD];
	char request_digest[EXCHANGE_DIGEST_FIELD];
	char input[EXCHANGE_INPUT_FIELD];
	char signature[EXCHANGE_SIG_FIELD];
};

/*
 * Whether this is an exchange that may be signed: a status of three digits,
 * a method and a path that the responder serves, a nonce of up to 128
 * characters out of `A-Z a-z 0-9 - . _ ~ + / ='.
 */
bool exchange_valid(const struct exchange *exchange)
	__attribute__((nonnull, warn_unused_result));

/* Whether the string is a nonce: like that, and not empty. */
bool exchange_is_nonce(const char *nonce)
	__attribute__((nonnull, warn_unused_result));

/*
 * The digest that is signed: keccak256 of the signature base (RFC 9421,
 * section 2.5) behind EIP-191's prefix for a message (version 0x45).
 *
 * In:      exchange  valid
 *          seconds   Unix time, `created'
 *          address   the signer's, `keyid'
 */
void exchange_digest(uint8_t digest[static KECCAK_LEN],
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN])
	__attribute__((nonnull));

/* Write the field values for a signature over that digest. */
void exchange_fields(struct exchange_fields *fields,
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN],
		     const uint8_t sig[static ECDSA_SIG_LEN])
	__attribute__((nonnull));

/*
 * The signature base itself.
 *
 * Out:     base  NUL-terminated
 * Returns: its length in bytes
 */
#define EXCHANGE_BASE	768	/* bytes with the NUL */
size_t exchange_base(char base[static EXCHANGE_BASE],
		     const struct exchange *exchange, uint64_t seconds,
		     const uint8_t address[static ECDSA_ADDRESS_LEN])
	__attribute__((nonnull));

#endif
