/* How many tokens a model knows, from the reply to /api/show, in whatever pieces it comes. */
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

int main(void)
{
	RUN(the_size_is_what_model_info_says);
	RUN(half_of_it_says_nothing);
	RUN(a_name_longer_than_any_is_none);
	return DONE();
}
