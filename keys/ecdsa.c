/* Recoverable ECDSA over secp256k1; see ecdsa.h. */
#include "ecdsa.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "keccak.h"

#define UNCOMPRESSED_LEN	(1 + ECDSA_PUBLIC_LEN)
#define STACK_USED		16384	/* bytes of stack, more than signing takes */
#define ETHEREUM_V		27	/* added to the recovery id */
#define SCALAR_LEN		32	/* bytes of r and of s */

/* The curve's order and its half, rounded down (SEC 2, 2.4.1). */
static const uint8_t order[SCALAR_LEN] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
	0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
	0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
};
static const uint8_t half_order[SCALAR_LEN] = {
	0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
	0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
};

struct ecdsa {
	secp256k1_context *context;
	const uint8_t *secret;
	uint8_t public_key[ECDSA_PUBLIC_LEN];
};

/*
 * The library leaves copies of the secret on the stack (its nonce function
 * clears them in a way that compilers may leave out).  Called from where the
 * library was called, this overwrites what it used.
 */
static __attribute__((noinline)) void wipe_stack(void)
{
	uint8_t used[STACK_USED];

	explicit_bzero(used, sizeof(used));
}

static bool serialize(const secp256k1_context *context,
		      uint8_t out[static ECDSA_PUBLIC_LEN],
		      const secp256k1_pubkey *point)
{
	uint8_t bytes[UNCOMPRESSED_LEN];
	size_t len = sizeof(bytes);

	if (!secp256k1_ec_pubkey_serialize(context, bytes, &len, point,
					   SECP256K1_EC_UNCOMPRESSED))
		return false;
	memcpy(out, bytes + 1, ECDSA_PUBLIC_LEN);
	return true;
}

static bool randomize(secp256k1_context *context)
{
	uint8_t seed[32];
	bool ok;

	ok = getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed) &&
	     secp256k1_context_randomize(context, seed);
	explicit_bzero(seed, sizeof(seed));
	return ok;
}

struct ecdsa *ecdsa_new(const uint8_t secret[static ECDSA_SECRET_LEN])
{
	struct ecdsa *ecdsa = calloc(1, sizeof(*ecdsa));
	secp256k1_pubkey point;
	bool ok;

	if (!ecdsa)
		return NULL;
	ecdsa->secret = secret;
	ecdsa->context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	ok = ecdsa->context && randomize(ecdsa->context) &&
	     secp256k1_ec_pubkey_create(ecdsa->context, &point, secret) &&
	     serialize(ecdsa->context, ecdsa->public_key, &point);
	wipe_stack();
	if (ok)
		return ecdsa;
	ecdsa_free(ecdsa);
	return NULL;
}

bool ecdsa_valid(const uint8_t secret[static ECDSA_SECRET_LEN])
{
	bool ok = secp256k1_ec_seckey_verify(secp256k1_context_static, secret);

	wipe_stack();
	return ok;
}

const uint8_t *ecdsa_public(const struct ecdsa *ecdsa)
{
	return ecdsa->public_key;
}

static bool recovers(const struct ecdsa *ecdsa,
		     const secp256k1_ecdsa_recoverable_signature *signature,
		     const uint8_t digest[static ECDSA_DIGEST_LEN])
{
	uint8_t public_key[ECDSA_PUBLIC_LEN];
	secp256k1_pubkey point;

	return secp256k1_ecdsa_recover(ecdsa->context, &point, signature,
				       digest) &&
	       serialize(ecdsa->context, public_key, &point) &&
	       !memcmp(public_key, ecdsa->public_key, sizeof(public_key));
}

bool ecdsa_sign(const struct ecdsa *ecdsa, uint8_t sig[static ECDSA_SIG_LEN],
		const uint8_t digest[static ECDSA_DIGEST_LEN])
{
	secp256k1_ecdsa_recoverable_signature signature;
	int recid;
	bool ok;

	ok = secp256k1_ecdsa_sign_recoverable(ecdsa->context, &signature, digest,
					      ecdsa->secret, NULL, NULL);
	wipe_stack();
	if (!ok || !recovers(ecdsa, &signature, digest) ||
	    !secp256k1_ecdsa_recoverable_signature_serialize_compact(
		    ecdsa->context, sig, &recid, &signature))
		return false;
	sig[ECDSA_SIG_LEN - 1] = (uint8_t)(ETHEREUM_V + recid);
	return true;
}

/* Whether the number is a scalar: from 1 to the order less 1. */
static bool is_scalar(const uint8_t number[static SCALAR_LEN])
{
	static const uint8_t zero[SCALAR_LEN];

	return memcmp(number, zero, SCALAR_LEN) &&
	       memcmp(number, order, SCALAR_LEN) < 0;
}

enum ecdsa_fault ecdsa_recover(uint8_t public_key[static ECDSA_PUBLIC_LEN],
			       const uint8_t sig[static ECDSA_SIG_LEN],
			       const uint8_t digest[static ECDSA_DIGEST_LEN])
{
	const secp256k1_context *context = secp256k1_context_static;
	const uint8_t *r = sig, *s = sig + SCALAR_LEN;
	int recid = sig[ECDSA_SIG_LEN - 1] - ETHEREUM_V;
	secp256k1_ecdsa_recoverable_signature signature;
	secp256k1_pubkey point;

	if (recid != 0 && recid != 1)
		return ECDSA_BAD_V;
	if (!is_scalar(r))
		return ECDSA_BAD_R;
	if (!is_scalar(s))
		return ECDSA_BAD_S;
	if (memcmp(s, half_order, SCALAR_LEN) > 0)
		return ECDSA_HIGH_S;
	if (!secp256k1_ecdsa_recoverable_signature_parse_compact(
		    context, &signature, sig, recid) ||
	    !secp256k1_ecdsa_recover(context, &point, &signature, digest) ||
	    !serialize(context, public_key, &point))
		return ECDSA_NO_KEY;
	return ECDSA_GOOD;
}

const char *ecdsa_fault_text(enum ecdsa_fault fault)
{
	static const char *const texts[] = {
		[ECDSA_GOOD] = "is good",
		[ECDSA_BAD_V] = "ends in a v that is neither 27 nor 28 (1b or 1c)",
		[ECDSA_BAD_R] = "has an r that is zero or not below the curve's order",
		[ECDSA_BAD_S] = "has an s that is zero or not below the curve's order",
		[ECDSA_HIGH_S] = "has a high s: only the lower of the two is accepted",
		[ECDSA_NO_KEY] = "was made by no key",
	};

	return texts[fault];
}

bool ecdsa_is_public(const uint8_t public_key[static ECDSA_PUBLIC_LEN])
{
	uint8_t bytes[UNCOMPRESSED_LEN] = { 0x04 };
	secp256k1_pubkey point;

	memcpy(bytes + 1, public_key, ECDSA_PUBLIC_LEN);
	return secp256k1_ec_pubkey_parse(secp256k1_context_static, &point,
					 bytes, sizeof(bytes));
}

void ecdsa_address(uint8_t address[static ECDSA_ADDRESS_LEN],
		   const uint8_t public_key[static ECDSA_PUBLIC_LEN])
{
	uint8_t digest[KECCAK_LEN];
	struct keccak keccak;

	keccak_init(&keccak);
	keccak_add(&keccak, public_key, ECDSA_PUBLIC_LEN);
	keccak_final(&keccak, digest);
	memcpy(address, digest + KECCAK_LEN - ECDSA_ADDRESS_LEN,
	       ECDSA_ADDRESS_LEN);
}

void ecdsa_free(struct ecdsa *ecdsa)
{
	if (!ecdsa)
		return;
	if (ecdsa->context)
		secp256k1_context_destroy(ecdsa->context);
	free(ecdsa);
}
