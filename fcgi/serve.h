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

#include "buf.h"
#include "config.h"
#include "keys/signer.h"
#include "relay.h"
#include "reply.h"
#include "request.h"

struct server {
	const struct config *config;
	struct signer *signer;
	struct relay *relay;
};

/* What a client asks. */
struct call {
	const char *method;	/* RFC 9110, section 9.1 */
	const char *target;	/* origin-form as on the request line, with its query */
	struct buf body;	/* used up by serve */
	enum oyster_err err;	/* why the body is not whole */
	int client;		/* its connection, or -1 */
	int64_t deadline;	/* relay_now() */
};

#define ANSWER_PARTS	16

/* What it gets: the parts, one behind the other, are the body. */
struct answer {
	int status;
	const char *type;	/* content-type */
	const char *allow;	/* of a 405, else NULL */
	bool retry;		/* Retry-After */
	bool has_receipt;
	struct signer_receipt receipt;
	struct text part[ANSWER_PARTS];
	int parts;

	/* What the parts point into. */
	struct request request;
	struct reply reply;
	struct buf text;
};

/*
 * Answer a call.
 *
 * Out:     answer  whole, whatever went wrong; points into itself and into
 *                  call->body, and is to be released with answer_clear
 * Returns: false if the client is gone: there is nobody to answer
 */
bool serve(const struct server *server, struct answer *answer,
	   struct call *call)
	__attribute__((nonnull, warn_unused_result));

/* Bytes of all parts. */
size_t answer_len(const struct answer *answer) __attribute__((nonnull));

/* Zero bytes are fine. */
void answer_clear(struct answer *answer) __attribute__((nonnull));

#endif
