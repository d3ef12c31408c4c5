/*
 * bench-bare: what the libraries cost without us, in microseconds of
 * processor time: lines of a name and a number.  One copy for each core runs
 * at once, since cores that work side by side are slower than one alone.
 */
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	9	/* the median counts */

static struct {
	secp256k1_context *context;
	secp256k1_pubkey key;
	secp256k1_ecdsa_recoverable_signature signature;
	uint8_t secret[32], digest[32];
	uint8_t *bytes;
	size_t len;
} the;

static void sign(void)
{
	if (!secp256k1_ecdsa_sign_recoverable(the.context, &the.signature,
					      the.digest, the.secret, NULL, NULL))
		abort();
}

static void recover(void)
{
	if (!secp256k1_ecdsa_recover(the.context, &the.key, &the.signature,
				     the.digest))
		abort();
}

static void verify(void)
{
	secp256k1_ecdsa_signature plain;

	secp256k1_ecdsa_recoverable_signature_convert(the.context, &plain,
						      &the.signature);
	if (!secp256k1_ecdsa_verify(the.context, &plain, the.digest, &the.key))
		abort();
}

/* As much work as Keccak-256: the padding byte alone differs. */
static void keccak(void)
{
	struct sha3_256_ctx ctx;
	uint8_t digest[32];

	sha3_256_init(&ctx);
	sha3_256_update(&ctx, the.len, the.bytes);
	sha3_256_digest(&ctx, sizeof(digest), digest);
}

static void sha256(void)
{
	struct sha256_ctx ctx;
	uint8_t digest[32];

	sha256_init(&ctx);
	sha256_update(&ctx, the.len, the.bytes);
	sha256_digest(&ctx, sizeof(digest), digest);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *name, void (*work)(void), int times)
{
	double took[ROUNDS], begun;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		begun = now();
		for (i = 0; i < times; i++)
			work();
		took[round] = (now() - begun) / times;
	}
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	printf("bare %s %.2f\n", name, took[ROUNDS / 2]);
}

static void measure_hashes(const char *name, void (*work)(void))
{
	static const size_t sizes[] = { 16384, 262144, 1048576 };
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		the.len = sizes[i];
		snprintf(text, sizeof(text), "%s-%zu", name, the.len);
		measure(text, work, (int)(4 * 1048576 / the.len));
	}
}

int main(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	while (--cores > 0 && fork() != 0)
		;	/* the children measure what we measure */
	memset(the.secret, 1, sizeof(the.secret));
	memset(the.digest, 7, sizeof(the.digest));
	the.bytes = calloc(1, 1048576);
	the.context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	if (!the.bytes || !the.context)
		return EXIT_FAILURE;
	measure("sign", sign, 500);
	measure("recover", recover, 500);
	measure("verify", verify, 500);
	measure_hashes("keccak", keccak);
	measure_hashes("sha256", sha256);
	return EXIT_SUCCESS;
}
