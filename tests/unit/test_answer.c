/* What a client gets: errors in one shape, a model's bytes, or two lines. */
#include "fcgi/answer.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

/* Whether the parts, one behind the other, are these bytes. */
static bool body_is(const struct answer *answer, const char *want)
{
	char body[4096];
	size_t len = 0;
	int i;

	for (i = 0; i < answer->parts; i++) {
		memcpy(body + len, answer->part[i].at, answer->part[i].len);
		len += answer->part[i].len;
	}
	return len == answer_len(answer) && len == strlen(want) && !memcmp(body, want, len);
}

static void take_reply(struct answer *answer, const char *body)
{
	answer_init(answer);
	answer->reply.body.max = 4096;
	CHECK(buf_puts(&answer->reply.body, body) == OYSTER_OK);
}

static void every_error_is_one_sentence_as_json(void)
{
	char want[300];
	int err;

	for (err = OYSTER_OK + 1; err < OYSTER_ERR_MAX; err++) {
		const char *text = err_text((enum oyster_err)err);
		struct answer answer;

		if (strchr(text, '"'))	/* has a test of its own */
			continue;
		answer_init(&answer);
		answer.is_covered = true;
		answer_puts(&answer, "half an answer");
		answer_error(&answer, (enum oyster_err)err, "model");
		snprintf(want, sizeof(want), "{\"error\":\"model %s\"}\n", text);
		CHECK_ROW(body_is(&answer, want), want);
		CHECK_ROW(answer.status == err_status((enum oyster_err)err), want);
		CHECK_ROW(!answer.is_covered && answer.retry == (answer.status == 503 && err == OYSTER_EBUSY), want);
		CHECK_ROW(!strcmp(answer.type, "application/json; charset=utf-8"), want);
		answer_clear(&answer);
	}
}

static void quotes_in_a_sentence_are_escaped(void)
{
	struct answer answer;

	answer_init(&answer);
	answer_error(&answer, OYSTER_EFORMAT, "format");
	CHECK(body_is(&answer, "{\"error\":\"format must be \\\"json\\\" or an object\"}\n"));
	answer_error(&answer, OYSTER_EPATH, "");
	CHECK(body_is(&answer, "{\"error\":\"there is nothing at this path\"}\n"));
	answer_clear(&answer);
}

static void errors_of_the_model_server_keep_status_and_text(void)
{
	static const struct {
		long status;
		const char *body;
		int want_status;
		const char *want;	/* NULL: a sentence of ours */
	} rows[] = {
		{ 404, "{\"error\":\"model 'nope' not found\"}", 404, "{\"error\":\"model 'nope' not found\"}\n" },
		{ 400, "{\"error\":\"a\\u003cb \\\"c\\\"\"}", 400, "{\"error\":\"a\\u003cb \\\"c\\\"\"}\n" },
		{ 500, "{\"error\":\"x\",\"signin_url\":\"http://evil\"}", 500, "{\"error\":\"x\"}\n" },
		{ 503, " { \"error\" : \"busy\" } ", 503, "{\"error\":\"busy\"}\n" },
		{ 500, "", 500, NULL }, { 404, "404 page not found", 404, NULL }, { 400, "{\"error\":{}}", 400, NULL },
		{ 401, "{\"error\":\"x\",\"signin_url\":\"http://evil\"}", 502, "{\"error\":\"status 401 came from the model server and is not passed on\"}\n" },
		{ 301, "", 502, "{\"error\":\"status 301 came from the model server and is not passed on\"}\n" },
		{ 204, "", 502, "{\"error\":\"status 204 came from the model server and is not passed on\"}\n" },
		{ 403, "{\"error\":\"x\"}", 502, "{\"error\":\"status 403 came from the model server and is not passed on\"}\n" },
		{ 502, "{\"error\":\"x\"}", 502, "{\"error\":\"status 502 came from the model server and is not passed on\"}\n" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct answer answer;

		take_reply(&answer, rows[i].body);
		answer_upstream_error(&answer, rows[i].status);
		CHECK_ROW(answer.status == rows[i].want_status, rows[i].body);
		CHECK_ROW(!answer.is_covered, rows[i].body);
		CHECK_ROW(body_is(&answer, rows[i].want ? rows[i].want :
			  "{\"error\":\"the model server answered with an error that it did not explain\"}\n"),
			  rows[i].body);
		answer_clear(&answer);
	}
}

static const char whole[] = " {\"model\":\"\\u006d\",\"created_at\":\"now\",\n\"response\":\"a\\nb\\\"\",\"done\":true,"
			    "\r\n\"context\":[ 1 ,\n2 ],\"eval_count\":3}\n";

static void a_plain_answer_is_the_models_bytes(void)
{
	struct answer answer;

	take_reply(&answer, whole);
	CHECK(reply_parse(&answer.reply, (struct text){ "m", 1 }) == OYSTER_OK);
	answer_json(&answer);
	CHECK(body_is(&answer, whole) && answer.status == 200);
	CHECK(!strcmp(answer.type, "application/json; charset=utf-8"));
	answer_clear(&answer);
}

/* The final object keeps everything but its text; a line has one line feed. */
static void a_stream_is_two_lines(void)
{
	static const struct {
		const char *reply, *lines;
	} rows[] = {
		{ whole, "{\"model\":\"\\u006d\",\"created_at\":\"now\",\"response\":\"a\\nb\\\"\",\"done\":false,\"context\":[1,2]}\n"
			 " {\"model\":\"\\u006d\",\"created_at\":\"now\", \"response\":\"\",\"done\":true,  \"context\":[ 1 , 2 ],\"eval_count\":3} \n" },
		{ "{\"model\":\"m\",\"response\":\"\",\"done\":true}",
		  "{\"model\":\"m\",\"response\":\"\",\"done\":false}\n{\"model\":\"m\",\"response\":\"\",\"done\":true}\n" },
		{ "{\"done\":true,\"context\":null,\"response\":\"x\",\"model\":\"m\"}",
		  "{\"model\":\"m\",\"response\":\"x\",\"done\":false}\n{\"done\":true,\"context\":null,\"response\":\"\",\"model\":\"m\"}\n" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct answer answer;

		take_reply(&answer, rows[i].reply);
		CHECK(reply_parse(&answer.reply, (struct text){ "m", 1 }) == OYSTER_OK);
		answer_ndjson(&answer);
		CHECK_ROW(body_is(&answer, rows[i].lines), rows[i].reply);
		CHECK_ROW(!strcmp(answer.type, "application/x-ndjson"), rows[i].reply);
		CHECK_ROW(answer.parts <= ANSWER_PARTS, rows[i].reply);
		answer_clear(&answer);
	}
}

int main(void)
{
	RUN(every_error_is_one_sentence_as_json);
	RUN(quotes_in_a_sentence_are_escaped);
	RUN(errors_of_the_model_server_keep_status_and_text);
	RUN(a_plain_answer_is_the_models_bytes);
	RUN(a_stream_is_two_lines);
	return DONE();
}
