/* How many characters of one kind stand side by side, and what tokenizers bear. */
#include <stdlib.h>
#include <string.h>

#include "fcgi/tokenizer.h"
#include "tests/unit/ask.h"
#include "tests/unit/tap.h"

#define GIVEN(words)	((struct text){ words, sizeof(words) - 1 })

static struct stretch stretch_of(struct text text)
{
	struct stretch stretch = { 0 };

	stretch_read(&stretch, text);
	return stretch;
}

static const struct {
	const char *text;
	size_t alike, word;	/* thirds of a character */
} rows[] = {
	{ "", 0, 0 }, { "a", 3, 3 }, { "abc", 9, 9 }, { "aBc XYz", 9, 9 }, { "ab1234c", 12, 21 }, { "a b c", 3, 3 },
	{ "    ", 12, 0 }, { " \t\n\v\f\r", 18, 0 }, { "!\"#$%&'()*+,-./", 45, 45 }, { ":;<=>?@[\\]^_`{|}~", 51, 51 },
	{ "\x01\x1f\x7f", 9, 9 }, { "\x08\x0e", 6, 6 }, { "@AZ[", 6, 12 }, { "`az{", 6, 12 }, { "/09:", 6, 12 }, { "/\n/\n", 12, 3 }, { "a/b", 3, 9 }, { "1/!", 6, 9 },
	{ "aaa11 22bbb", 9, 15 }, { "a.....b", 15, 21 },
	/* what is not ASCII may be any of it but a blank */
	{ "\xc3\xa9", 3, 3 }, { "caf\xc3\xa9", 12, 12 }, { "\xc3\xa9t\xc3\xa9", 9, 9 }, { "\xdf\xbf\xc2\x80", 6, 6 }, { "\xc3", 1, 1 }, { "\xc3\xc3\xa9", 4, 4 }, { "\xc3!", 4, 4 }, { "!\xa9", 4, 4 }, { "ab\xe3\x81\x82" "12", 9, 15 }, { "ab\xe3\x81\x82" "cd", 15, 15 },
	{ "a\xe3\x81\x82 ", 6, 6 }, { "1\xe3\x81\x82\xe3\x81\x82", 9, 9 }, { "1 \xe3\x81\x82\xe3\x81\x82", 6, 6 }, { "\xf0\x9f\xa6\x80\xf0\x9f\xa6\x80", 8, 8 },
	{ "!\xe3\x81\x82" "a!\xe3\x81\x82\xe3\x81\x82!", 12, 21 }, { "a\xe3\x81\x82 \xe3\x81\x82" "b", 6, 6 }, { "\x80\x80", 2, 2 }, { "\xe3\x81\x82\xe3\x80\x82\xe3\x81\x82", 9, 9 },
	{ "\xd1\x81\xd0\xbb \xd1\x81\xd0\xbb\xd0\xbb", 9, 9 }, { "\xf0\x9f\xa6\x80 ", 4, 4 }, { "\xf0\x9f\xa6 ", 6, 3 }, { "\xf0\x9f\xa6" "a ", 6, 6 }, { "\xf8\x9f\xa6\x80 ", 7, 4 },
	/* unless it is one */
	{ "a\xc2\xa0" "b", 9, 9 }, { "\xc2\xa0 ", 6, 3 }, { "\xc2\x85 ", 6, 3 }, { "\xc2\x84 ", 3, 3 }, { "\xc2\x86 ", 3, 3 }, { "\xc2\xa1 ", 3, 3 }, { "\xc2\x9f ", 3, 3 },
	{ "\xe1\x9a\x80 ", 6, 3 }, { "\xe1\x99\xbf ", 3, 3 }, { "\xe1\x9a\x81 ", 3, 3 }, { "\xe1\xbf\xbf ", 3, 3 }, { "\xe2\x80\x80 ", 6, 3 }, { "\xe2\x80\x8a ", 6, 3 }, { "\xe2\x80\x8b ", 3, 3 },
	{ "\xe2\x80\xa7 ", 3, 3 }, { "\xe2\x80\xa8 ", 6, 3 }, { "\xe2\x80\xa9 ", 6, 3 }, { "\xe2\x80\xaa ", 3, 3 }, { "\xe2\x80\xae ", 3, 3 }, { "\xe2\x80\xaf ", 6, 3 }, { "\xe2\x80\xb0 ", 3, 3 },
	{ "\xe2\x81\x9e ", 3, 3 }, { "\xe2\x81\x9f ", 6, 3 }, { "\xe2\x81\xa0 ", 3, 3 }, { "\xe2\xbf\xbf ", 3, 3 }, { "\xe3\x80\x80 ", 6, 3 }, { "\xe3\x80\x81 ", 3, 3 },
	/* but for Chinese letters */
	{ "\xe4\xb8\x80!", 3, 6 }, { "\xe4\xb7\xbf!", 6, 6 }, { "\xe9\xbe\xbf!", 3, 6 }, { "\xe9\xbf\x80!", 6, 6 }, { "a\xe4\xb8\x96", 6, 6 }, { "\xe4\xb8", 2, 2 }, { "\xe4\xb8!", 5, 5 },
	{ "!\xe4!\x96", 8, 8 }, { "\xe4\xb8\xc0!", 6, 6 }, { "\xe4\xb8\x40!", 8, 8 }, { "\xe4\x38\x96!", 5, 8 }, { "\xf4\xb8\x96!", 6, 6 },
	/* and signs of full width */
	{ "\xe4\xb8\x96\xe4\xb8\x96\xef\xbc\x8c\xe4\xb8\x96", 6, 12 }, { "\xe4\xb8\x96\xef\xbc\x81\xe4\xb8\x96", 3, 9 }, { "a\xef\xbc\x8f" "a", 3, 9 }, { "a\xef\xbc\x9a" "a", 3, 9 }, { "a\xef\xbc\x9f" "a", 3, 9 },
	{ "a\xef\xbc\x80" "a", 9, 9 }, { "a\xef\xbc\x90" "a", 9, 9 }, { "a\xef\xbc\x99" "a", 9, 9 }, { "a\xef\xbc\xa0" "a", 9, 9 }, { "a\xef\xbc\xa1" "a", 9, 9 }, { "a\xef\xbd\x81" "a", 9, 9 },
	{ "!\xef\xbc\x8c!", 9, 9 }, { "a\xef\xbc", 5, 5 }, { "a\xef", 4, 4 }, { "a\xef\xbd\x8c", 6, 6 }, { "a\xee\xbc\x8c" "a", 9, 9 },
};

static void the_longest_of_one_kind_counts(void)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct stretch got = stretch_of((struct text){ rows[i].text, strlen(rows[i].text) });

		CHECK_ROW(got.alike == rows[i].alike, rows[i].text);
		CHECK_ROW(got.word == rows[i].word, rows[i].text);
	}
	CHECK(stretch_of(GIVEN("\0\0!")).alike == 9);
}

static void a_text_may_come_in_pieces(void)
{
	struct stretch stretch = { 0 };

	stretch_read(&stretch, GIVEN("a bb"));
	stretch_read(&stretch, GIVEN("bb c"));
	CHECK(stretch.alike == 12 && stretch.word == 12);
	stretch_put_mixed(&stretch, 30, false);		/* c, and maybe 30 of them */
	CHECK(stretch.alike == 33 && stretch.word == 33);
	stretch_read(&stretch, GIVEN("1"));
	CHECK(stretch.alike == 33 && stretch.word == 36);
	stretch_put_mixed(&stretch, 30, true);
	CHECK(stretch.alike == 63 && stretch.word == 66);	/* all of it, 1 included, can be digits */
	stretch_read(&stretch, GIVEN("12"));
	CHECK(stretch.alike == 63 && stretch.word == 66);
}

static enum tokenizer_kind kind(const char *model, const char *pre)
{
	return tokenizer_kind((struct text){ model, strlen(model) }, (struct text){ pre, strlen(pre) });
}

static void tokenizers_are_safe_that_are_known_to_be(void)
{
	static const char *const safe[] = {
		"llama3", "llama-v3", "llama-bpe", "falcon3", "dbrx", "smaug-bpe", "chatglm-bpe", "gpt-2", "phi-2", "gigachat", "roberta-bpe",
		"mpt", "olmo", "jais", "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
	};
	static const char *const words[] = { "bloom", "gpt3-finnish", "poro-chat", "viking" };
	static const char *const others[] = {
		"qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "tekken", "gpt-4o", "deepseek-llm", "deepseek-coder", "deepseek-v3", "falcon",
		"default", "chameleon", "", "gpt2", "llama-bp", "llama-bpe2", "Llama-bpe", "new",
	};
	size_t i;

	for (i = 0; i < COUNT(safe); i++)
		CHECK_ROW(kind("gpt2", safe[i]) == TOKENIZER_SAFE, safe[i]);
	for (i = 0; i < COUNT(words); i++)
		CHECK_ROW(kind("gpt2", words[i]) == TOKENIZER_WORD, words[i]);
	for (i = 0; i < COUNT(others); i++)
		CHECK_ROW(kind("gpt2", others[i]) == TOKENIZER_STRETCH, others[i]);
	CHECK(kind("llama", "") == TOKENIZER_SAFE && kind("llama", "qwen2") == TOKENIZER_SAFE);
	CHECK(kind("", "llama-bpe") == TOKENIZER_STRETCH && kind("bert", "llama-bpe") == TOKENIZER_STRETCH);
}

/* 0 `letter', 1 ` and', 2 a blank, 3 `12', 4 `a-b', 5 five letters that may be of any kind, 6 2049 blanks and a letter */
static struct tokenizer seven(enum tokenizer_kind of_kind)
{
	struct tokenizer tokenizer = { .kind = of_kind, .size = 8 };
	char blanks[2050];

	memset(blanks, ' ', sizeof(blanks));
	blanks[2049] = 'x';
	CHECK(!tokenizer_add(&tokenizer, GIVEN("letter")) && !tokenizer_add(&tokenizer, GIVEN(" and")) &&
	      !tokenizer_add(&tokenizer, GIVEN(" ")) && !tokenizer_add(&tokenizer, GIVEN("12")) &&
	      !tokenizer_add(&tokenizer, GIVEN("a-b")) && !tokenizer_add(&tokenizer, GIVEN("\xe3\x81\x82\xe3\x81\x82\xe3\x81\x82\xe3\x81\x82\xe3\x81\x82")) &&
	      !tokenizer_add(&tokenizer, (struct text){ blanks, sizeof(blanks) }));
	return tokenizer;
}

/* A context of that many times some tokens. */
static char *context_of(const char *tokens, int times)
{
	size_t len = strlen(tokens);
	char *text = malloc((len + 1) * (size_t)times + 2), *at = text;
	int i;

	for (i = 0; i < times; i++) {
		*at++ = i ? ',' : '[';
		memcpy(at, tokens, len);
		at += len;
	}
	strcpy(at, "]");
	return text;
}

static enum oyster_err check(enum tokenizer_kind of_kind, const char *tokens, int times, size_t texts)
{
	struct tokenizer tokenizer = seven(of_kind);
	struct stretch stretch = { .alike = texts, .word = texts };
	char *context = context_of(tokens, times);
	enum oyster_err err = tokenizer_check(&tokenizer, (struct text){ context, strlen(context) }, &stretch);

	free(context);
	tokenizer_clear(&tokenizer);
	CHECK(!tokenizer.tokens && tokenizer.size == 0);
	return err;
}

static void texts_are_borne_up_to_the_limit(void)
{
	static const struct text none = { "[]", 2 };
	struct tokenizer tokenizer = { .size = 1 };
	struct stretch letters = { .alike = STRETCH_MAX + 1, .word = STRETCH_MAX }, words = { .alike = STRETCH_MAX, .word = STRETCH_MAX + 1 };

	CHECK(!tokenizer_check(&tokenizer, none, &words) && tokenizer_check(&tokenizer, none, &letters) == OYSTER_ESTRETCH);
	tokenizer.kind = TOKENIZER_WORD;
	CHECK(!tokenizer_check(&tokenizer, none, &letters) && tokenizer_check(&tokenizer, none, &words) == OYSTER_ESTRETCH);
	tokenizer.kind = TOKENIZER_SAFE;
	CHECK(!tokenizer_check(&tokenizer, none, &letters) && !tokenizer_check(&tokenizer, none, &words));
}

static const struct {
	const char *tokens;
	int times;
	size_t texts;	/* thirds of a character behind them */
	bool stretch, word;	/* whether a tokenizer of the kind bears it */
} contexts[] = {
	{ "0", 341, 6, true, true }, { "0", 341, 7, false, false }, { "0", 342, 0, false, false }, { "0,1", 10000, 6000, true, true },
	{ "0,3", 10000, 6000, true, false }, { "0,2", 10000, 6000, true, true }, { "2", 2048, 0, true, true }, { "2", 2049, 0, false, true },
	{ "4", 10000, 0, true, false }, { "1", 10000, 6000, true, true }, { "4,0", 10000, 6000, true, false }, { "5", 409, 9, true, true }, { "5", 410, 0, false, false },
	{ "5,0", 186, 6, true, true }, { "5,0", 187, 0, false, false }, { "5,0,3", 10000, 0, true, false }, { "6", 1, 0, false, false },
	{ "3", 1024, 0, true, true }, { "3", 1025, 0, false, false }, { "7", 1, 0, false, false },
};

static void a_context_is_the_text_that_it_stands_for(void)
{
	size_t i;

	for (i = 0; i < COUNT(contexts); i++) {
		CHECK_ROW(check(TOKENIZER_STRETCH, contexts[i].tokens, contexts[i].times, contexts[i].texts) ==
			  (contexts[i].stretch ? OYSTER_OK : OYSTER_ELONGCONTEXT), contexts[i].tokens);
		CHECK_ROW(check(TOKENIZER_WORD, contexts[i].tokens, contexts[i].times, contexts[i].texts) ==
			  (contexts[i].word ? OYSTER_OK : OYSTER_ELONGCONTEXT), contexts[i].tokens);
		CHECK_ROW(check(TOKENIZER_SAFE, contexts[i].tokens, contexts[i].times, contexts[i].texts) == OYSTER_OK, contexts[i].tokens);
	}
}

/* One that is longer than can be remembered is not taken for a short one. */
static void a_token_is_never_too_long_to_count(void)
{
	static char letters[100000];
	struct tokenizer tokenizer = { .kind = TOKENIZER_STRETCH, .size = 1 };
	size_t len;

	memset(letters, 'x', sizeof(letters));
	for (len = 2048; len <= sizeof(letters); len = len < 2740 ? len + 1 : len + 997) {
		CHECK(!tokenizer_add(&tokenizer, (struct text){ letters, len }));
		CHECK(tokenizer_check(&tokenizer, GIVEN("[0]"), &(struct stretch){ 0 }) == (len > 2048 ? OYSTER_ELONGCONTEXT : OYSTER_OK));
		tokenizer_clear(&tokenizer);
		tokenizer.size = 1;
		tokenizer.kind = len % 2 ? TOKENIZER_WORD : TOKENIZER_STRETCH;
	}
}

static void a_token_beyond_the_vocabulary_is_none(void)
{
	enum tokenizer_kind of_kind;

	for (of_kind = TOKENIZER_STRETCH; of_kind <= TOKENIZER_SAFE; of_kind++) {
		CHECK(!check(of_kind, "0,1,2", 1, 0));
		CHECK(check(of_kind, "8", 1, 0) == OYSTER_EVOCABULARY);
		CHECK(check(of_kind, "0,1,10,1", 1, 0) == OYSTER_EVOCABULARY);
		CHECK(check(of_kind, "0,18446744073709551617", 1, 0) == OYSTER_EVOCABULARY);
	}
}

/* In a request, all else being short: a list of members, and what it has at most. */
static struct stretch sum_of(const char *members, const char **field)
{
	char body[65536];
	struct asked asked;
	struct stretch sum;

	snprintf(body, sizeof(body), "{\"model\":\"mmmmmmmm\",%s}", members);
	asked = ask(body);
	CHECK_ROW(!asked.err, members);
	sum = stretches_sum(&asked.request.stretches);
	*field = asked.request.stretches.field;
	forget(&asked);
	return sum;
}

static const struct {
	const char *members;
	size_t alike, word;
	const char *field;
} requests[] = {
	{ "\"prompt\":\"\"", 0, 0, "prompt" }, { "\"prompt\":\"aaa 1111\"", 12, 12, "prompt" }, { "\"prompt\":\"\\u0061\\n\\n\\n\\n\"", 12, 3, "prompt" },
	{ "\"prompt\":\"a\",\"system\":\"bbb\"", 12, 12, "system" }, { "\"prompt\":\"aaaa\",\"suffix\":\"bb 11\"", 18, 18, "prompt" },
	{ "\"prompt\":\"a\",\"suffix\":\"bb\",\"system\":\"11 c\"", 15, 15, "suffix" },
	{ "\"prompt\":\"aa\",\"template\":\"x {{ .Prompt }}\"", 51, 51, "template" },
	{ "\"prompt\":\"aa\",\"system\":\"b\",\"template\":\"{{.Prompt}}{{.System}}{{.Prompt}}\"", 126, 126, "template" },
	{ "\"prompt\":\"aa\",\"template\":\"abc\"", 15, 15, "template" },
	{ "\"prompt\":\"a\",\"format\":\"json\"", 15, 21, "format" }, { "\"prompt\":\"a\",\"format\":{\"enum\":[\"bb bbbbb\"]}", 18, 39, "format" },
	{ "\"prompt\":\"a\",\"format\":{\"const\":\"\\u0062\\u0062\\u0062\\u0062\\u0062\\u0062\\u0062\"}", 24, 60, "format" },
	/* what no tokenizer gets */
	{ "\"prompt\":\"a\",\"images\":[\"AAAAAAAA\"],\"think\":\"bbbbbbbb\",\"options\":{\"stop\":[\"cccccccc\"]}", 3, 3, "prompt" },
	{ "\"prompt\":\"a\",\"dddddddd\":\"eeeeeeee\",\"system\":null", 3, 3, "prompt" },
};

static void a_request_has_what_may_come_together(void)
{
	const char *field;
	struct stretch sum;
	size_t i;

	for (i = 0; i < COUNT(requests); i++) {
		sum = sum_of(requests[i].members, &field);
		CHECK_ROW(sum.alike == requests[i].alike, requests[i].members);
		CHECK_ROW(sum.word == requests[i].word, requests[i].members);
		CHECK_ROW(!strcmp(field, requests[i].field), requests[i].members);
	}
}

/* As with the padding of qwen2's vocabulary: `letter', an unused `[PAD]', a byte, ` and'; the last without a type. */
static void of_some_tokens_nothing_is_seen_in_a_text(void)
{
	static const uint64_t types[] = { 1, 5, 6, 4, 3, 2 };
	struct tokenizer tokenizer = { .size = 7 };
	const struct stretch none = { 0 };
	size_t i;

	for (i = 0; i < COUNT(types); i++)
		CHECK(!tokenizer_add_type(&tokenizer, types[i]));
	CHECK(!tokenizer_add(&tokenizer, GIVEN("letter")) && !tokenizer_add(&tokenizer, GIVEN("[PAD1]")) &&
	      !tokenizer_add(&tokenizer, GIVEN("\x80")) && !tokenizer_add(&tokenizer, GIVEN("<u>")) &&
	      !tokenizer_add(&tokenizer, GIVEN("<c>")) && !tokenizer_add(&tokenizer, GIVEN("<d>")) &&
	      !tokenizer_add(&tokenizer, GIVEN(" and")));
	CHECK(tokenizer.count == 7);
	for (i = 1; i < 7; i++) {
		char tokens[8], *context;
		enum oyster_err want = i < 3 ? OYSTER_ELONGCONTEXT : OYSTER_OK;

		snprintf(tokens, sizeof(tokens), "0,%zu", i);
		context = context_of(tokens, 342);
		CHECK_ROW(tokenizer_check(&tokenizer, (struct text){ context, strlen(context) }, &none) == want, tokens);
		free(context);
		context = context_of(tokens, 341);
		CHECK_ROW(tokenizer_check(&tokenizer, (struct text){ context, strlen(context) }, &none) == OYSTER_OK, tokens);
		free(context);
	}
	tokenizer_clear(&tokenizer);
}

int main(void)
{
	RUN(the_longest_of_one_kind_counts);
	RUN(a_text_may_come_in_pieces);
	RUN(tokenizers_are_safe_that_are_known_to_be);
	RUN(texts_are_borne_up_to_the_limit);
	RUN(a_context_is_the_text_that_it_stands_for);
	RUN(a_token_is_never_too_long_to_count);
	RUN(a_token_beyond_the_vocabulary_is_none);
	RUN(a_request_has_what_may_come_together);
	RUN(of_some_tokens_nothing_is_seen_in_a_text);
	return DONE();
}
