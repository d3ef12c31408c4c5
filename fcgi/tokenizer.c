/* What a tokenizer can be given; see tokenizer.h. */
#include "tokenizer.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX	1048576	/* that are remembered */
#define CHUNK		65536

/* A token: its length, and above that the kind it is of, or one of these. */
#define LEN_BITS	13
#define LEN_MAX		((1U << LEN_BITS) - 1)	/* above STRETCH_MAX */
#define MIXED		5U
#define MIXED_BLANK	6U

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

/* A token that is of one kind, to the last byte, says which. */
static uint16_t pack(struct text token)
{
	struct stretch stretch = { 0 };
	unsigned kind = MIXED_BLANK;
	size_t len;

	stretch_read(&stretch, token);
	if (stretch.alike == stretch.all)
		kind = stretch.kind;
	else if (stretch.word == stretch.all)
		kind = MIXED;
	len = stretch.all < LEN_MAX ? stretch.all : LEN_MAX;
	return (uint16_t)(kind << LEN_BITS | len);
}

enum oyster_err tokenizer_add(struct tokenizer *tokenizer, struct text token)
{
	uint16_t *tokens = tokenizer->tokens;

	if (tokenizer->count == TOKENS_MAX)
		return OYSTER_OK;
	if (tokenizer->count == tokenizer->cap) {
		tokens = realloc(tokens, (tokenizer->cap + CHUNK) * sizeof(*tokens));
		if (!tokens)
			return OYSTER_ENOMEM;
		tokenizer->tokens = tokens;
		tokenizer->cap += CHUNK;
	}
	tokens[tokenizer->count++] = pack(token);
	return OYSTER_OK;
}

/* Of a token that is not remembered anything must be thought. */
static void put_token(const struct tokenizer *tokenizer,
		      struct stretch *stretch, uint64_t token)
{
	unsigned packed = MIXED << LEN_BITS | LEN_MAX;
	unsigned kind;
	size_t len;

	if (token < tokenizer->count)
		packed = tokenizer->tokens[token];
	kind = packed >> LEN_BITS;
	len = packed & LEN_MAX;
	if (kind < MIXED)
		stretch_put(stretch, (enum stretch_kind)kind, len);
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

enum oyster_err tokenizer_check(const struct tokenizer *tokenizer,
				struct text context,
				const struct stretch *texts)
{
	struct stretch told = { 0 };
	struct stretch all = *texts;

	if (!knows(tokenizer, context, &told))
		return OYSTER_EVOCABULARY;
	stretch_join(&all, &told, 1);
	if (tokenizer->kind == TOKENIZER_STRETCH && all.alike > STRETCH_MAX)
		return OYSTER_ESTRETCH;
	if (tokenizer->kind == TOKENIZER_WORD && all.word > STRETCH_MAX)
		return OYSTER_ESTRETCH;
	return OYSTER_OK;
}

void tokenizer_clear(struct tokenizer *tokenizer)
{
	free(tokenizer->tokens);
	memset(tokenizer, 0, sizeof(*tokenizer));
}
