/*
 * digest.h - SHA-256 of contents, and the Content-Digest field of a request
 * (RFC 9530).
 */
#ifndef OYSTER_DIGEST_H
#define OYSTER_DIGEST_H

#include <stdint.h>

#include <nettle/sha2.h>

#include "buf.h"
#include "err.h"

#define DIGEST_LEN	32	/* bytes */

struct digest {
	struct sha256_ctx state;
};

void digest_init(struct digest *digest) __attribute__((nonnull));
void digest_add(struct digest *digest, struct text bytes)
	__attribute__((nonnull));

/* Write the digest, and begin anew. */
void digest_final(struct digest *digest, uint8_t bytes[static DIGEST_LEN])
	__attribute__((nonnull));

/*
 * Hold a Content-Digest field against the digest of the content.  Digests of
 * other algorithms than sha-256 are ignored; of two with the same name the
 * last counts (RFC 8941, section 3.2).
 *
 * Returns: OYSTER_OK           equal, or there is no sha-256 in the field
 *          OYSTER_EDIGEST      another digest
 *          OYSTER_EDIGESTFORM  not a dictionary, or sha-256 is no byte sequence
 */
enum oyster_err digest_check(const char *field,
			     const uint8_t digest[static DIGEST_LEN])
	__attribute__((nonnull, warn_unused_result));

#endif
