/* What a receipt covers: model, prompt, stream, context; and what is no request. */
#include "tests/unit/ask.h"
#include "tests/unit/tap.h"

struct refusal {
	const char *body;
	enum oyster_err err;
	const char *culprit;
};

static void check_refusals(const struct refusal *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		CHECK_ROW(is_refused(rows[i].body, rows[i].err, rows[i].culprit), rows[i].body);
}

#define REFUSED(rows)	check_refusals(rows, COUNT(rows))

struct relay {
	const char *body, *upstream;
};

static void check_relays(const struct relay *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		CHECK_ROW(is_relayed(rows[i].body, rows[i].upstream, true), rows[i].body);
}

#define RELAYED(rows)	check_relays(rows, COUNT(rows))

static void the_plainest_request(void)
{
	struct asked asked = ask("{\"model\":\"m\",\"prompt\":\"p\",\"stream\":true,\"context\":[ 1 , 2 ]}");

	CHECK(asked.err == OYSTER_OK);
	CHECK(text_is(asked.request.model, "m") && text_is(asked.request.prompt, "p"));
	CHECK(text_is(asked.request.context, "[1,2]"));
	CHECK(asked.request.stream && asked.request.covered && !*asked.request.culprit);
	forget(&asked);

	asked = ask("{\"model\":\"m\"}");
	CHECK(asked.err == OYSTER_OK);
	CHECK(text_is(asked.request.model, "m") && text_is(asked.request.prompt, ""));
	CHECK(text_is(asked.request.context, "[]"));
	CHECK(!asked.request.stream && asked.request.covered);
	forget(&asked);
}

static void what_is_no_object_is_no_request(void)
{
	static const struct refusal rows[] = {
		{ "", OYSTER_EEMPTY, "" }, { "null", OYSTER_EOBJECT, "" }, { "[]", OYSTER_EOBJECT, "" }, { "\"x\"", OYSTER_EOBJECT, "" },
		{ "1", OYSTER_EOBJECT, "" }, { "[\"m\",\"A\",null,[1]]", OYSTER_EOBJECT, "" }, { "true", OYSTER_EOBJECT, "" },
		{ " ", OYSTER_EJSON, "byte 1 of the request body" }, { "model=m", OYSTER_EJSON, "byte 0 of the request body" },
		{ "{\"model\":\"m\"", OYSTER_EJSON, "byte 12 of the request body" },
		{ "{\"model\":\"m\"}x", OYSTER_EJSON, "byte 13 of the request body" },
		{ "{\"model\":\"m\"} {}", OYSTER_EJSON, "byte 14 of the request body" },
		{ "{\"model\":\"m\",}", OYSTER_EJSON, "byte 13 of the request body" },
		{ "\xef\xbb\xbf{\"model\":\"m\"}", OYSTER_EJSON, "byte 0 of the request body" },
		{ "{\"model\":\"m\",\"prompt\":\"a\xff\"}", OYSTER_EUTF8, "byte 24 of the request body" },
		{ "{\"model\":\"m\",\"x\":\"a\xff\"}", OYSTER_EUTF8, "byte 19 of the request body" },
		{ "{\"model\":\"m\",\"prompt\":\"\\ud800\"}", OYSTER_ESURROGATE, "byte 23 of the request body" },
		{ "{\"model\":\"m\",\"x\":{\"\\udc00\":1}}", OYSTER_ESURROGATE, "byte 19 of the request body" },
		{ "{'model':'m'}", OYSTER_EJSON, "byte 1 of the request body" },
	};
	struct asked asked;

	REFUSED(rows);
	asked = ask_limited("{\"model\":\"m\"}\0", 14, ANY_TOKEN);
	CHECK(asked.err == OYSTER_EJSON && !strcmp(asked.request.culprit, "byte 13 of the request body"));
	forget(&asked);
}

static void a_field_of_another_type_is_named(void)
{
	static const char *const strings[] = { "model", "prompt", "system", "template", "suffix" };
	static const char *const booleans[] = { "stream", "raw", "truncate", "shift", "logprobs" };
	static const char *const values[] = { "1", "-0.5", "true", "false", "[]", "{}", "[\"a\"]", "{\"a\":\"b\"}", "\"a\"", "\"\"" };
	char body[100];
	size_t i, k;

	for (i = 0; i < COUNT(strings); i++)
		for (k = 0; k < COUNT(values) - 2; k++) {
			snprintf(body, sizeof(body), i ? "{\"model\":\"m\",\"%s\":%s}" : "{\"%s\":%s}",
				 strings[i], values[k]);
			CHECK_ROW(is_refused(body, OYSTER_ESTRING, strings[i]), body);
		}
	for (i = 0; i < COUNT(booleans); i++)
		for (k = 0; k < COUNT(values); k++) {
			if (k == 2 || k == 3)
				continue;
			snprintf(body, sizeof(body), "{\"model\":\"m\",\"%s\":%s}", booleans[i], values[k]);
			CHECK_ROW(is_refused(body, OYSTER_EBOOLEAN, booleans[i]), body);
		}
}

static void null_is_as_good_as_absent(void)
{
	static const struct relay rows[] = {
		{ "{\"model\":\"m\",\"prompt\":null,\"stream\":null,\"context\":null,\"system\":null,\"options\":null,\"images\":null,\"keep_alive\":null}",
		  "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
	};

	RELAYED(rows);
	CHECK(is_refused("{\"model\":null}", OYSTER_EMISSING, "model"));
	CHECK(is_refused("{}", OYSTER_EMISSING, "model"));
	CHECK(is_refused("{\"prompt\":\"p\"}", OYSTER_EMISSING, "model"));
	CHECK(is_refused("{\"Model\":\"m\"}", OYSTER_EMISSING, "model"));
}

static void no_known_field_is_given_twice(void)
{
	static const char *const names[] = {
		"model", "prompt", "stream", "context", "system", "template", "suffix", "format", "raw", "images",
		"think", "truncate", "shift", "logprobs", "top_logprobs", "options", "keep_alive",
	};
	static const char *const pairs[] = { "{\"%s\":null,\"%s\":null}", "{\"%s\":null,\"x\":1,\"%s\":\"m\"}" };
	char body[100], escaped[40];
	size_t i, k;

	for (i = 0; i < COUNT(names); i++) {
		snprintf(escaped, sizeof(escaped), "\\u%04x%s", (unsigned)names[i][0], names[i] + 1);
		for (k = 0; k < COUNT(pairs); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(body, sizeof(body), pairs[k], names[i], names[i]);
			CHECK_ROW(is_refused(body, OYSTER_ETWICE, names[i]), body);
			snprintf(body, sizeof(body), pairs[k], escaped, names[i]);
			CHECK_ROW(is_refused(body, OYSTER_ETWICE, names[i]), body);
			snprintf(body, sizeof(body), pairs[k], names[i], escaped);
			CHECK_ROW(is_refused(body, OYSTER_ETWICE, names[i]), body);
#pragma GCC diagnostic pop
		}
	}
}

static void keys_that_only_look_known_are_unknown_and_not_forwarded(void)
{
	static const struct relay rows[] = {
		{ "{\"model\":\"m\",\"Model\":\"evil\",\"MODEL\":\"evil\",\"prompt\":\"p\",\"Prompt\":\"evil\",\"PROMPT\":\"evil\"}",
		  "{\"model\":\"m\",\"prompt\":\"p\",\"stream\":false,\"context\":null}" },
		/* U+017F and U+212A fold to s and k */
		{ "{\"model\":\"m\",\"\xc5\xbfystem\":\"evil\",\"\\u017fystem\":\"evil\",\"\xc5\xbfuffix\":1,\"\xc5\xbftream\":true,\"thin\xe2\x84\xaa\":\"high\",\"\xe2\x84\xaa" "eep_alive\":0}",
		  "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"System\":\"evil\",\"Context\":[1],\"Stream\":true,\"RAW\":true,\"Options\":{\"num_ctx\":1},\"Images\":[1],\"FORMAT\":1}",
		  "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"prompt \":\"evil\",\" prompt\":\"evil\",\"prompt\\u0000\":\"evil\",\"\":1,\"x\":{\"prompt\":\"evil\"},\"messages\":[]}",
		  "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"x\":1,\"x\":2,\"model\":\"m\",\"Model\":1,\"Model\":2}",
		  "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
	};

	RELAYED(rows);
}

static void covered_fields_go_upstream_in_one_order_and_spelling(void)
{
	static const struct relay rows[] = {
		{ "{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\"}",
		  "{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\",\"stream\":false,\"context\":null}" },
		{ " { \"context\" : [ 1 , 2 ] , \"stream\" : true , \"prompt\" : \"p\" , \"model\" : \"m\" } ",
		  "{\"model\":\"m\",\"prompt\":\"p\",\"stream\":false,\"context\":[1,2]}" },
		{ "{\"\\u006dodel\":\"\\u006d\",\"pr\\u006fmpt\":\"\\/\\u003c\\u00e9\\u0000\\u001F\\\"\"}",
		  "{\"model\":\"m\",\"prompt\":\"/<\xc3\xa9\\u0000\\u001f\\\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"context\":[]}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":[]}" },
		{ "{\"model\":\"m\",\"context\":[ ]}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":[]}" },
		{ "{\"model\":\"m\",\"stream\":false}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"keep_alive\":0}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"keep_alive\":\"5m\"}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"m\",\"keep_alive\":{\"a\":[-1]}}", "{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
		{ "{\"model\":\"\\\\\\\"\"}", "{\"model\":\"\\\\\\\"\",\"prompt\":\"\",\"stream\":false,\"context\":null}" },
	};

	RELAYED(rows);
}

static void a_prompt_keeps_its_nuls(void)
{
	struct asked asked = ask("{\"model\":\"m\",\"prompt\":\"\\u0000a\\u0000b\\u0000\"}");

	CHECK(asked.err == OYSTER_OK);
	CHECK(asked.request.prompt.len == 5 && !memcmp(asked.request.prompt.at, "\0a\0b\0", 5));
	forget(&asked);
}

/* A model's name of so many bytes, each of them spelled as `unit' says. */
static enum oyster_err name_of(const char *unit, size_t count)
{
	char *body = must(malloc(count * strlen(unit) + 20)), *at = stpcpy(body, "{\"model\":\"");
	struct asked asked;

	while (count-- > 0)
		at = stpcpy(at, unit);
	stpcpy(at, "\"}");
	asked = ask(body);
	if (asked.err && strcmp(asked.request.culprit, "model"))
		asked.err = OYSTER_OK;
	forget(&asked);
	free(body);
	return asked.err;
}

static void names_have_1_to_512_bytes(void)
{
	CHECK(name_of("a", 0) == OYSTER_EMODEL);
	CHECK(name_of("a", 1) == OYSTER_OK);
	CHECK(name_of("a", 512) == OYSTER_OK);
	CHECK(name_of("a", 513) == OYSTER_EMODEL);
	CHECK(name_of("a", 100000) == OYSTER_EMODEL);
	CHECK(name_of("\xc3\xa9", 256) == OYSTER_OK);
	CHECK(name_of("\xc3\xa9", 257) == OYSTER_EMODEL);
	CHECK(name_of("\\u0061", 512) == OYSTER_OK);
	CHECK(name_of("\\u0061", 513) == OYSTER_EMODEL);
	CHECK(name_of("\\u00e9", 256) == OYSTER_OK);
	CHECK(name_of("\\u00e9", 257) == OYSTER_EMODEL);
	CHECK(name_of("\\ud83e\\udd80", 128) == OYSTER_OK);
	CHECK(name_of("\\ud83e\\udd80", 129) == OYSTER_EMODEL);
}

static void cloud_models_are_refused(void)
{
	static const char *const clouds[] = {
		"x:cloud", "x: cloud", "x:\\u00a0cloud", "x:\\t cloud", "X:CLOUD", "x:Cloud", " a-cloud ", "gpt-oss:120b-cloud", "gpt-oss:120B-CLOUD", "cloud", "CLOUD", "-cloud", ":cloud", "a:b:cloud",
		"a:b-cloud", "a-cloud", "a--cloud", "ns/a:cloud", "host/ns/a:1b-cloud", "x:cloud ", "x:cloud\\t", "x:cloud\\n\\r\\u000b\\u000c", "\\tcloud", "x:cl\\u006fud",
		"x:\\u0063\\u006c\\u006f\\u0075\\u0064", "\\u0020cloud\\u0020", "x:cloud\\u00a0", "x:cloud\\u0085", "\\u2003cloud\\u3000", "x:cloud\\u2028", "cloud:cloud",
	};
	static const char *const others[] = {
		"a:cloudy", "mycloud", "a:xcloud", "cloud:1b", "a-cloud:1b", "cloud-a", "x:cloud-1", "clouds", "loud", "cloudcloud", "x:-clou", "a_cloud", "a.cloud",
		"a/cloud2", "x:cloud:y", "x: loud", "claud", "xcloud", "c", "clo ud", "x:cl oud",
	};
	char body[200];
	size_t i;

	for (i = 0; i < COUNT(clouds); i++) {
		snprintf(body, sizeof(body), "{\"model\":\"%s\"}", clouds[i]);
		CHECK_ROW(is_refused(body, OYSTER_ECLOUD, "model"), clouds[i]);
	}
	for (i = 0; i < COUNT(others); i++) {
		struct asked asked;

		snprintf(body, sizeof(body), "{\"model\":\"%s\"}", others[i]);
		asked = ask(body);
		CHECK_ROW(asked.err == OYSTER_OK, others[i]);
		forget(&asked);
	}
}

static bool takes_context(const char *context, long max, const char *want)
{
	char body[300];
	struct asked asked;
	bool ok;

	snprintf(body, sizeof(body), "{\"context\":%s,\"model\":\"m\"}", context);
	asked = ask_limited(body, strlen(body), max);
	ok = want ? asked.err == OYSTER_OK && text_is(asked.request.context, want) :
		    asked.err == OYSTER_ECONTEXT && !strcmp(asked.request.culprit, "context");
	forget(&asked);
	return ok;
}

static void tokens_are_integers_up_to_the_limit(void)
{
	static const struct {
		const char *context;
		long max;
		const char *want;
	} rows[] = {
		{ "[0]", ANY_TOKEN, "[0]" }, { "[ 1 ,\t2\n]", ANY_TOKEN, "[1,2]" }, { "[2147483647]", ANY_TOKEN, "[2147483647]" }, { "[2147483648]", ANY_TOKEN, NULL },
		{ "[9999]", 9999, "[9999]" }, { "[10000]", 9999, NULL }, { "[99999999]", 9999, NULL }, { "[0,10000]", 9999, NULL }, { "[0]", 0, "[0]" }, { "[1]", 0, NULL },
		{ "[-0]", ANY_TOKEN, NULL }, { "[-1]", ANY_TOKEN, NULL }, { "[-5]", ANY_TOKEN, NULL }, { "[1.0]", ANY_TOKEN, NULL }, { "[1.5]", ANY_TOKEN, NULL },
		{ "[1e2]", ANY_TOKEN, NULL }, { "[1E0]", ANY_TOKEN, NULL }, { "[\"1\"]", ANY_TOKEN, NULL }, { "[null]", ANY_TOKEN, NULL }, { "[true]", ANY_TOKEN, NULL },
		{ "[[1]]", ANY_TOKEN, NULL }, { "[[]]", ANY_TOKEN, NULL }, { "[{}]", ANY_TOKEN, NULL }, { "[1,[2]]", ANY_TOKEN, NULL }, { "\"[1]\"", ANY_TOKEN, NULL },
		{ "1", ANY_TOKEN, NULL }, { "{}", ANY_TOKEN, NULL }, { "true", ANY_TOKEN, NULL }, { "false", ANY_TOKEN, NULL }, { "\"\"", ANY_TOKEN, NULL },
		{ "[340282366920938463463374607431768211455]", ANY_TOKEN, NULL }, { "[18446744073709551616]", ANY_TOKEN, NULL }, { "[4294967297]", ANY_TOKEN, NULL },
		{ "null", 0, "[]" }, { "[]", 0, "[]" }, { "[ \n ]", 0, "[]" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(takes_context(rows[i].context, rows[i].max, rows[i].want), rows[i].context);
}

static void a_failure_says_nothing_of_the_request(void)
{
	char body[600] = "{\"model\":\"secret words\",\"x\":";
	struct asked asked;

	memset(body + strlen(body), 'y', 500);
	asked = ask(body);
	CHECK(asked.err == OYSTER_EJSON && !strchr(asked.request.culprit, 'x'));
	CHECK(strlen(asked.request.culprit) < sizeof(asked.request.culprit));
	forget(&asked);
}

int main(void)
{
	RUN(the_plainest_request);
	RUN(what_is_no_object_is_no_request);
	RUN(a_field_of_another_type_is_named);
	RUN(null_is_as_good_as_absent);
	RUN(no_known_field_is_given_twice);
	RUN(keys_that_only_look_known_are_unknown_and_not_forwarded);
	RUN(covered_fields_go_upstream_in_one_order_and_spelling);
	RUN(a_prompt_keeps_its_nuls);
	RUN(names_have_1_to_512_bytes);
	RUN(cloud_models_are_refused);
	RUN(tokens_are_integers_up_to_the_limit);
	RUN(a_failure_says_nothing_of_the_request);
	return DONE();
}
