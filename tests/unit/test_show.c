/* What tokenizer a model has, from the reply to /api/show, in whatever pieces it comes. */
#include <string.h>

#include "fcgi/show.h"
#include "tests/unit/tap.h"

#define INFO(members)	"{\"license\":\"x\",\"model_info\":{" members "},\"z\":[1]}"
#define TOKENS(list)	"\"tokenizer.ggml.tokens\":" list

/* In pieces of that many bytes. */
static uint64_t size_of(const char *text, size_t len, size_t piece)
{
	struct show show = { 0 };
	size_t i;

	for (i = 0; i < len; i += piece)
		show_read(&show, text + i, len - i < piece ? len - i : piece);
	show_clear(&show);
	return show_size(&show);
}

static const struct {
	const char *text;
	uint64_t size;
} rows[] = {
	{ INFO(TOKENS("[\"a\"]")), 1 }, { INFO(TOKENS("[\"a\",\"b\",\"c\"]")), 3 }, { INFO(TOKENS(" [ \"a\" , \"b\" ] ")), 2 },
	{ INFO(TOKENS("[\"[\",\"]\",\"{\",\"}\",\",\",\"\\\"\",\"\\\\\",\"\\u003c\"]")), 8 }, { INFO(TOKENS("[\"\",\"model_info\"]") ",\"a\":{}"), 2 },
	{ INFO("\"tokenizer.ggml.merges\":[\"a b\",\"c d\"]," TOKENS("[\"a\"]") ",\"tokenizer.ggml.token_type\":[1,2]"), 1 },
	{ INFO("\"llama.vocab_size\":128256"), 128256 }, { INFO("\"llama.vocab_size\": 12 ,\"b\":1"), 12 }, { INFO("\"llama.vocab_size\":12"), 12 },
	{ INFO("\"llama.vocab_size\":9,\"x.vocab_size\":7"), 7 }, { INFO("\"llama.vocab_size\":9," TOKENS("null")), 9 },
	{ INFO("\"llama.vocab_size\":9," TOKENS("[\"a\"]")), 1 }, { INFO(TOKENS("[\"a\",\"b\"]") ",\"llama.vocab_size\":1"), 2 },
	{ INFO("\"llama.vocab_size\":2147483648"), 2147483648U }, { "\n{\"model_info\":{" TOKENS("[\"a\"]") "}}\n", 1 },
	{ INFO("\"a\":{\"b\":[{\"c\":1}]}," TOKENS("[\"a\",\"b\"]")), 2 },
	{ INFO("\"llama.vocab_size\":7,\"x.vocab_size\":9"), 7 }, { INFO(TOKENS("[[\"a\",\"b\"],\"c\"]")), 1 },
	/* not said */
	{ "", 0 }, { "{}", 0 }, { "\"a\"", 0 }, { ",", 0 }, { "[]", 0 }, { "null", 0 }, { INFO(""), 0 }, { INFO(TOKENS("null")), 0 }, { INFO(TOKENS("[]")), 0 }, { INFO(TOKENS("\"a\"")), 0 },
	{ INFO(TOKENS("{\"a\":\"b\"}")), 0 }, { INFO(TOKENS("[1,2]")), 0 }, { INFO("\"llama.vocab_size\":0"), 0 }, { INFO("\"llama.vocab_size\":\"9\""), 0 },
	{ INFO("\"llama.vocab_size\":null,\"a\":9"), 0 }, { INFO("\"llama.vocab_size\":[9]"), 0 }, { INFO("\"llama.vocab_sizes\":9"), 0 }, { INFO("\".vocab_size\":9"), 0 },
	{ INFO("\"a\":{\"llama.vocab_size\":9," TOKENS("[\"a\"]") "}"), 0 }, { INFO("\"llama.vocab_size\":2147483649"), 0 },
	{ INFO("\"llama.vocab_size\":99999999999999999999999"), 0 },
	{ "{" TOKENS("[\"a\"]") ",\"llama.vocab_size\":9}", 0 }, { "{\"projector_info\":{" TOKENS("[\"a\"]") ",\"llama.vocab_size\":9}}", 0 },
	{ "{\"model_info\":[{" TOKENS("[\"a\"]") "}]}", 0 }, { "{\"a\":{\"model_info\":{" TOKENS("[\"a\"]") "}}}", 0 },
	{ "[{\"model_info\":{" TOKENS("[\"a\"]") "}}]", 0 }, { INFO("\"x\":\"\\\"," TOKENS("[\\\"a\\\"]") "\""), 0 }, { INFO("\"tokenizer\\u002eggml.tokens\":[\"a\"]"), 0 },
	/* not whole, or not sound */
	{ "{\"model_info\":{" TOKENS("[\"a\"]") "}", 0 }, { "{\"model_info\":{" TOKENS("[\"a\""), 0 }, { INFO(TOKENS("[\"a\"]")) "}", 0 }, { INFO(TOKENS("[\"a\"]")) "{}", 0 },
	{ INFO(TOKENS("[\"a\"}")), 0 }, { INFO(TOKENS("[\"a\"],\"b\":]")), 0 }, { INFO(TOKENS("[\"a\"]") "," TOKENS("[\"a\",\"b\"]")), 0 }, { "}", 0 }, { "]", 0 },
	{ INFO(TOKENS("[\"a\"]") ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		  "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), 0 },
};

static void the_size_is_what_model_info_says(void)
{
	size_t i, piece;

	for (i = 0; i < COUNT(rows); i++)
		for (piece = 1; piece <= strlen(rows[i].text) + 1; piece++)
			CHECK_ROW(size_of(rows[i].text, strlen(rows[i].text), piece) == rows[i].size, rows[i].text);
}

static void half_of_it_says_nothing(void)
{
	static const char text[] = INFO("\"llama.vocab_size\":9," TOKENS("[\"a\",\"b\"]"));
	size_t len;

	for (len = 0; len < strlen(text); len++)
		CHECK_ROW(size_of(text, len, len + 1) == 0, text);
}

static void a_name_longer_than_any_is_none(void)
{
	char text[400];
	int len = snprintf(text, sizeof(text), "{\"model_info\":{\"%0100d.vocab_size\":9}}", 0);

	CHECK(size_of(text, (size_t)len, 7) == 0);
}

#define PRE(pre)	"\"tokenizer.ggml.model\":\"gpt2\",\"tokenizer.ggml.pre\":\"" pre "\","

static const struct {
	const char *text;
	enum tokenizer_kind kind;
} kinds[] = {
	{ INFO(PRE("llama-bpe") TOKENS("[\"a\"]")), TOKENIZER_SAFE }, { INFO(PRE("viking") TOKENS("[\"a\"]")), TOKENIZER_WORD }, { INFO(PRE("qwen2") TOKENS("[\"a\"]")), TOKENIZER_STRETCH },
	{ INFO(TOKENS("[\"a\"]") ",\"tokenizer.ggml.pre\":\"mpt\",\"tokenizer.ggml.model\" : \"gpt2\""), TOKENIZER_SAFE },
	{ INFO("\"tokenizer.ggml.model\":\"llama\"," TOKENS("[\"a\"]")), TOKENIZER_SAFE }, { INFO("\"tokenizer.ggml.pre\":\"llama\"," TOKENS("[\"a\"]")), TOKENIZER_STRETCH },
	{ INFO("\"tokenizer.ggml.model\":null," TOKENS("[\"llama\"]")), TOKENIZER_STRETCH }, { INFO("\"tokenizer.ggml.model\":[\"llama\"]," TOKENS("[\"a\"]")), TOKENIZER_STRETCH },
	{ INFO("\"a\":\"llama\"," TOKENS("[\"a\"]")), TOKENIZER_STRETCH }, { "{\"tokenizer.ggml.model\":\"llama\",\"model_info\":{" TOKENS("[\"a\"]") "}}", TOKENIZER_STRETCH },
	{ INFO("\"x\":{\"tokenizer.ggml.model\":\"llama\"}," TOKENS("[\"a\"]")), TOKENIZER_STRETCH }, { INFO("\"tokenizer.ggml.model\":\"llam\\u0061\"," TOKENS("[\"a\"]")), TOKENIZER_STRETCH },
	{ INFO("\"tokenizer.ggml.model\":\"llama0123456789012345678901234567890123456789012345678901234567890123456789\"," TOKENS("[\"a\"]")), TOKENIZER_STRETCH },
};

static struct tokenizer tokenizer_of(const char *text, size_t piece)
{
	struct show show = { 0 };
	struct tokenizer tokenizer;
	size_t i, len = strlen(text);

	for (i = 0; i < len; i += piece)
		show_read(&show, text + i, len - i < piece ? len - i : piece);
	CHECK_ROW(!show_take(&show, &tokenizer), text);
	show_clear(&show);
	return tokenizer;
}

static void how_texts_are_cut_is_what_model_info_says(void)
{
	struct tokenizer tokenizer;
	size_t i, piece;

	for (i = 0; i < COUNT(kinds); i++)
		for (piece = 1; piece <= strlen(kinds[i].text) + 1; piece++) {
			tokenizer = tokenizer_of(kinds[i].text, piece);
			CHECK_ROW(tokenizer.kind == kinds[i].kind && tokenizer.size == 1, kinds[i].text);
			tokenizer_clear(&tokenizer);
		}
}

/* A token as it stands in the list, and as bytes. */
static const struct {
	const char *listed;
	struct text bytes;
} tokens[] = {
#define ROW(listed, bytes)	{ listed, { bytes, sizeof(bytes) - 1 } }
	ROW("", ""), ROW("abc", "abc"), ROW("a1", "a1"), ROW("\xc4\xa0word", " word"), ROW("\xc4\xa0\xc4\xa0", "  "), ROW("\xc4\x8a\xc4\x8a", "\n\n"), ROW("\xc4\x8d\xc4\x89", "\r\t"),
	ROW("\xc3\xa4\xc2\xb8\xc4\xb8", "\xe4\xb8\x96"), ROW("\xc3\xaf\xc2\xbc\xc4\xae", "\xef\xbc\x8c"), ROW("\xc3\xaf\xc2\xbc\xc4\xae" "a", "\xef\xbc\x8c" "a"), ROW("\xc3\xa4", "\xe4"),
	ROW("\xc4\x80\xc4\xa1", "\0\x7f"), ROW("\xc4\xa2\xc5\x82\xc5\x83", "\x80\xa0\xad"), ROW("\xc2\xa1\xc3\xbf", "\xa1\xff"), ROW("\xe2\x96\x81" "a", "\xe2\x96\x81" "a"),
	ROW("<|im_end|>", "<|im_end|>"), ROW("]],[{", "]],[{"),
	/* an escape may be anything */
	ROW("\\u003c", "\x80\x80\x80"), ROW("\\u003c\\u003E", "\x80\x80\x80\x80\x80\x80"), ROW("a\\\"", "a\x80\x80\x80"), ROW("\\\\\\\\b", "\x80\x80\x80\x80\x80\x80" "b"),
	/* half a pair is none */
	ROW("\xc4" "b", "b"), ROW("\xc4\xc4\xa0", " "), ROW("b\xc4", "b"),
	ROW("\\u003ca1", "\x80\x80\x80" "a1"), ROW("\xc4\\u003c", "\x80\x80\x80"),
};

static void tokens_are_the_bytes_that_they_stand_for(void)
{
	struct tokenizer tokenizer, want;
	char text[256];
	size_t i, piece;

	for (i = 0; i < COUNT(tokens); i++) {
		want = (struct tokenizer){ 0 };
		CHECK(!tokenizer_add(&want, (struct text){ "xyz", 3 }) && !tokenizer_add(&want, tokens[i].bytes));
		snprintf(text, sizeof(text), INFO(PRE("tekken") TOKENS("[\"xyz\",\"%s\",\"12\"]")), tokens[i].listed);
		for (piece = 1; piece < 20; piece++) {
			tokenizer = tokenizer_of(text, piece);
			CHECK_ROW(tokenizer.count == 3 && !memcmp(tokenizer.tokens, want.tokens, 2 * sizeof(*want.tokens)), text);
			tokenizer_clear(&tokenizer);
		}
		tokenizer_clear(&want);
	}
}

static void a_token_longer_than_any_is_cut(void)
{
	static char text[8192];
	struct tokenizer tokenizer;

	snprintf(text, sizeof(text), INFO(TOKENS("[\"%04000d\",\"a\"]")), 0);
	tokenizer = tokenizer_of(text, 100);
	CHECK(tokenizer.count == 2);
	CHECK(tokenizer_check(&tokenizer, (struct text){ "[1]", 3 }, &(struct stretch){ 0 }) == OYSTER_OK);
	CHECK(tokenizer_check(&tokenizer, (struct text){ "[0]", 3 }, &(struct stretch){ 0 }) == OYSTER_ELONGCONTEXT);
	tokenizer_clear(&tokenizer);
}

static void of_a_safe_one_no_token_is_kept(void)
{
	struct tokenizer tokenizer = tokenizer_of(INFO(PRE("llama-bpe") TOKENS("[\"a\"]")), 3);

	CHECK(tokenizer.size == 1 && tokenizer.count == 0 && !tokenizer.tokens);
	tokenizer_clear(&tokenizer);
}

/* One token letter, and one that is nothing between two of them. */
static enum oyster_err check_joined(const char *text, size_t piece)
{
	struct tokenizer tokenizer = tokenizer_of(text, piece);
	static char context[2050 * 4 + 2] = "[0";
	enum oyster_err err;
	int i;

	for (i = 0; i < 2049; i++)
		memcpy(context + 2 + 4 * i, ",1,0", 4);
	context[2 + 4 * i] = ']';
	err = tokenizer_check(&tokenizer, (struct text){ context, strlen(context) }, &(struct stretch){ 0 });
	CHECK_ROW(tokenizer.count == (tokenizer.kind == TOKENIZER_SAFE ? 0 : 3), text);
	tokenizer_clear(&tokenizer);
	return err;
}

static void types_are_read_before_tokens(void)
{
	static const struct {
		const char *text;
		enum oyster_err err;
	} typed[] = {
		{ INFO(PRE("qwen2") TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.token_type\":[1,5,1]," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_ELONGCONTEXT },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.token_type\": [ 1 , 6 , 1 ] ," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_ELONGCONTEXT },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.token_type\":[1,4,5]," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.scores\":[1,5,1]," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("qwen2") "\"x\":{\"tokenizer.ggml.token_type\":[1,5,1]}," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.token_type\":[[1,5,1]]," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("qwen2") "\"tokenizer.ggml.token_type\":{\"a\":[1,5],\"b\":5}," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
		{ INFO(PRE("llama-bpe") "\"tokenizer.ggml.token_type\":[1,5,1]," TOKENS("[\"a\",\"[P]\",\"b\"]")), OYSTER_OK },
	};
	size_t i, piece;

	for (i = 0; i < COUNT(typed); i++)
		for (piece = 1; piece < 20; piece++)
			CHECK_ROW(check_joined(typed[i].text, piece) == typed[i].err, typed[i].text);
}

/* For ever, by a server that is out of its mind. */
static void a_million_tokens_are_kept_and_no_more(void)
{
	struct tokenizer tokenizer = { 0 };
	long i;

	for (i = 0; i < 1048577 && !tokenizer_add_type(&tokenizer, 1); i++)
		;
	CHECK(i == 1048577 && tokenizer.typed == 1048576);
	for (i = 0; i < 1048577 && !tokenizer_add(&tokenizer, (struct text){ "a", 1 }); i++)
		;
	CHECK(i == 1048577 && tokenizer.count == 1048576);
	tokenizer.size = 1048577;
	CHECK(tokenizer_check(&tokenizer, (struct text){ "[1048575]", 9 }, &(struct stretch){ 0 }) == OYSTER_OK);
	CHECK(tokenizer_check(&tokenizer, (struct text){ "[1048576]", 9 }, &(struct stretch){ 0 }) == OYSTER_ELONGCONTEXT);
	tokenizer_clear(&tokenizer);
}

int main(void)
{
	RUN(the_size_is_what_model_info_says);
	RUN(half_of_it_says_nothing);
	RUN(a_name_longer_than_any_is_none);
	RUN(how_texts_are_cut_is_what_model_info_says);
	RUN(tokens_are_the_bytes_that_they_stand_for);
	RUN(a_token_longer_than_any_is_cut);
	RUN(of_a_safe_one_no_token_is_kept);
	RUN(a_million_tokens_are_kept_and_no_more);
	RUN(types_are_read_before_tokens);
	return DONE();
}
