/* What signing leaves on the stack, looked at before anything else uses it. */
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdint.h>
#include <string.h>

#include "keys/ecdsa.h"
#include "tests/unit/tap.h"

#define BELOW	8192	/* bytes of stack that are searched */
#define PIECE	8	/* bytes of the secret that must not be there in a row */

/* No secret is whole in this program: byte i is this xor 0x5a. */
static uint8_t masked(size_t i)
{
	return (uint8_t)(0xc3 ^ (i * 43 + 5));
}

static void make_secret(volatile uint8_t *secret)
{
	size_t i;

	for (i = 0; i < ECDSA_SECRET_LEN; i++)
		secret[i] = masked(i) ^ 0x5a;
}

static int found;

static bool is_piece(const volatile uint8_t *at, size_t from, int step)
{
	size_t i;

	for (i = 0; i < PIECE; i++)
		if ((at[step > 0 ? i : PIECE - 1 - i] ^ 0x5a) != masked(from + i))
			return false;
	return true;
}

/* In their order, or in that of the library's limbs. */
static __attribute__((noinline)) void search_below(void)
{
	const volatile uint8_t *here = __builtin_frame_address(0);
	const volatile uint8_t *at = here - BELOW;
	size_t from;

	for (; at < here - PIECE; at++)
		for (from = 0; from <= ECDSA_SECRET_LEN - PIECE; from += PIECE)
			found += is_piece(at, from, 1) || is_piece(at, from, -1);
}

int __real_secp256k1_ecdsa_recover(const secp256k1_context *context, secp256k1_pubkey *point, const secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest);
int __wrap_secp256k1_ecdsa_recover(const secp256k1_context *context, secp256k1_pubkey *point, const secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest);

int __real_secp256k1_ec_pubkey_create(const secp256k1_context *context, secp256k1_pubkey *point, const unsigned char *secret);
int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context, secp256k1_pubkey *point, const unsigned char *secret);
int __real_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context, secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest, const unsigned char *secret, secp256k1_nonce_function nonce, const void *data);
int __wrap_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context, secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest, const unsigned char *secret, secp256k1_nonce_function nonce, const void *data);

int __wrap_secp256k1_ecdsa_recover(const secp256k1_context *context, secp256k1_pubkey *point, const secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest)
{
	search_below();
	return __real_secp256k1_ecdsa_recover(context, point, signature, digest);
}

/* Debian's library clears most of what it used; another build may not. */
static __attribute__((noinline)) void spill(const uint8_t *secret)
{
	volatile uint8_t copy[BELOW / 2];
	size_t i;

	for (i = 0; i < sizeof(copy); i++)
		copy[i] = secret[i % ECDSA_SECRET_LEN];
}

int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context, secp256k1_pubkey *point, const unsigned char *secret)
{
	int ok = __real_secp256k1_ec_pubkey_create(context, point, secret);

	spill(secret);
	return ok;
}

int __wrap_secp256k1_ecdsa_sign_recoverable(const secp256k1_context *context, secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest, const unsigned char *secret, secp256k1_nonce_function nonce, const void *data)
{
	int ok = __real_secp256k1_ecdsa_sign_recoverable(context, signature, digest, secret, nonce, data);

	spill(secret);
	return ok;
}

static void the_search_finds_what_is_there(void)
{
	static volatile uint8_t secret[ECDSA_SECRET_LEN];

	make_secret(secret);
	spill((const uint8_t *)(uintptr_t)secret);
	search_below();
	CHECK(found > 0);
}

static void nothing_of_the_secret_stays(void)
{
	static volatile uint8_t secret[ECDSA_SECRET_LEN];
	uint8_t sig[ECDSA_SIG_LEN], digest[ECDSA_DIGEST_LEN] = { 1 };
	struct ecdsa *ecdsa;

	make_secret(secret);
	ecdsa = ecdsa_new((const uint8_t *)(uintptr_t)secret);
	search_below();
	CHECK(found == 0);
	CHECK(ecdsa && ecdsa_sign(ecdsa, sig, digest));
	CHECK(found == 0);
	CHECK(ecdsa_valid((const uint8_t *)(uintptr_t)secret));
	search_below();
	CHECK(found == 0);
	ecdsa_free(ecdsa);
}

int main(void)
{
#ifdef OYSTER_SANITIZED
	(void)the_search_finds_what_is_there;
	(void)nothing_of_the_secret_stays;
	return SKIP_ALL("sanitizers lay out the stack");
#else
	RUN(nothing_of_the_secret_stays);
	RUN(the_search_finds_what_is_there);
	return DONE();
#endif
}
