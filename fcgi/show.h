/*
 * show.h - the model server's reply to /api/show, as far as it tells of the
 * model's tokenizer.
 *
 * The reply has megabytes, so it is read as it comes and hardly anything of it
 * is kept: the elements of model_info."tokenizer.ggml.tokens" are counted, and
 * where these are left out, the number in model_info."*.vocab_size" is taken.
 */
#ifndef OYSTER_SHOW_H
#define OYSTER_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "tokenizer.h"

#define SHOW_NAME	64	/* bytes of a name that are looked at */
#define SHOW_TOKEN	2049	/* bytes of a token; what is longer is cut */

struct show_name {
	char at[SHOW_NAME];
	size_t len;	/* bytes, also of a longer one */
};

/* Zero bytes to begin with; to be released with show_clear. */
struct show {
	uint64_t objects;	/* a bit for each level that is an object */
	unsigned depth;		/* levels that are open */
	bool in_string;
	bool in_escape;
	bool is_key;		/* the next string, or this one, is a key */
	bool in_info;		/* the member of the outer object is model_info */
	bool in_size;		/* within the number of a vocab_size */
	bool in_tokens, in_types;
	bool keeps_tokens;	/* of a tokenizer that is not known to be safe */
	bool is_whole;
	bool is_bad;		/* not what the model server sends */
	struct show_name name;	/* of the member of one of the two outer levels */
	struct show_name model, pre;	/* of the tokenizer */
	struct show_name *value;	/* the one that this string is, or NULL */
	uint64_t number;
	uint64_t size;		/* the smallest vocab_size */
	uint64_t tokens;
	struct tokenizer tokenizer;
	char token[SHOW_TOKEN];	/* as the tokenizer has it: bytes */
	size_t token_len;
	unsigned char lead;	/* the first byte of a character of two, then */
	unsigned hex;		/* digits that come */
	bool is_lost;		/* a token, for want of memory */
};

/* The next bytes of the reply. */
void show_read(struct show *show, const char *bytes, size_t len)
	__attribute__((nonnull));

/* After the last: how many tokens the model knows, or 0 if it is not said. */
uint64_t show_size(const struct show *show) __attribute__((nonnull));

/*
 * After the last.
 *
 * Out:     tokenizer  to be released with tokenizer_clear; its size is 0 if it
 *                     is not said
 * Returns: OYSTER_OK, OYSTER_ENOMEM
 */
enum oyster_err show_take(struct show *show, struct tokenizer *tokenizer)
	__attribute__((nonnull, warn_unused_result));

void show_clear(struct show *show) __attribute__((nonnull));

#endif
