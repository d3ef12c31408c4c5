/*
 * signed.h - what a signature must be: the digest worked out again for the
 * second that was named, signed with the test key (32 bytes of 0x01).
 */
#ifndef OYSTER_SIGNED_H
#define OYSTER_SIGNED_H

#include <time.h>

#include "keys/ecdsa.h"
#include "keys/receipt.h"
#include "keys/signer.h"
#include "tests/unit/bytes.h"

#define TEST_PUBLIC	"1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f" \
			"70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1"
#define TEST_ADDRESS	"1a642f0e3c3af545e7acbd38b07251b3990914f1"

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

/* Whether sig is the one signature over the strings at that second. */
static inline bool is_signature(const struct ecdsa *ecdsa, const uint8_t *sig, uint64_t seconds,
				const struct signer_string strings[static SIGNER_STRINGS])
{
	uint8_t digest[KECCAK_LEN], want[ECDSA_SIG_LEN];
	uint64_t len[RECEIPT_STRINGS];
	struct receipt receipt;
	int i;

	for (i = 0; i < SIGNER_STRINGS; i++)
		len[i] = strings[i].len;
	if (!receipt_init(&receipt, seconds, len))
		return false;
	for (i = 0; i < SIGNER_STRINGS; i++)
		if (strings[i].len > 0)
			receipt_add(&receipt, strings[i].at, strings[i].len);
	receipt_final(&receipt, digest);
	return ecdsa && ecdsa_sign(ecdsa, want, digest) && !memcmp(want, sig, sizeof(want));
}

#endif
