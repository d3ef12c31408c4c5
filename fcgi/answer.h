/*
 * answer.h - what a client gets: status, a few header fields, and a body in
 * parts that lie where they came to be, so that nothing is copied.
 */
#ifndef OYSTER_ANSWER_H
#define OYSTER_ANSWER_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "keys/signer.h"
#include "reply.h"
#include "request.h"

#define ANSWER_PARTS	16

/* What it gets: the parts, one behind the other, are the body. */
struct answer {
	int status;
	const char *type;	/* content-type */
	const char *allow;	/* of a 405, else NULL */
	bool retry;		/* Retry-After */
	bool is_covered;	/* the five strings of a receipt say it all */
	bool is_head;		/* the body stays away: the answer to a HEAD */
	bool has_turn;		/* it is the large reply that is being signed */
	const char *path;	/* that is signed; NULL for none */
	const struct signer_signed *made;	/* what the signer made of it, or NULL */
	struct text part[ANSWER_PARTS];
	int parts;

	/* What the parts point into. */
	struct request request;
	struct reply reply;
	struct buf text;
};

/* A 200 of JSON without a body so far. */
void answer_init(struct answer *answer) __attribute__((nonnull));

/* Add a part; its bytes must live as long as the answer. */
void answer_add(struct answer *answer, struct text part)
	__attribute__((nonnull));
void answer_puts(struct answer *answer, const char *string)
	__attribute__((nonnull));

/*
 * The error instead of whatever the answer was: a JSON object with one
 * sentence, without a receipt.
 *
 * In:      culprit  the sentence's subject, see err.h; may be empty
 */
void answer_error(struct answer *answer, enum oyster_err err,
		  const char *culprit)
	__attribute__((nonnull));

/*
 * An error of the model server that is in answer->reply: its status, if it
 * is one of those that are passed on, and its sentence, if it gave one.
 */
void answer_upstream_error(struct answer *answer, long status)
	__attribute__((nonnull));

/* The bytes of answer->reply, which was parsed, unchanged. */
void answer_json(struct answer *answer) __attribute__((nonnull));

/*
 * The two lines for a client that asked for a stream: the whole text in an
 * object that is not the last, and the model's own object without it.
 */
void answer_ndjson(struct answer *answer) __attribute__((nonnull));

/* Bytes of all parts. */
size_t answer_len(const struct answer *answer) __attribute__((nonnull));

/* Zero bytes are fine. */
void answer_clear(struct answer *answer) __attribute__((nonnull));

#endif
