/*
 * reply.h - the model server's reply: whether it can be signed, and the
 * parts of it that are.
 */
#ifndef OYSTER_REPLY_H
#define OYSTER_REPLY_H

#include "buf.h"
#include "err.h"
#include "json.h"

struct reply {
	struct buf body;	/* the bytes as they came */

	/* Set by reply_parse.  Decoded; the first equals the request's. */
	struct text model;
	struct text response;
	struct text context;	/* `[1,2]' without white space; `[]' if there is none */

	/* The same as they stand in the body; absent or not. */
	struct json model_json;
	struct json created_json;
	struct json response_json;
	struct json context_json;

	struct buf decoded;	/* what had to be decoded */
	char culprit[ERR_CULPRIT];	/* after a failure; may be empty */
};

/*
 * Read reply->body, the whole body of a 200.
 *
 * In:      model  the request's model, decoded
 * Out:     reply  points into its own buffers until reply_clear
 * Returns: OYSTER_OK, OYSTER_ENOMEM, or why it cannot be signed, one of
 *          OYSTER_EREPLY… in err.h
 */
enum oyster_err reply_parse(struct reply *reply, struct text model)
	__attribute__((nonnull, warn_unused_result));

/*
 * The sentence in an error reply of the model server, as it stands in
 * reply->body with its quotes.  Length 0 if the body is not a JSON object
 * with one string `error' or is longer than 64 KiB.
 */
struct text reply_error(struct reply *reply) __attribute__((nonnull));

/* Zero bytes are fine. */
void reply_clear(struct reply *reply) __attribute__((nonnull));

#endif
