/*
 * statement.h - what a request and its answer say: the five strings of a
 * receipt, read as strictly as the responder reads them.
 */
#ifndef OYSTER_STATEMENT_H
#define OYSTER_STATEMENT_H

#include <stdbool.h>

#include "fcgi/buf.h"
#include "fcgi/reply.h"
#include "fcgi/request.h"

struct statement {
	struct text model;
	struct text prompt;
	struct text request_context;
	struct text response;
	struct text response_context;
	bool covered;		/* the strings are all that was asked */

	/* What they lie in. */
	struct buf asked;
	struct request request;
	struct buf first;	/* the first line of NDJSON */
	struct reply reply;	/* the other line, or the only object */
	char why[256];		/* after a failure; a whole sentence */
};

/*
 * Read both.
 *
 * In:      asked     the request's body
 *          answered  the response's body: two lines if the request has
 *                    `"stream":true', or one object without a line feed,
 *                    as servers wrote it before they wrote lines; its
 *                    type, which nobody signs, decides nothing
 * Out:     statement  to be released with statement_clear, also on failure;
 *                     must stay where it is
 * Returns: false if one of them is not what the responder reads or writes
 */
bool statement_read(struct statement *statement, struct text asked,
		    struct text answered)
	__attribute__((nonnull, warn_unused_result));

/* Zero bytes are fine. */
void statement_clear(struct statement *statement) __attribute__((nonnull));

#endif
