/*
 * show.h - the model server's reply to /api/show, as far as it tells how many
 * tokens a model knows.
 *
 * The reply has megabytes, so it is read as it comes and nothing of it is
 * kept: the elements of model_info."tokenizer.ggml.tokens" are counted, and
 * where these are left out, the number in model_info."*.vocab_size" is taken.
 */
#ifndef OYSTER_SHOW_H
#define OYSTER_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHOW_NAME	64	/* bytes of a key that are looked at */

/* Zero bytes to begin with. */
struct show {
	uint64_t objects;	/* a bit for each level that is an object */
	unsigned depth;		/* levels that are open */
	bool in_string;
	bool in_escape;
	bool is_key;		/* the next string, or this one, is a key */
	bool in_info;		/* the member of the outer object is model_info */
	bool in_size;		/* within the number of a vocab_size */
	bool in_tokens;
	bool is_whole;
	bool is_bad;		/* not what the model server sends */
	char name[SHOW_NAME];	/* of the member of one of the two outer levels */
	size_t name_len;	/* bytes, also of a longer one */
	uint64_t number;
	uint64_t size;		/* the smallest vocab_size */
	uint64_t tokens;
};

/* The next bytes of the reply. */
void show_read(struct show *show, const char *bytes, size_t len)
	__attribute__((nonnull));

/* After the last: how many tokens the model knows, or 0 if it is not said. */
uint64_t show_size(const struct show *show) __attribute__((nonnull));

#endif
