/*
 * signer.h - the process that holds the key, and how to ask it to sign.
 *
 * The signer is a message oracle, not a digest oracle: it is given what is
 * to be signed, takes its own clock, builds the digest itself, and answers
 * with time and signature.  Whoever takes over the asking process gets
 * neither the key nor a signature over anything of another form.
 *
 * This is the asking end; the other, in the forked process, is oracle.h.
 */
#ifndef OYSTER_SIGNER_H
#define OYSTER_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ecdsa.h"
#include "exchange.h"
#include "sandbox.h"

/* What a receipt covers, in the order of its encoding; see receipt.h. */
enum {
	SIGNER_MODEL,
	SIGNER_PROMPT,
	SIGNER_REQUEST_CONTEXT,
	SIGNER_RESPONSE,
	SIGNER_RESPONSE_CONTEXT,
	SIGNER_STRINGS
};

struct signer_string {
	const char *at;		/* may be NULL when len is 0 */
	size_t len;		/* bytes */
};

struct signer_signed {
	uint64_t seconds;	/* Unix time, the signer's */
	bool has_receipt;
	uint8_t receipt[ECDSA_SIG_LEN];
	struct exchange_fields fields;
};

struct signer;

/*
 * Fork the signer, which reads the key and shuts itself in.  Call it before
 * there are threads and before a byte from outside was read: the caller never
 * sees the key.
 *
 * In:      sandbox  flags of sandbox.h
 * Returns: the asking end, to be released with signer_free; NULL, with a
 *          line on stderr, if the key cannot be used or there is no process
 *          to be had
 */
struct signer *signer_start(const char *key_file, unsigned int sandbox)
	__attribute__((nonnull, warn_unused_result));

pid_t signer_pid(const struct signer *signer) __attribute__((nonnull));

/* ECDSA_PUBLIC_LEN and ECDSA_ADDRESS_LEN bytes that live as long as signer. */
const uint8_t *signer_public(const struct signer *signer)
	__attribute__((nonnull, returns_nonnull));
const uint8_t *signer_address(const struct signer *signer)
	__attribute__((nonnull, returns_nonnull));

/*
 * The functions below may be called from any thread; they take turns.
 * They return false when the signer is gone or did not answer within
 * SIGNER_PATIENCE; then it has been killed and stays so.
 */
#define SIGNER_PATIENCE	10	/* seconds */

/* Whether the signer answers. */
bool signer_ping(struct signer *signer)
	__attribute__((nonnull, warn_unused_result));

/*
 * Sign an exchange and, unless strings is NULL, the receipt of the strings,
 * both with the same second.
 *
 * In:      exchange  an invalid one is not even asked about
 *          strings   SIGNER_STRINGS of them, or NULL
 * Out:     out       written only on success
 */
bool signer_sign(struct signer *signer, struct signer_signed *out,
		 const struct exchange *exchange,
		 const struct signer_string *strings)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/* End the signer and wait for it.  NULL is fine. */
void signer_free(struct signer *signer);

#endif
