/* Which replies of the model server can be signed. */
#include "fcgi/reply.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define TAIL	",\"done\":true}"

static enum oyster_err parse(struct reply *reply, const char *body, size_t len, const char *model)
{
	memset(reply, 0, sizeof(*reply));
	reply->body.data = exact_copy(body, len);
	reply->body.len = reply->body.cap = reply->body.max = len;
	return reply_parse(reply, (struct text){ model, strlen(model) });
}

static bool text_is(struct text text, const char *want)
{
	return text.len == strlen(want) && !memcmp(text.at, want, text.len);
}

static bool slice_is(const struct json *json, const char *want)
{
	return json->len == strlen(want) && !memcmp(json->at, want, json->len);
}

static bool is_refused(const char *body, enum oyster_err err, const char *culprit)
{
	struct reply reply;
	bool ok = parse(&reply, body, strlen(body), "m") == err && !strcmp(reply.culprit, culprit);

	if (!ok)
		printf("# culprit: %s\n", reply.culprit);
	reply_clear(&reply);
	return ok;
}

static void the_parts_of_a_reply(void)
{
	static const char body[] =
		" {\"response\" : \"a\\u003cb\\n\\ud83e\\udd80\\u0000\", \"created_at\":\"now\",\"model\":\"\\u006d\",\n"
		"\"done\":true,\"context\":[ 1 , 2 ],\"total_duration\":1.5} \n";
	struct reply reply;

	CHECK(parse(&reply, body, sizeof(body) - 1, "m") == OYSTER_OK);
	CHECK(text_is(reply.model, "m"));
	CHECK(reply.response.len == 9 && !memcmp(reply.response.at, "a<b\n\xf0\x9f\xa6\x80\0", 9));
	CHECK(text_is(reply.context, "[1,2]"));
	CHECK(slice_is(&reply.model_json, "\"\\u006d\""));
	CHECK(slice_is(&reply.created_json, "\"now\""));
	CHECK(slice_is(&reply.response_json, "\"a\\u003cb\\n\\ud83e\\udd80\\u0000\""));
	CHECK(slice_is(&reply.context_json, "[ 1 , 2 ]"));
	CHECK(reply.body.len == sizeof(body) - 1 && !memcmp(reply.body.data, body, reply.body.len));
	CHECK(!*reply.culprit);
	reply_clear(&reply);
}

static void replies_that_can_be_signed(void)
{
	static const struct {
		const char *body, *response, *context;
	} rows[] = {
		{ "{\"model\":\"m\",\"response\":\"r\"" TAIL, "r", "[]" }, { "{\"model\":\"m\",\"response\":\"\"" TAIL, "", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":null" TAIL, "r", "[]" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":[]" TAIL, "r", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[ \n ]" TAIL, "r", "[]" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":[1, 2,\t3 ]" TAIL, "r", "[1,2,3]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[4294967296]" TAIL, "r", "[4294967296]" },
		{ "{\"done\":true,\"response\":\"r\",\"model\":\"m\"}", "r", "[]" }, { "{\"model\":\"m\",\"response\":\"r\",\"error\":null" TAIL, "r", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"error\":\"\"" TAIL, "r", "[]" }, { "{\"model\":\"m\",\"response\":\"r\",\"remote_host\":\"\",\"remote_model\":\"\"" TAIL, "r", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"total_duration\":-1,\"eval_count\":\"odd\",\"x\":1,\"x\":2" TAIL, "r", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done_reason\":\"load\",\"Done\":false,\"RESPONSE\":1,\"Error\":\"x\"" TAIL, "r", "[]" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"thinking\":\"hm\",\"created_at\":5" TAIL, "r", "[]" }, { "{\"model\":\"m\",\"re\\u0073ponse\":\"\\/\"" TAIL " \r\n", "/", "[]" },
	};
	struct reply reply;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(parse(&reply, rows[i].body, strlen(rows[i].body), "m") == OYSTER_OK, rows[i].body);
		CHECK_ROW(text_is(reply.model, "m") && text_is(reply.response, rows[i].response), rows[i].body);
		CHECK_ROW(text_is(reply.context, rows[i].context), rows[i].body);
		reply_clear(&reply);
	}
}

static void replies_that_cannot(void)
{
	static const struct {
		const char *body;
		enum oyster_err err;
		const char *culprit;
	} rows[] = {
		/* missing, twice, of another type */
		{ "{\"response\":\"r\"" TAIL, OYSTER_EREPLYMISSING, "model" }, { "{\"model\":\"m\"" TAIL, OYSTER_EREPLYMISSING, "response" },
		{ "{\"model\":\"m\",\"response\":\"r\"}", OYSTER_EREPLYMISSING, "done" }, { "{}", OYSTER_EREPLYMISSING, "model" },
		{ "{\"Model\":\"m\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMISSING, "model" },
		{ "{\"model\":\"m\",\"model\":\"m\",\"response\":\"r\"" TAIL, OYSTER_EREPLYTWICE, "model" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"response\":\"r\"" TAIL, OYSTER_EREPLYTWICE, "response" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"r\\u0065sponse\":\"s\"" TAIL, OYSTER_EREPLYTWICE, "response" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":true" TAIL, OYSTER_EREPLYTWICE, "done" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false" TAIL, OYSTER_EREPLYTWICE, "done" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":null,\"context\":[1]" TAIL, OYSTER_EREPLYTWICE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"error\":null,\"error\":null" TAIL, OYSTER_EREPLYTWICE, "error" },
		{ "{\"model\":1,\"response\":\"r\"" TAIL, OYSTER_EREPLYTYPE, "model" }, { "{\"model\":null,\"response\":\"r\"" TAIL, OYSTER_EREPLYTYPE, "model" },
		{ "{\"model\":[\"m\"],\"response\":\"r\"" TAIL, OYSTER_EREPLYTYPE, "model" }, { "{\"model\":\"m\",\"response\":null" TAIL, OYSTER_EREPLYTYPE, "response" },
		{ "{\"model\":\"m\",\"response\":1" TAIL, OYSTER_EREPLYTYPE, "response" }, { "{\"model\":\"m\",\"response\":{}" TAIL, OYSTER_EREPLYTYPE, "response" },
		{ "{\"model\":\"m\",\"response\":[\"r\"]" TAIL, OYSTER_EREPLYTYPE, "response" }, { "{\"model\":\"m\",\"response\":\"r\",\"done\":1}", OYSTER_EREPLYTYPE, "done" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":null}", OYSTER_EREPLYTYPE, "done" }, { "{\"model\":\"m\",\"response\":\"r\",\"done\":\"true\"}", OYSTER_EREPLYTYPE, "done" },
		/* contexts */
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":\"[1]\"" TAIL, OYSTER_EREPLYTYPE, "context" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":{}" TAIL, OYSTER_EREPLYTYPE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":1" TAIL, OYSTER_EREPLYTYPE, "context" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":false" TAIL, OYSTER_EREPLYTYPE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[\"1\"]" TAIL, OYSTER_EREPLYTYPE, "context" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":[-1]" TAIL, OYSTER_EREPLYTYPE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[-0]" TAIL, OYSTER_EREPLYTYPE, "context" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":[1.5]" TAIL, OYSTER_EREPLYTYPE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[1e2]" TAIL, OYSTER_EREPLYTYPE, "context" }, { "{\"model\":\"m\",\"response\":\"r\",\"context\":[1,null]" TAIL, OYSTER_EREPLYTYPE, "context" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"context\":[[1]]" TAIL, OYSTER_EREPLYTYPE, "context" },
		/* not ours, not whole, not true */
		{ "{\"model\":\"n\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMODEL, "model" }, { "{\"model\":\"M\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMODEL, "model" },
		{ "{\"model\":\"m:latest\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMODEL, "model" }, { "{\"model\":\"\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMODEL, "model" },
		{ "{\"model\":\"m\\u0000\",\"response\":\"r\"" TAIL, OYSTER_EREPLYMODEL, "model" }, { "{\"model\":\"m\",\"response\":\"r\",\"done\":false}", OYSTER_EREPLYOPEN, "done" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"error\":\"x\"" TAIL, OYSTER_EREPLYREMOTE, "error" }, { "{\"error\":\"x\"}", OYSTER_EREPLYREMOTE, "error" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"error\":{\"code\":1}" TAIL, OYSTER_EREPLYREMOTE, "error" }, { "{\"model\":\"m\",\"response\":\"r\",\"error\":0" TAIL, OYSTER_EREPLYREMOTE, "error" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"remote_host\":\"ollama.com\"" TAIL, OYSTER_EREPLYREMOTE, "remote_host" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"remote_model\":\"x\"" TAIL, OYSTER_EREPLYREMOTE, "remote_model" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"remote_m\\u006fdel\":true" TAIL, OYSTER_EREPLYREMOTE, "remote_model" },
		/* not one object */
		{ "", OYSTER_EREPLYJSON, "byte 0 of the model server's reply" }, { "null", OYSTER_EREPLYOBJECT, "" }, { "[]", OYSTER_EREPLYOBJECT, "" }, { "\"x\"", OYSTER_EREPLYOBJECT, "" },
		{ "<html>", OYSTER_EREPLYJSON, "byte 0 of the model server's reply" }, { "{\"model\":\"m\",\"response\":\"r", OYSTER_EREPLYJSON, "byte 26 of the model server's reply" },
		{ "{\"model\":\"m\",\"response\":\"r\"" TAIL "x", OYSTER_EREPLYJSON, "byte 40 of the model server's reply" },
		{ "{\"model\":\"m\",\"response\":\"r\"" TAIL "{}", OYSTER_EREPLYJSON, "byte 40 of the model server's reply" },
		{ "{\"model\":\"m\",\"response\":\"a\",\"done\":false}\n{\"model\":\"m\",\"response\":\"\"" TAIL "\n", OYSTER_EREPLYJSON, "byte 42 of the model server's reply" },
		{ "{\"model\":\"m\",\"response\":\"\xff\"" TAIL, OYSTER_EREPLYJSON, "byte 25 of the model server's reply" },
		{ "{\"model\":\"m\",\"response\":\"\\ud800\"" TAIL, OYSTER_EREPLYJSON, "byte 25 of the model server's reply" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(is_refused(rows[i].body, rows[i].err, rows[i].culprit), rows[i].body);
}

static void a_nul_behind_the_reply_is_junk(void)
{
	static const char body[] = "{\"model\":\"m\",\"response\":\"r\"" TAIL "\0";
	struct reply reply;

	CHECK(parse(&reply, body, sizeof(body) - 1, "m") == OYSTER_EREPLYJSON);
	reply_clear(&reply);
}

/* A body of which nothing was received has no memory at all. */
static void a_reply_without_bytes_is_not_json(void)
{
	struct reply reply = { .body = BUF_INIT(10) };

	CHECK(reply_parse(&reply, (struct text){ "m", 1 }) == OYSTER_EREPLYJSON);
	CHECK(reply_error(&reply).len == 0);
	reply_clear(&reply);
}

static void no_prefix_of_a_reply_is_signed(void)
{
	static const char body[] = "{\"model\":\"m\",\"created_at\":\"now\",\"response\":\"r\\n\",\"context\":[1,2]" TAIL;
	struct reply reply;
	size_t len;

	for (len = 0; len < sizeof(body) - 1; len++) {
		CHECK(parse(&reply, body, len, "m") == OYSTER_EREPLYJSON);
		reply_clear(&reply);
	}
	CHECK(parse(&reply, body, len, "m") == OYSTER_OK);
	reply_clear(&reply);
}

static void errors_are_passed_on_as_they_stand(void)
{
	static const struct {
		const char *body, *sentence;
	} rows[] = {
		{ "{\"error\":\"model 'nope' not found\"}", "\"model 'nope' not found\"" }, { " { \"error\" : \"a\\u003cb\\n\" } \n", "\"a\\u003cb\\n\"" },
		{ "{\"code\":1,\"error\":\"x\",\"more\":[]}", "\"x\"" }, { "{\"error\":\"\xc3\xa9\"}", "\"\xc3\xa9\"" }, { "{\"error\":null}", "" }, { "{\"error\":1}", "" },
		{ "{\"error\":{\"message\":\"x\"}}", "" }, { "{\"error\":[\"x\"]}", "" }, { "{\"Error\":\"x\"}", "" }, { "{}", "" }, { "", "" }, { "[\"error\"]", "" }, { "\"error\"", "" },
		{ "error", "" }, { "{\"error\":\"x\",\"error\":\"y\"}", "" }, { "{\"error\":\"x\"} y", "" }, { "{\"error\":\"x\"", "" }, { "{\"error\":\"\xff\"}", "" },
		{ "<html><body>502</body></html>", "" }, { "{\"error\":\"a\nb\"}", "" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct reply reply = { .body = BUF_INIT(1000) };

		CHECK(buf_puts(&reply.body, rows[i].body) == OYSTER_OK);
		CHECK_ROW(text_is(reply_error(&reply), rows[i].sentence), rows[i].body);
		reply_clear(&reply);
	}
}

/* An error object of exactly so many bytes. */
static size_t error_of(size_t len)
{
	static const char head[] = "{\"error\":\"", tail[] = "\"}";
	struct reply reply = { .body = BUF_INIT(100000) };
	size_t found;

	CHECK(buf_puts(&reply.body, head) == OYSTER_OK);
	while (reply.body.len < len - (sizeof(tail) - 1))
		if (buf_puts(&reply.body, "e"))
			break;
	CHECK(buf_puts(&reply.body, tail) == OYSTER_OK && reply.body.len == len);
	found = reply_error(&reply).len;
	reply_clear(&reply);
	return found;
}

static void errors_are_passed_on_up_to_64_kib(void)
{
	CHECK(error_of(65535) == 65535 - 10);
	CHECK(error_of(65536) == 65536 - 10);
	CHECK(error_of(65537) == 0);
}

int main(void)
{
	RUN(the_parts_of_a_reply);
	RUN(replies_that_can_be_signed);
	RUN(replies_that_cannot);
	RUN(a_nul_behind_the_reply_is_junk);
	RUN(a_reply_without_bytes_is_not_json);
	RUN(no_prefix_of_a_reply_is_signed);
	RUN(errors_are_passed_on_as_they_stand);
	RUN(errors_are_passed_on_up_to_64_kib);
	return DONE();
}
