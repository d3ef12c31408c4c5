/* What a tokenizer can be given; see tokenizer.h. */
#include "tokenizer.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX	1048576	/* that are remembered */
#define CHUNK		65536

/* A token: its length, and above that the kind it is of. */
#define LEN_BITS	13
#define LEN_MAX		((1U << LEN_BITS) - 1)	/* above STRETCH_MAX */
#define PACKED(kind, len)	((uint16_t)((unsigned)(kind) << LEN_BITS | (len)))

enum packed_kind { MIXED, MIXED_BLANK, LETTERS, DIGITS, BLANKS, SIGNS, TEXT, ANY };

/* By packed_kind; the first two are not of one kind. */
static const enum stretch_kind kinds[] = {
	0, 0, STRETCH_LETTERS, STRETCH_DIGITS, STRETCH_BLANKS, STRETCH_SIGNS,
	STRETCH_TEXT, STRETCH_ANY,
};

#define NO_TEXT		PACKED(ANY, 0)	/* what is before it joins what is behind */
#define UNTOLD		PACKED(ANY, LEN_MAX)	/* anything must be thought of it */

#define LAST_WITH_TEXT	4	/* of GGUF's types: normal, unknown, control, user defined */

/* As in Ollama 0.6.0, where a name that is not known stands for `default'. */
static const struct {
	const char *pre;
	enum tokenizer_kind kind;
} known[] = {
	{ "llama3", TOKENIZER_SAFE }, { "llama-v3", TOKENIZER_SAFE },
	{ "llama-bpe", TOKENIZER_SAFE }, { "falcon3", TOKENIZER_SAFE },
	{ "dbrx", TOKENIZER_SAFE }, { "smaug-bpe", TOKENIZER_SAFE },
	{ "chatglm-bpe", TOKENIZER_SAFE },
	{ "gpt-2", TOKENIZER_SAFE }, { "phi-2", TOKENIZER_SAFE },
	{ "gigachat", TOKENIZER_SAFE }, { "roberta-bpe", TOKENIZER_SAFE },
	{ "mpt", TOKENIZER_SAFE }, { "olmo", TOKENIZER_SAFE },
	{ "jais", TOKENIZER_SAFE },
	{ "starcoder", TOKENIZER_SAFE }, { "refact", TOKENIZER_SAFE },
	{ "command-r", TOKENIZER_SAFE }, { "smollm", TOKENIZER_SAFE },
	{ "codeshell", TOKENIZER_SAFE }, { "exaone", TOKENIZER_SAFE },
	{ "minerva-7b", TOKENIZER_SAFE },
	{ "bloom", TOKENIZER_WORD }, { "gpt3-finnish", TOKENIZER_WORD },
	{ "poro-chat", TOKENIZER_WORD }, { "viking", TOKENIZER_WORD },
};

static bool is(struct text text, const char *name)
{
	return text_equal(text, (struct text){ name, strlen(name) });
}

enum tokenizer_kind tokenizer_kind(struct text model, struct text pre)
{
	size_t i;

	if (is(model, "llama"))		/* SentencePiece */
		return TOKENIZER_SAFE;
	for (i = 0; is(model, "gpt2") && i < sizeof(known) / sizeof(known[0]); i++)
		if (is(pre, known[i].pre))
			return known[i].kind;
	return TOKENIZER_STRETCH;
}

/* Whether all of the characters that were counted may be of these kinds. */
static bool is_all(const struct stretch *stretch, enum stretch_kind of)
{
	int i;

	for (i = 0; i < STRETCH_KINDS; i++)
		if (of >> i & 1 && stretch->here[i] < stretch->all)
			return false;
	return true;
}

static uint16_t pack(struct text token)
{
	struct stretch stretch = { 0 };
	int kind = ANY;

	if (token.len > STRETCH_MAX / STRETCH_ONE)	/* it may have been cut */
		return UNTOLD;
	stretch_read(&stretch, token);
	while (kind > MIXED_BLANK && !is_all(&stretch, kinds[kind]))
		kind--;
	if (kind == MIXED_BLANK && stretch.word == stretch.all)
		kind = MIXED;
	return PACKED(kind, stretch.all);
}

/* Room for one more than count. */
static enum oyster_err make_room(struct tokenizer *tokenizer, size_t count)
{
	uint16_t *tokens = tokenizer->tokens;

	if (count < tokenizer->cap)
		return OYSTER_OK;
	tokens = realloc(tokens, (tokenizer->cap + CHUNK) * sizeof(*tokens));
	if (!tokens)
		return OYSTER_ENOMEM;
	tokenizer->tokens = tokens;
	tokenizer->cap += CHUNK;
	return OYSTER_OK;
}

enum oyster_err tokenizer_add_type(struct tokenizer *tokenizer, uint64_t type)
{
	if (tokenizer->typed == TOKENS_MAX)
		return OYSTER_OK;
	if (make_room(tokenizer, tokenizer->typed))
		return OYSTER_ENOMEM;
	tokenizer->tokens[tokenizer->typed++] =
		type > LAST_WITH_TEXT ? NO_TEXT : UNTOLD;
	return OYSTER_OK;
}

enum oyster_err tokenizer_add(struct tokenizer *tokenizer, struct text token)
{
	size_t i = tokenizer->count;

	if (i == TOKENS_MAX)
		return OYSTER_OK;
	if (make_room(tokenizer, i))
		return OYSTER_ENOMEM;
	if (i >= tokenizer->typed || tokenizer->tokens[i] != NO_TEXT)
		tokenizer->tokens[i] = pack(token);
	tokenizer->count++;
	return OYSTER_OK;
}

static void put_token(const struct tokenizer *tokenizer,
		      struct stretch *stretch, uint64_t token)
{
	unsigned packed = token < tokenizer->count ? tokenizer->tokens[token] : UNTOLD;
	unsigned kind = packed >> LEN_BITS;
	size_t len = packed & LEN_MAX;

	if (kind > MIXED_BLANK)
		stretch_put(stretch, kinds[kind], len);
	else
		stretch_put_mixed(stretch, len, kind == MIXED_BLANK);
}

/* Whether all tokens are below the size, and the stretches of their texts. */
static bool knows(const struct tokenizer *tokenizer, struct text context,
		  struct stretch *stretch)
{
	bool is_safe = tokenizer->kind == TOKENIZER_SAFE;
	uint64_t token = 0;
	size_t i;

	for (i = 1; i < context.len; i++) {	/* behind the bracket */
		char c = context.at[i];

		if (c >= '0' && c <= '9') {
			token = 10 * token + (uint64_t)(c - '0');
			if (token >= tokenizer->size)
				return false;
			continue;
		}
		if (!is_safe && context.len > 2)
			put_token(tokenizer, stretch, token);
		token = 0;
	}
	return true;
}

static bool bears(const struct tokenizer *tokenizer,
		  const struct stretch *stretch)
{
	if (tokenizer->kind == TOKENIZER_SAFE)
		return true;
	return (tokenizer->kind == TOKENIZER_WORD ? stretch->word :
						    stretch->alike) <= STRETCH_MAX;
}

enum oyster_err tokenizer_check(const struct tokenizer *tokenizer,
				struct text context,
				const struct stretch *texts)
{
	struct stretch all = { 0 };

	if (!knows(tokenizer, context, &all))
		return OYSTER_EVOCABULARY;
	if (!bears(tokenizer, texts))
		return OYSTER_ESTRETCH;
	stretch_join(&all, texts, 1);
	return bears(tokenizer, &all) ? OYSTER_OK : OYSTER_ELONGCONTEXT;
}

void tokenizer_clear(struct tokenizer *tokenizer)
{
	free(tokenizer->tokens);
	memset(tokenizer, 0, sizeof(*tokenizer));
}
