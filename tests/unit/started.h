/*
 * started.h - a signer with the test key, and whether it signs as it should.
 */
#ifndef OYSTER_STARTED_H
#define OYSTER_STARTED_H

#include "keys/signer.h"
#include "tests/unit/child.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define KEY	"key"

static char scratch[32];
static int back;

static inline struct signer *start(void)
{
	struct signer *signer;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	signer = signer_start(KEY, SANDBOX_QUIET);
	CHECK(signer != NULL);
	CHECK(!unlink(KEY));	/* it is read once */
	CHECK(leave_scratch(scratch, back));
	if (!signer) {
		fputs("Bail out! no signer\n", stdout);
		exit(EXIT_FAILURE);
	}
	return signer;
}

static const struct exchange generate = {
	.status = 200, .method = "POST", .path = "/api/generate", .nonce = "n-1",
	.request_digest = "what was asked", .content_digest = "what was answered",
};

/* Ask for both signatures, or without strings for one, and check them. */
static inline bool signs_these(struct signer *signer, const struct ecdsa *ecdsa,
			       const struct exchange *exchange, const struct signer_string *strings)
{
	uint64_t before = now();
	struct signer_signed made;

	return signer_sign(signer, &made, exchange, strings) &&
	       made.seconds >= before && made.seconds <= now() &&
	       tells_exchange(ecdsa, &made.fields, exchange, made.seconds) &&
	       made.has_receipt == (strings != NULL) &&
	       (!strings || signs_receipt(ecdsa, made.receipt, made.seconds, strings));
}

static inline bool signs(struct signer *signer, const struct ecdsa *ecdsa,
			 const struct signer_string *strings)
{
	return signs_these(signer, ecdsa, &generate, strings);
}

static const struct signer_string plain[SIGNER_STRINGS] = {
	{ "llama3.2", 8 }, { "Why is the sky blue?", 20 }, { "[]", 2 }, { "Because.", 8 }, { "[1,2,3]", 7 },
};

#endif
