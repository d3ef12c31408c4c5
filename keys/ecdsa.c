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
