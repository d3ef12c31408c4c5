/*
 * chain.h - the certificates of an attestation document, and signatures
 * over P-384.  Only chain.c includes openssl/.
 *
 * One profile alone is accepted, that of AWS Nitro: X.509 version 3, keys on
 * the named curve P-384, ecdsa-with-SHA384, no critical extension but basic
 * constraints and key usage.
 */
#ifndef OYSTER_CHAIN_H
#define OYSTER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/buf.h"

#define CHAIN_MAX	9	/* certificates, the leaf included */
#define CHAIN_SIG	96	/* bytes: r[48] s[48] */
#define CHAIN_KEY	96	/* bytes: X[48] Y[48] */
#define CHAIN_HASH	32	/* bytes: SHA-256 of a certificate */
#define CHAIN_WHY	160	/* bytes of a reason, with its NUL */

struct chain;

/*
 * Read the certificates, the leaf first, each the issuer of the one before.
 *
 * In:      der    DER, nothing behind it
 *          count  1 to CHAIN_MAX
 * Out:     why    on failure, a sentence
 * Returns: NULL if one cannot be read; release it with chain_free
 */
struct chain *chain_read(const struct text *der, size_t count,
			 char why[static CHAIN_WHY])
	__attribute__((nonnull, warn_unused_result));

/* Whether the leaf's key made the signature (SHA-384) over both parts. */
bool chain_leaf_signed(const struct chain *chain, struct text first,
		       struct text second,
		       const uint8_t sig[static CHAIN_SIG])
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether each certificate was signed by the next, the last by itself, and
 * all were valid at that time for what they are used for.
 */
bool chain_verify(const struct chain *chain, uint64_t seconds,
		  char why[static CHAIN_WHY])
	__attribute__((nonnull, warn_unused_result));

/* A root that somebody trusts. */
struct chain_root {
	bool has_hash;
	uint8_t hash[CHAIN_HASH];	/* of the whole certificate */
	uint8_t key[CHAIN_KEY];
};

/* AWS's root for Nitro enclaves; in aws.c. */
extern const struct chain_root chain_aws;

/*
 * Read a root: a certificate in PEM or DER, or a key, 96 bytes or 192
 * hexadecimal digits.
 */
bool chain_root_read(struct chain_root *root, struct text file)
	__attribute__((nonnull, warn_unused_result));

/* Whether the last certificate is that root. */
bool chain_ends_in(const struct chain *chain, const struct chain_root *root)
	__attribute__((nonnull, warn_unused_result));

/* NULL is fine. */
void chain_free(struct chain *chain);

#endif
