/*
 * stretch.h - how many characters of one kind stand side by side in a text.
 *
 * Many tokenizers cut a text with std::regex, which goes a level deeper for
 * each character that one part of the expression matches, until the stack is
 * used up.  No part matches more than such a stretch: letters, digits, blanks
 * or signs; or, for a few tokenizers, all that has no blank in it.
 *
 * What is not ASCII may be of any kind; but it is no blank, unless Unicode says
 * so, and of Chinese, which has no blanks, more is told apart: U+4E00 to U+9FBF
 * are letters, the full-width U+FF01 to U+FF0F and U+FF1A to U+FF1F signs.
 * A slash is a sign, or what may stand behind signs, where blanks may.
 *
 * Lengths are in thirds of a character, four for one of four bytes.  A byte
 * that is no UTF-8 is one third, since the tokens of a context have parts of
 * characters.
 *
 * With Ollama 0.6.0 and a stack of 8 MB, more than 9,344 letters are too many
 * for tekken and gpt-4o, 26,112 characters for all others; with one of 2 MB
 * (`ulimit -s unlimited') a quarter: 2,304 letters.
 */
#ifndef OYSTER_STRETCH_H
#define OYSTER_STRETCH_H

#include "buf.h"

#define STRETCH_ONE	3	/* a character */
#define STRETCH_MAX	(2048U * STRETCH_ONE)

/* What a character may be: one of these, or several together. */
enum stretch_kind {
	STRETCH_LETTERS = 1,
	STRETCH_DIGITS = 2,
	STRETCH_BLANKS = 4,
	STRETCH_SIGNS = 8,
	STRETCH_TEXT = 11,	/* no blank */
	STRETCH_ANY = 15
};

#define STRETCH_KINDS	4

/* Zero bytes to begin with. */
struct stretch {
	size_t all;
	size_t alike;	/* the longest of one kind */
	size_t word;	/* the longest without a blank */
	size_t here[STRETCH_KINDS], here_word;	/* those that end here */
};

/* What comes next: each character of it may be of all these kinds. */
void stretch_put(struct stretch *stretch, enum stretch_kind kinds, size_t len)
	__attribute__((nonnull));

/*
 * What comes next, of several kinds: it may end one stretch and begin another,
 * and when it has a blank in it, so may words.
 */
void stretch_put_mixed(struct stretch *stretch, size_t len, bool has_blank)
	__attribute__((nonnull));

void stretch_read(struct stretch *stretch, struct text text)
	__attribute__((nonnull(1)));

/* They may come to stand beside each other. */
void stretch_join(struct stretch *sum, const struct stretch *one, size_t times)
	__attribute__((nonnull));

/* Of all texts of a request.  Zero bytes to begin with. */
struct stretches {
	struct stretch fields;	/* that a template puts in, */
	size_t times;		/* so often; 0 for once */
	struct stretch rest;
	const char *field;	/* the name of the one that has most */
	size_t most;
};

/* A prompt, say.  The name must stay. */
void stretches_add(struct stretches *stretches, const char *name,
		   struct text text) __attribute__((nonnull(1, 2)));

/* What an answer can be made to repeat. */
void stretches_add_format(struct stretches *stretches, const char *name,
			  struct text text) __attribute__((nonnull(1, 2)));

/* All of a template may come together: what it puts in may be nothing. */
void stretches_add_template(struct stretches *stretches, const char *name,
			    struct text text, size_t outputs)
	__attribute__((nonnull(1, 2)));

/* The longest that there can be when all is put together, or a longer one. */
struct stretch stretches_sum(const struct stretches *stretches)
	__attribute__((nonnull));

#endif
