/* Fields that a receipt does not cover: what of them is relayed, and how. */
#include "tests/unit/ask.h"
#include "tests/unit/tap.h"

#define PLAIN	"{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":null"

/* A request with one more field, and what of that field goes upstream. */
static bool sends(const char *member, const char *upstream, bool covered)
{
	char body[1200], want[1200];

	snprintf(body, sizeof(body), "{\"model\":\"m\",%s}", member);
	snprintf(want, sizeof(want), PLAIN "%s%s}", *upstream ? "," : "", upstream);
	return is_relayed(body, want, covered);
}

static bool refuses(const char *member, enum oyster_err err, const char *culprit)
{
	char body[1200];

	snprintf(body, sizeof(body), "{\"model\":\"m\",%s}", member);
	return is_refused(body, err, culprit);
}

static void what_is_set_is_relayed_and_uncovered(void)
{
	static const struct {
		const char *member, *upstream;
	} rows[] = {
		{ "\"system\":\"be brief\"", "\"system\":\"be brief\"" }, { "\"system\" : \" \"", "\"system\":\" \"" }, { "\"system\":\"\\u0000\"", "\"system\":\"\\u0000\"" },
		{ "\"s\\u0079stem\":\"\\u00e9\\/\"", "\"system\":\"\xc3\xa9/\"" }, { "\"template\":\"{{ .Prompt }}\"", "\"template\":\"{{ .Prompt }}\"" },
		{ "\"suffix\":\"}\\n\"", "\"suffix\":\"}\\n\"" }, { "\"format\":\"json\"", "\"format\":\"json\"" }, { "\"format\":\"js\\u006fn\"", "\"format\":\"json\"" },
		{ "\"format\":{ \"type\" : \"object\", \"properties\" : { \"a\" : { } } }", "\"format\":{\"type\":\"object\",\"properties\":{\"a\":{}}}" },
		{ "\"raw\":true", "\"raw\":true" }, { "\"think\":true", "\"think\":true" }, { "\"think\":\"high\"", "\"think\":\"high\"" }, { "\"truncate\":true", "\"truncate\":true" },
		{ "\"shift\":true", "\"shift\":true" }, { "\"logprobs\":true", "\"logprobs\":true" }, { "\"top_logprobs\":5", "\"top_logprobs\":5" },
		{ "\"top_logprobs\":0", "\"top_logprobs\":0" }, { "\"top_logprobs\":2147483647", "\"top_logprobs\":2147483647" },
		{ "\"images\":[\"aGVsbG8=\"]", "\"images\":[\"aGVsbG8=\"]" }, { "\"options\":{\"seed\":42}", "\"options\":{\"seed\":42}" },
		{ "\"logprobs\":true,\"system\":\"s\",\"options\":{\"seed\":1},\"raw\":true,\"suffix\":\"x\",\"template\":\"t\",\"shift\":true,\"think\":true,"
		  "\"images\":[\"AAAA\"],\"top_logprobs\":1,\"format\":\"json\",\"truncate\":true",
		  "\"system\":\"s\",\"template\":\"t\",\"suffix\":\"x\",\"format\":\"json\",\"raw\":true,\"images\":[\"AAAA\"],\"think\":true,\"truncate\":true,"
		  "\"shift\":true,\"logprobs\":true,\"top_logprobs\":1,\"options\":{\"seed\":1}" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(sends(rows[i].member, rows[i].upstream, false), rows[i].member);
}

static void what_is_blank_is_dropped_and_covered(void)
{
	static const char *const rows[] = {
		"\"system\":\"\"", "\"template\":\"\"", "\"suffix\":\"\"", "\"format\":\"\"", "\"format\":{}", "\"format\":{ }", "\"raw\":false", "\"images\":[]",
		"\"images\":[ \n ]", "\"think\":false", "\"think\":\"\"", "\"truncate\":false", "\"shift\":false", "\"logprobs\":false", "\"options\":{}", "\"options\":{ \t }",
		"\"system\":null", "\"template\":null", "\"suffix\":null", "\"format\":null", "\"raw\":null", "\"images\":null", "\"think\":null", "\"truncate\":null",
		"\"shift\":null", "\"logprobs\":null", "\"top_logprobs\":null", "\"options\":null", "\"keep_alive\":0", "\"keep_alive\":\"-1\"",
		"\"system\":\"\",\"raw\":false,\"options\":{},\"images\":[]",
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(sends(rows[i], "", true), rows[i]);
}

static void wrong_types_are_named(void)
{
	static const struct {
		const char *member;
		enum oyster_err err;
		const char *culprit;
	} rows[] = {
		{ "\"format\":\"yaml\"", OYSTER_EFORMAT, "format" }, { "\"format\":\"JSON\"", OYSTER_EFORMAT, "format" }, { "\"format\":\" json\"", OYSTER_EFORMAT, "format" },
		{ "\"format\":\"json\\u0000\"", OYSTER_EFORMAT, "format" }, { "\"format\":1", OYSTER_EFORMAT, "format" }, { "\"format\":true", OYSTER_EFORMAT, "format" },
		{ "\"format\":false", OYSTER_EFORMAT, "format" }, { "\"format\":[]", OYSTER_EFORMAT, "format" }, { "\"images\":\"AAAA\"", OYSTER_EIMAGES, "images" },
		{ "\"images\":{}", OYSTER_EIMAGES, "images" }, { "\"images\":1", OYSTER_EIMAGES, "images" }, { "\"images\":false", OYSTER_EIMAGES, "images" },
		{ "\"think\":1", OYSTER_ETHINK, "think" }, { "\"think\":[]", OYSTER_ETHINK, "think" }, { "\"think\":{}", OYSTER_ETHINK, "think" },
		{ "\"top_logprobs\":\"1\"", OYSTER_EINTEGER, "top_logprobs" }, { "\"top_logprobs\":-1", OYSTER_EINTEGER, "top_logprobs" },
		{ "\"top_logprobs\":1.5", OYSTER_EINTEGER, "top_logprobs" }, { "\"top_logprobs\":1e1", OYSTER_EINTEGER, "top_logprobs" },
		{ "\"top_logprobs\":2147483648", OYSTER_EINTEGER, "top_logprobs" }, { "\"top_logprobs\":true", OYSTER_EINTEGER, "top_logprobs" },
		{ "\"top_logprobs\":false", OYSTER_EINTEGER, "top_logprobs" }, { "\"options\":[]", OYSTER_EOPTIONS, "options" }, { "\"options\":1", OYSTER_EOPTIONS, "options" },
		{ "\"options\":\"\"", OYSTER_EOPTIONS, "options" }, { "\"options\":false", OYSTER_EOPTIONS, "options" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(refuses(rows[i].member, rows[i].err, rows[i].culprit), rows[i].member);
}

static const char *const sampling[] = {
	"num_keep", "seed", "num_predict", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "temperature", "repeat_penalty", "presence_penalty",
	"frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta", "stop", "penalize_newline", "draft_num_predict",
};

static const char *const runner[] = {
	"num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mmap", "use_mlock",
};

static void sampling_options_are_relayed(void)
{
	static const char *const values[] = { "0", "-1", "0.75", "1e-3", "true", "\"x\"", "[\"a\",\"b\"]" };
	char member[100];
	size_t i, k;

	for (i = 0; i < COUNT(sampling); i++)
		for (k = 0; k < COUNT(values); k++) {
			if (!strcmp(sampling[i], "mirostat") || !strcmp(sampling[i], "repeat_last_n"))
				continue;	/* what_ends_a_model_server_is_refused */
			snprintf(member, sizeof(member), "\"options\":{\"%s\":%s}", sampling[i], values[k]);
			CHECK_ROW(sends(member, member, false), member);
		}
}

static void all_sampling_options_at_once(void)
{
	char member[1000] = "\"options\":{", *at = member + strlen(member);
	size_t i;

	for (i = 0; i < COUNT(sampling); i++)
		at += sprintf(at, "%s\"%s\":%zu", i ? "," : "", sampling[i], i % 3);
	strcpy(at, "}");
	CHECK(sends(member, member, false));
}

static void options_that_reload_the_model_are_refused_by_name(void)
{
	static const char *const forms[] = {
		"\"options\":{\"%s\":1}", "\"options\":{\"seed\":1,\"%s\":true}", "\"options\":{\"x\":{},\"%s\":0}", "\"options\":{\"%s\":\"\"}", "\"options\":{\"%s\":false}",
	};
	char member[100], culprit[64], escaped[64];
	size_t i, k;

	for (i = 0; i < COUNT(runner); i++) {
		snprintf(culprit, sizeof(culprit), "options.%s", runner[i]);
		snprintf(escaped, sizeof(escaped), "\\u%04x%s", (unsigned)runner[i][0], runner[i] + 1);
		for (k = 0; k < COUNT(forms); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(member, sizeof(member), forms[k], runner[i]);
			CHECK_ROW(refuses(member, OYSTER_ERUNNER, culprit), member);
			snprintf(member, sizeof(member), forms[k], escaped);
#pragma GCC diagnostic pop
			CHECK_ROW(refuses(member, OYSTER_ERUNNER, culprit), member);
		}
	}
}

static void other_options_are_ignored(void)
{
	static const struct {
		const char *member, *upstream;
	} rows[] = {
		{ "\"options\":{\"foo\":1,\"seed\":1,\"bar\":{\"num_ctx\":1}}", "\"options\":{\"seed\":1}" },
		{ "\"options\":{\"Seed\":1,\"NUM_CTX\":9,\"num_ctx \":9,\"\xc5\xbf" "eed\":2,\"seed\":3,\"\":4}", "\"options\":{\"seed\":3}" },
		{ "\"options\":{ \"stop\" : [ \"\\u0041\" , \"\\n\" ] , \"top_k\" : 5 }", "\"options\":{\"stop\":[\"A\",\"\\n\"],\"top_k\":5}" },
		{ "\"options\":{\"s\\u0065ed\":7}", "\"options\":{\"seed\":7}" }, { "\"options\":{\"foo\":1,\"foo\":2,\"seed\":3}", "\"options\":{\"seed\":3}" },
		{ "\"options\":{\"seed\":1,\"top_k\":2,\"min_p\":0}", "\"options\":{\"seed\":1,\"top_k\":2,\"min_p\":0}" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(sends(rows[i].member, rows[i].upstream, false), rows[i].member);
}

static void no_option_is_given_twice(void)
{
	char member[100], culprit[64];
	size_t i;

	for (i = 0; i < COUNT(sampling); i++) {
		snprintf(culprit, sizeof(culprit), "options.%s", sampling[i]);
		snprintf(member, sizeof(member), "\"options\":{\"%s\":1,\"top_q\":1,\"%s\":1}", sampling[i], sampling[i]);
		CHECK_ROW(refuses(member, OYSTER_ETWICE, culprit), member);
		snprintf(member, sizeof(member), "\"options\":{\"\\u%04x%s\":1,\"%s\":1}",
			 (unsigned)sampling[i][0], sampling[i] + 1, sampling[i]);
		CHECK_ROW(refuses(member, OYSTER_ETWICE, culprit), member);
	}
}

static void images_are_base64(void)
{
	static const struct {
		const char *member, *upstream;
	} good[] = {
		{ "\"images\":[\"\"]", "\"images\":[\"\"]" }, { "\"images\":[\"AAAA\",\"BBB=\" , \"CC==\"]", "\"images\":[\"AAAA\",\"BBB=\",\"CC==\"]" },
		{ "\"images\":[\"a\\/b\\u002b\"]", "\"images\":[\"a/b+\"]" }, { "\"images\":[\"\\u0041AA\\u003d\"]", "\"images\":[\"AAA=\"]" },
		{ "\"images\":[ \"09az\" ,\"AZ+/\"]", "\"images\":[\"09az\",\"AZ+/\"]" },
	};
	static const char *const bad[] = {
		"\"images\":[\"A\"]", "\"images\":[\"AA\"]", "\"images\":[\"AAA\"]", "\"images\":[\"AAAAA\"]", "\"images\":[\"A===\"]", "\"images\":[\"====\"]",
		"\"images\":[\"=AAA\"]", "\"images\":[\"A=AA\"]", "\"images\":[\"AA=A\"]", "\"images\":[\"AA==AAAA\"]", "\"images\":[\"AA-_\"]", "\"images\":[\"AAA \"]",
		"\"images\":[\" AAA\"]", "\"images\":[\"AA\\nAA\"]", "\"images\":[\"AAA\\u0000\"]", "\"images\":[\"AAAA\\n\"]", "\"images\":[\"data:image\\/png;base64,AAAA\"]",
		"\"images\":[\"\xc3\xa9\\u0041A\"]", "\"images\":[1]", "\"images\":[null]", "\"images\":[true]", "\"images\":[[\"AAAA\"]]", "\"images\":[{}]", "\"images\":[\"AAAA\",1]",
		"\"images\":[\"AAAA\",null]", "\"images\":[\"AAAA\",\"!\"]", "\"images\":[\"[AAA\"]", "\"images\":[\"AAA@\"]", "\"images\":[\"AA{}\"]", "\"images\":[\"AAA`\"]",
	};
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		CHECK_ROW(sends(good[i].member, good[i].upstream, false), good[i].member);
	for (i = 0; i < COUNT(bad); i++)
		CHECK_ROW(refuses(bad[i], OYSTER_EIMAGES, "images"), bad[i]);
}

int main(void)
{
	RUN(what_is_set_is_relayed_and_uncovered);
	RUN(what_is_blank_is_dropped_and_covered);
	RUN(wrong_types_are_named);
	RUN(sampling_options_are_relayed);
	RUN(all_sampling_options_at_once);
	RUN(options_that_reload_the_model_are_refused_by_name);
	RUN(other_options_are_ignored);
	RUN(no_option_is_given_twice);
	RUN(images_are_base64);
	return DONE();
}
