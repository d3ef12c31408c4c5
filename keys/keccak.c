/* Keccak-256 over nettle's permutation; see keccak.h. */
#include "keccak.h"

#include <string.h>

void keccak_init(struct keccak *keccak)
{
	sha3_256_init(&keccak->state);
}

void keccak_add(struct keccak *keccak, const void *bytes, size_t len)
{
	if (len > 0)
		sha3_256_update(&keccak->state, len, bytes);
}

/*
 * What nettle's own final step does, with the other padding byte: the open
 * block is padded with 0x01, zeros and 0x80, and absorbed; the first four
 * lanes, little-endian, are the digest.  nettle keeps fewer bytes than a
 * block waiting, so there is always room for the padding.
 */
void keccak_final(struct keccak *keccak, uint8_t digest[static KECCAK_LEN])
{
	struct sha3_256_ctx *ctx = &keccak->state;
	size_t i;

	memset(ctx->block + ctx->index, 0, sizeof(ctx->block) - ctx->index);
	ctx->block[ctx->index] = 0x01;
	ctx->block[sizeof(ctx->block) - 1] |= 0x80;

	for (i = 0; i < sizeof(ctx->block); i++)
		ctx->state.a[i / 8] ^= (uint64_t)ctx->block[i] << (i % 8 * 8);
	sha3_permute(&ctx->state);

	for (i = 0; i < KECCAK_LEN; i++)
		digest[i] = (uint8_t)(ctx->state.a[i / 8] >> (i % 8 * 8));
	explicit_bzero(keccak, sizeof(*keccak));	/* what was hashed last */
}
