/*
 * request.h - a client's request: read strictly, and written anew for the
 * model server.
 *
 * What goes upstream is encoded from the decoded values of known fields and
 * never holds the client's bytes: Ollama reads keys without regard to case
 * and takes the last of two, so a relayed body could ask it something else
 * than what is signed.
 */
#ifndef OYSTER_REQUEST_H
#define OYSTER_REQUEST_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "stretch.h"

#define REQUEST_MODEL_MAX	512	/* bytes */

struct request {
	struct text model;	/* decoded; lies in the body, like the next two */
	struct text prompt;
	struct text context;	/* `[1,2]' without white space; `[]' if there is none */
	bool stream;		/* the client wants NDJSON */
	bool covered;		/* the five strings of a receipt are all that was asked */
	struct stretches stretches;	/* of what the model's tokenizer gets */
	struct buf upstream;	/* the body for the model server */
	char culprit[ERR_CULPRIT];	/* after a failure; may be empty */
};

/*
 * Read a body.  It is decoded where it stands: request points into it, and
 * it is not the client's bytes afterwards.
 *
 * In:      body       must live as long as request
 *          max_token  the largest token id in a context
 * Out:     request    to be released with request_clear, also on failure
 * Returns: OYSTER_OK, OYSTER_ENOMEM, or one of the request's errors in err.h
 */
enum oyster_err request_parse(struct request *request, struct buf *body,
			      long max_token)
	__attribute__((nonnull, warn_unused_result));

/* Zero bytes are fine. */
void request_clear(struct request *request) __attribute__((nonnull));

#endif
