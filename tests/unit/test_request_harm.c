/*
 * Fields that a model server does not survive, or not in time: each was seen
 * to end or to block Ollama 0.6.0, or is as near to that as it may get.
 */
#include "tests/unit/ask.h"
#include "tests/unit/tap.h"

#define PLAIN	"{\"model\":\"m\",\"prompt\":\"\",\"stream\":false,\"context\":"

static char body[3 << 20], want[3 << 20];

/* Add text some times. */
static char *add(char *at, const char *text, size_t count)
{
	while (count-- > 0)
		at = stpcpy(at, text);
	return at;
}

/* A member whose value is head, as many pieces as said, and tail. */
static const char *member(const char *head, const char *piece, size_t count, const char *tail)
{
	char *at = stpcpy(body, "{\"model\":\"m\",");

	at = add(stpcpy(at, head), piece, count);
	strcpy(at, tail);
	strcat(at, "}");
	return body;
}

static bool passes(const char *request)
{
	struct asked asked = ask(request);
	bool ok = asked.err == OYSTER_OK;

	if (!ok)
		printf("# error %d, culprit %s\n", asked.err, asked.request.culprit);
	forget(&asked);
	return ok;
}

static bool format_is(const char *schema, enum oyster_err err, const char *culprit)
{
	snprintf(body, sizeof(body), "{\"model\":\"m\",\"format\":%s}", schema);
	return err ? is_refused(body, err, culprit) : passes(body);
}

static bool template_is(const char *template, enum oyster_err err)
{
	snprintf(body, sizeof(body), "{\"model\":\"m\",\"template\":\"%s\"}", template);
	return err ? is_refused(body, err, "template") : passes(body);
}

static void templates_that_put_in_fields_are_relayed(void)
{
	static const char *const rows[] = {
		"x", "{", "}}", "{{ .Prompt }}", "{{.Prompt}}", "{{- .System -}} {{ .Prompt }}", "{{\\n.Suffix\\t}}", "{ {{ .Response }} }",
		"{{ if .System }}<s>{{ .System }}</s>{{ end }}{{ .Prompt }}", "{{ if .System }}a{{ else }}b{{ end }}",
		"{{- if .System -}}a{{- else if .Prompt -}}b{{- end -}}", "{{if  .Suffix}}{{end}}", "{{\\r\\nif\\r.Suffix\\r}}", "{{ .Prompt", "{{ range 9", "{{{{", "",
		"{{ .Prompt }}}", "{ {{ .Prompt }}",
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(template_is(rows[i], OYSTER_OK), rows[i]);
	CHECK(is_relayed("{\"model\":\"m\",\"template\":\"{{ .Prompt }}\\u0041\\n\"}",
			 PLAIN "null,\"template\":\"{{ .Prompt }}A\\n\"}", false));
}

static void templates_that_can_do_more_are_refused(void)
{
	static const char *const rows[] = {
		"{{ range 100000000000 }}x{{ end }}", "{{$x := \\\"aa\\\"}}{{$x = print $x $x}}", "{{ define \\\"a\\\" }}{{ end }}",
		"{{ template \\\"a\\\" . }}", "{{ block \\\"a\\\" . }}{{ end }}", "{{ with .System }}{{ . }}{{ end }}", "{{ . }}", "{{ $ }}", "{{}}", "{{ }}",
		"{{ .Messages }}", "{{ range .Messages }}{{ end }}", "{{ printf \\\"%9999d\\\" 1 }}", "{{ .Prompt | len }}", "{{ .Prompt .Prompt }}",
		"{{ .prompt }}", "{{ .Prompt.X }}", "{{/* x */}}", "{{ if true }}", "{{ if .Prompt | len }}", "{{ if .Messages }}", "{{ else with .Prompt }}",
		"{{ end .Prompt }}", "{{ while }}", "{{ iff .Prompt }}", "{{ if.Prompt }}", "{{ elseif .Prompt }}", "{{-.Prompt-}}", "{{ break }}", "{{ .Prompt }}{{ index . }}", "{{ .Prompt {{ .Prompt }} }}", "{{{ .Prompt }}",
		"{{ \\u002eMessages }}", "\\u007b\\u007brange 9\\u007d\\u007d",
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(template_is(rows[i], OYSTER_ETEMPLATE), rows[i]);
}

static void templates_that_multiply_are_refused(void)
{
	CHECK(passes(member("\"template\":\"", "{{ .Prompt }}", 8, "\"")));
	CHECK(is_refused(member("\"template\":\"", "{{ .Prompt }}", 9, "\""), OYSTER_EHEAVY, "template"));
	CHECK(passes(member("\"template\":\"", "{{ if .System }}", 64, "\"")));
	CHECK(is_refused(member("\"template\":\"", "{{ if .System }}", 65, "\""), OYSTER_EHEAVY, "template"));
	CHECK(is_refused(member("\"template\":\"", "{{ end }}", 65, "\""), OYSTER_EHEAVY, "template"));
}

static void plain_schemas_are_relayed(void)
{
	static const char *const rows[] = {
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":5000},\"b\":{\"type\":[\"integer\",\"null\"]}},\"required\":[\"a\"]}",
		"{\"$defs\":{\"A\":{\"type\":\"null\"}},\"properties\":{\"x\":{\"$ref\":\"#/$defs/A\"}}}", "{\"type\":\"array\",\"items\":{},\"minItems\":0,\"maxItems\":5000}",
		"{\"properties\":{\"pattern\":{\"type\":\"string\"},\"type\":{\"enum\":[1,\"a\"]},\"$ref\":{}}}", "{\"anyOf\":[{\"type\":\"null\"},{\"const\":[[[1]]]}]}",
		"{\"type\":[\"object\",\"array\",\"null\",\"null\"]}", "{\"enum\":[\"pattern\",\"allOf\",{\"a\":[]}]}", "{\"minimum\":-5.5,\"maxLength\":\"9999999\"}", "{\"Pattern\":\"x\"}",
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(format_is(rows[i], OYSTER_OK, ""), rows[i]);
}

static void schemas_that_end_a_model_server_are_refused(void)
{
	static const struct {
		const char *schema;
		enum oyster_err err;
		const char *culprit;
	} rows[] = {
		{ "{\"type\":\"string\",\"pattern\":\"^*$\"}", OYSTER_EHARM, "format.pattern" },
		{ "{\"p\\u0061ttern\":\"^[a-z]$\"}", OYSTER_EHARM, "format.pattern" },
		{ "{\"properties\":{\"a\":{\"items\":[{\"pattern\":\"\"}]}}}", OYSTER_EHARM, "format.pattern" },
		{ "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}},\"allOf\":[{\"$ref\":\"#/$defs/a\"}]}", OYSTER_EHARM, "format.allOf" },
		{ "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}},\"allOf\":{\"x\":{\"$ref\":\"#/$defs/a\"}}}", OYSTER_EHARM, "format.allOf" },
		{ "{\"type\":[\"object\",\"object\"]}", OYSTER_EHEAVY, "format.type" }, { "{\"type\":[\"array\",\"null\",\"\\u0061rray\"]}", OYSTER_EHEAVY, "format.type" },
		{ "{\"type\":[{}]}", OYSTER_EHEAVY, "format.type" }, { "{\"x\":{\"type\":[\"object\",\"object\"]}}", OYSTER_EHEAVY, "format.type" },
		{ "{\"minItems\":5001}", OYSTER_EHEAVY, "format.minItems" }, { "{\"maxItems\":2000000000}", OYSTER_EHEAVY, "format.maxItems" },
		{ "{\"minLength\":1e9}", OYSTER_EHEAVY, "format.minLength" }, { "{\"maxLength\":-1}", OYSTER_EHEAVY, "format.maxLength" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(format_is(rows[i].schema, rows[i].err, rows[i].culprit), rows[i].schema);
}

static void schemas_that_multiply_are_refused(void)
{
	CHECK(passes(member("\"format\":{\"x\":[{}", ",{\"$ref\":\"#/a\"}", 16, "]}")));
	CHECK(is_refused(member("\"format\":{\"x\":[{}", ",{\"$ref\":\"#/a\"}", 17, "]}"), OYSTER_EHEAVY, "format.$ref"));
	CHECK(passes(member("\"format\":{\"x\":0", ",\"y\":0", 255, "}")));
	CHECK(is_refused(member("\"format\":{\"x\":0", ",\"y\":0", 256, "}"), OYSTER_EHEAVY, "format"));
	CHECK(passes(member("\"format\":{\"", "k", 256, "\":0}")));
	CHECK(is_refused(member("\"format\":{\"", "k", 257, "\":0}"), OYSTER_EHEAVY, "format"));
	CHECK(passes(member("\"format\":{\"x\":\"", "a", 16384 - 8, "\"}")));
	CHECK(is_refused(member("\"format\":{\"x\":\"", "a", 16384 - 7, "\"}"), OYSTER_EHEAVY, "format"));
}

static void schemas_that_are_deep_are_refused(void)
{
	static const char opening[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
	static const char closing[] = "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";

	CHECK(sizeof(opening) - 1 == 32 && sizeof(closing) - 1 == 32);
	snprintf(body, sizeof(body), "{\"model\":\"m\",\"format\":{\"x\":%s1%s}}",
		 opening + 1, closing + 1);
	CHECK(passes(body));
	snprintf(body, sizeof(body), "{\"model\":\"m\",\"format\":{\"x\":%s1%s}}",
		 opening, closing);
	CHECK(is_refused(body, OYSTER_EHEAVY, "format"));
}

static void numbers_that_end_the_model_are_refused(void)
{
	static const struct {
		const char *option, *culprit;	/* NULL: it is relayed */
	} rows[] = {
		{ "\"mirostat\":0", NULL }, { "\"mirostat\":2", NULL }, { "\"mirostat\":null", NULL }, { "\"mirostat\":\"x\"", NULL }, { "\"mirostat_tau\":-5.5", NULL },
		{ "\"repeat_last_n\":-1", NULL }, { "\"repeat_last_n\":0", NULL }, { "\"repeat_last_n\":1048576", NULL }, { "\"repeat_last_n\":true", NULL },
		{ "\"mirostat\":3", "options.mirostat" }, { "\"mirostat\":-1", "options.mirostat" }, { "\"mirostat\":2147483647", "options.mirostat" },
		{ "\"mirostat\":1e300", "options.mirostat" }, { "\"mirostat\":2.5", "options.mirostat" }, { "\"repeat_last_n\":1048577", "options.repeat_last_n" },
		{ "\"repeat_last_n\":-2", "options.repeat_last_n" }, { "\"repeat_last_n\":2147483647", "options.repeat_last_n" }, { "\"repeat_last_n\":1e300", "options.repeat_last_n" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		snprintf(body, sizeof(body), "{\"model\":\"m\",\"options\":{\"seed\":1,%s}}", rows[i].option);
		CHECK_ROW(rows[i].culprit ? is_refused(body, OYSTER_EHEAVY, rows[i].culprit) : passes(body), rows[i].option);
	}
}

static void long_lists_are_refused(void)
{
	CHECK(passes(member("\"images\":[\"\"", ",\"AAAA\"", 63, "]")));
	CHECK(is_refused(member("\"images\":[\"\"", ",\"AAAA\"", 64, "]"), OYSTER_EHEAVY, "images"));
	CHECK(passes(member("\"context\":[ 1", " ,22", 131071, "]")));
	CHECK(is_refused(member("\"context\":[ 1", " ,22", 131072, "]"), OYSTER_ETOKENS, "context"));

	strcpy(add(stpcpy(want, PLAIN "[1"), ",22", 131071), "]}");
	CHECK(is_relayed(member("\"context\":[ 1", " ,22", 131071, "]"), want, true));
}

int main(void)
{
	RUN(templates_that_put_in_fields_are_relayed);
	RUN(templates_that_can_do_more_are_refused);
	RUN(templates_that_multiply_are_refused);
	RUN(plain_schemas_are_relayed);
	RUN(schemas_that_end_a_model_server_are_refused);
	RUN(schemas_that_multiply_are_refused);
	RUN(schemas_that_are_deep_are_refused);
	RUN(numbers_that_end_the_model_are_refused);
	RUN(long_lists_are_refused);
	return DONE();
}
