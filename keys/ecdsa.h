/*
 * ecdsa.h - signatures over secp256k1, recoverable, as Ethereum writes them.
 *
 * Only ecdsa.c includes secp256k1.h.  The secret stays where it is: an
 * ecdsa keeps a pointer to it and never a copy.
 */
#ifndef OYSTER_ECDSA_H
#define OYSTER_ECDSA_H

#include <stdbool.h>
#include <stdint.h>

#define ECDSA_SECRET_LEN	32	/* bytes, big-endian */
#define ECDSA_PUBLIC_LEN	64	/* bytes: X[32] Y[32], no 0x04 (SEC 1, 2.3.3) */
#define ECDSA_ADDRESS_LEN	20	/* bytes: the end of keccak256(X Y) */
#define ECDSA_DIGEST_LEN	32	/* bytes */
#define ECDSA_SIG_LEN		65	/* bytes: r[32] s[32] v[1], v = 27 + recovery id */

struct ecdsa;

/*
 * Make a randomized context for the secret and work out its public key.
 *
 * In:      secret  must outlive the result, which points to it
 * Returns: NULL if the secret is zero or not below the curve's order, or
 *          without memory or random numbers
 */
struct ecdsa *ecdsa_new(const uint8_t secret[static ECDSA_SECRET_LEN])
	__attribute__((nonnull, warn_unused_result));

/* Whether the secret is a key: not zero and below the curve's order. */
bool ecdsa_valid(const uint8_t secret[static ECDSA_SECRET_LEN])
	__attribute__((nonnull, warn_unused_result));

/* ECDSA_PUBLIC_LEN bytes that live as long as ecdsa. */
const uint8_t *ecdsa_public(const struct ecdsa *ecdsa)
	__attribute__((nonnull, returns_nonnull));

/*
 * Sign a digest, and recover the key from the signature before anyone sees
 * it: a fault in the arithmetic must not publish a signature that gives the
 * secret away.  Low s; the nonce is that of RFC 6979, so the same digest
 * always gives the same bytes.
 *
 * Out:     sig  written only on success
 * Returns: false if the signature could not be made or did not recover
 */
bool ecdsa_sign(const struct ecdsa *ecdsa, uint8_t sig[static ECDSA_SIG_LEN],
		const uint8_t digest[static ECDSA_DIGEST_LEN])
	__attribute__((nonnull, warn_unused_result));

/* Why no key was recovered from a signature. */
enum ecdsa_fault {
	ECDSA_GOOD,
	ECDSA_BAD_V,	/* neither 27 nor 28 */
	ECDSA_BAD_R,	/* zero, or not below the curve's order */
	ECDSA_BAD_S,	/* likewise */
	ECDSA_HIGH_S,	/* above half of the order: the twin of one with a low s */
	ECDSA_NO_KEY	/* no key makes this signature */
};

/*
 * Recover the key that made a signature.  As strict as the making: of the
 * spellings that the mathematics allows, only the one of ecdsa_sign.  (v is
 * never 29 or 30: an r above the order cannot be met with.)
 *
 * Out:     public_key  written only on ECDSA_GOOD
 */
enum ecdsa_fault ecdsa_recover(uint8_t public_key[static ECDSA_PUBLIC_LEN],
			       const uint8_t sig[static ECDSA_SIG_LEN],
			       const uint8_t digest[static ECDSA_DIGEST_LEN])
	__attribute__((nonnull, warn_unused_result));

/* The end of a sentence that begins with `the signature'. */
const char *ecdsa_fault_text(enum ecdsa_fault fault)
	__attribute__((returns_nonnull));

/* Whether the bytes are a point of the curve. */
bool ecdsa_is_public(const uint8_t public_key[static ECDSA_PUBLIC_LEN])
	__attribute__((nonnull, warn_unused_result));

/* The Ethereum address of a public key (Yellow Paper, appendix F). */
void ecdsa_address(uint8_t address[static ECDSA_ADDRESS_LEN],
		   const uint8_t public_key[static ECDSA_PUBLIC_LEN])
	__attribute__((nonnull));

/* NULL is fine.  The secret is the caller's to wipe. */
void ecdsa_free(struct ecdsa *ecdsa);

#endif
