/*
 * Every time that something is put into a buffer there may be no memory for
 * it: the request is answered with that, or the answer says so.
 */
#include "fcgi/answer.h"
#include "fcgi/json.h"
#include "tests/unit/ask.h"
#include "tests/unit/dialed.h"
#include "tests/unit/faults.h"

FAULT(enum oyster_err, buf_reserve, (struct buf *buf, size_t len), (buf, len))
FAULT(enum oyster_err, buf_add, (struct buf *buf, const void *bytes, size_t len), (buf, bytes, len))
FAULT(enum oyster_err, buf_puts, (struct buf *buf, const char *string), (buf, string))
FAULT(enum oyster_err, json_put_string, (struct buf *buf, struct text decoded), (buf, decoded))
FAULT(enum oyster_err, json_put_value, (struct buf *buf, const struct json *value), (buf, value))
FAULT(void *, realloc, (void *old, size_t size), (old, size))

static const char *const names[] = { "buf_reserve", "buf_add", "buf_puts", "json_put_string", "json_put_value", "realloc" };

static long failure(const char *name)
{
	return strcmp(name, "realloc") ? OYSTER_ENOMEM : 0;
}

/*
 * Have each call of each function fail, until there are no more of them;
 * each time what is tried must tell.  Returns how many there were.
 */
static int fail_each(bool tells(const char *text), const char *text)
{
	int count = 0, turn;
	size_t i;
	bool told;

	for (i = 0; i < COUNT(names); i++)
		for (turn = 1;; turn++) {
			fault_set(names[i], turn, ENOMEM, failure(names[i]));
			told = tells(text);
			if (!fault_came())
				break;
			CHECK_ROW(told, text);
			count++;
		}
	return count;
}

static bool request_tells(const char *body)
{
	struct asked asked = ask(body);
	bool ok = asked.err == OYSTER_ENOMEM;

	forget(&asked);
	return ok;
}

static void requests_are_relayed_whole_or_not_at_all(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"prompt\":\"hi\"}",
		"{\"model\":\"m\",\"prompt\":\"h\\ni\",\"context\":[1,2]}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"images\":[\"aGk=\",\"aGk=\"]}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"options\":{\"seed\":1,\"num_gpu\":null,\"top_k\":null,\"stop\":[\"a\",\"b\"]}}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"system\":\"s\",\"format\":\"json\",\"raw\":true}",
	};
	size_t i;

	for (i = 0; i < COUNT(bodies); i++) {
		struct asked asked = ask(bodies[i]);

		CHECK_ROW(asked.err == OYSTER_OK, bodies[i]);
		forget(&asked);
		CHECK_ROW(fail_each(request_tells, bodies[i]) >= 5, bodies[i]);
	}
}

static bool reply_tells(const char *body)
{
	struct reply reply = { 0 };
	bool ok;

	reply.body.data = exact_copy(body, strlen(body));
	reply.body.len = reply.body.cap = reply.body.max = strlen(body);
	ok = reply_parse(&reply, (struct text){ "m", 1 }) == OYSTER_ENOMEM && !reply.response.at;
	reply_clear(&reply);
	return ok;
}

static void a_reply_is_taken_whole_or_not_at_all(void)
{
	CHECK(fail_each(reply_tells, "{\"model\":\"m\",\"response\":\"a\",\"context\":[1,2],\"done\":true}") >= 1);
}

static bool error_tells(const char *sentence)
{
	struct answer answer;
	char body[128];
	bool ok;

	answer_init(&answer);
	answer_error(&answer, OYSTER_ETOOBIG, sentence);
	join(body, sizeof(body), &answer);
	ok = answer.status == 413 && !strcmp(body, "{\"error\":\"out of memory\"}\n");
	answer_clear(&answer);
	return ok;
}

static void an_error_that_finds_no_memory_says_that(void)
{
	CHECK(fail_each(error_tells, "culprit") >= 4);
}

static bool signer_tells(const char *target)
{
	struct call call = { .method = "GET", .target = target, .client = -1 };
	struct answer answer;
	char body[128];
	bool ok;

	CHECK(serve(&server, &answer, &call));
	join(body, sizeof(body), &answer);
	ok = answer.status == 500 && answer.is_signed && !strcmp(body, "{\"error\":\"out of memory\"}\n");
	answer_clear(&answer);
	return ok;
}

static void who_signs_is_said_whole_or_not_at_all(void)
{
	set_up();
	CHECK(fail_each(signer_tells, "/oyster/signer") >= 9);
	tear_down();
}

int main(void)
{
	RUN(requests_are_relayed_whole_or_not_at_all);
	RUN(a_reply_is_taken_whole_or_not_at_all);
	RUN(an_error_that_finds_no_memory_says_that);
	RUN(who_signs_is_said_whole_or_not_at_all);
	return DONE();
}
