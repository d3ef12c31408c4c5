/*
 * keccak.h - Keccak-256 as Ethereum uses it: the original padding byte 0x01,
 * not the 0x06 of SHA3-256 (FIPS 202).
 *
 * The permutation is nettle's; the last block's padding is ours.
 */
#ifndef OYSTER_KECCAK_H
#define OYSTER_KECCAK_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha3.h>

#define KECCAK_LEN	32	/* bytes of a digest */

struct keccak {
	struct sha3_256_ctx state;
};

void keccak_init(struct keccak *keccak) __attribute__((nonnull));

/* bytes may be NULL when len is 0. */
void keccak_add(struct keccak *keccak, const void *bytes, size_t len)
	__attribute__((nonnull(1)));

/* Write the digest.  The state is used up: call keccak_init before the next. */
void keccak_final(struct keccak *keccak, uint8_t digest[static KECCAK_LEN])
	__attribute__((nonnull));

#endif
