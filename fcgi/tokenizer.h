/*
 * tokenizer.h - what a model's tokenizer can be given, as far as it is told.
 *
 * A token beyond its vocabulary ends the model server, and so does a long
 * stretch of characters of one kind when it cuts texts with std::regex
 * (stretch.h).  Ollama turns a context into text again, and puts the prompt
 * behind it: so of such a tokenizer the kinds and lengths of all tokens are
 * known, two bytes for each.
 */
#ifndef OYSTER_TOKENIZER_H
#define OYSTER_TOKENIZER_H

#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "stretch.h"

enum tokenizer_kind {
	TOKENIZER_STRETCH,	/* may be deep in a stretch of one kind */
	TOKENIZER_WORD,		/* in one without a blank */
	TOKENIZER_SAFE		/* does without std::regex */
};

/* Zero bytes to begin with; to be released with tokenizer_clear. */
struct tokenizer {
	enum tokenizer_kind kind;
	uint64_t size;		/* tokens */
	uint16_t *tokens;	/* unless it is safe */
	size_t typed;		/* of which the type is known */
	size_t count, cap;	/* of them */
};

/* Of tokenizer.ggml.model and tokenizer.ggml.pre. */
enum tokenizer_kind tokenizer_kind(struct text model, struct text pre);

/*
 * The next token's type, as in GGUF's tokenizer.ggml.token_type: of unused ones
 * (5) and bytes (6) nothing is seen in a text.  All types come before the first
 * token.
 */
enum oyster_err tokenizer_add_type(struct tokenizer *tokenizer, uint64_t type)
	__attribute__((nonnull, warn_unused_result));

/* The next token, in bytes. */
enum oyster_err tokenizer_add(struct tokenizer *tokenizer, struct text token)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * In:      context  without white space, or `[]'
 *          texts    the longest stretches of what is put behind it
 * Returns: OYSTER_OK, OYSTER_EVOCABULARY, OYSTER_ESTRETCH by what is in the
 *          texts alone, OYSTER_ELONGCONTEXT by what is in the context
 */
enum oyster_err tokenizer_check(const struct tokenizer *tokenizer,
				struct text context,
				const struct stretch *texts)
	__attribute__((nonnull, warn_unused_result));

void tokenizer_clear(struct tokenizer *tokenizer) __attribute__((nonnull));

#endif
