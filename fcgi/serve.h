/*
 * serve.h - the service: bytes in, bytes out, and nothing of FastCGI.
 *
 * An answer is whole before its first byte is sent, so that a failure
 * anywhere is an error with its status, and never half an answer or an
 * unsigned one.
 */
#ifndef OYSTER_SERVE_H
#define OYSTER_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "buf.h"
#include "config.h"
#include "digest.h"
#include "keys/signer.h"
#include "relay.h"
#include "vocabulary.h"

struct server {
	const struct config *config;
	struct signer *signer;
	struct relay *relay;
	struct vocabulary *vocabulary;
};

/* What a client asks. */
struct call {
	const char *method;	/* RFC 9110, section 9.1 */
	const char *target;	/* origin-form as on the request line, with its query */
	struct buf body;	/* used up by serve */
	uint8_t digest[DIGEST_LEN];	/* of the body as it came */
	const char *nonce;	/* x-oyster-nonce, or NULL */
	const char *content_digest;	/* the field, or NULL */
	enum oyster_err err;	/* why the body is not whole */
	int client;		/* its connection, or -1 */
	int64_t deadline;	/* relay_now() */
};

/*
 * Answer a call.
 *
 * Out:     answer  whole but for serve_sign, whatever went wrong; points into
 *                  itself and into call->body, and is to be released with
 *                  answer_clear
 * Returns: false if the client is gone: there is nobody to answer
 */
bool serve(const struct server *server, struct answer *answer,
	   struct call *call)
	__attribute__((nonnull, warn_unused_result));

/*
 * Sign the answer, or make it the error that says that nobody can.  It is
 * apart, so that what is made need not be on the stack of those that wait.
 * After each serve that did not return false: others may wait for their turn.
 *
 * In:      made  room, which must live until the answer is written
 */
void serve_sign(const struct server *server, struct answer *answer,
		const struct call *call, struct signer_signed *made)
	__attribute__((nonnull));

#endif
