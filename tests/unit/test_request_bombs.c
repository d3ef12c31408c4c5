/*
 * Requests of 8 MiB that try to take more: none may cost more memory than
 * twice its body and 4 MiB, whether it is taken or refused.
 */
#include "tests/unit/ask.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define BODY		(8u << 20)	/* bytes */
#define EXTRA_KB	4096		/* KiB beyond twice the body */

/* head, then as many pieces as fit or as many as said, then tail. */
struct bomb {
	const char *name, *head, *piece, *tail;
	size_t count;		/* 0: as many as fit into BODY */
	enum oyster_err err;
	const char *culprit;
};

static const struct bomb bombs[] = {
	{ "a prompt", "{\"model\":\"m\",\"prompt\":\"", "abcdefgh", "\"}", 0, OYSTER_OK, "" },
	{ "a context of ones", "{\"model\":\"m\",\"context\":[1", ",1", "]}", 0, OYSTER_ETOKENS, "context" },
	{ "a context of spaces", "{\"model\":\"m\",\"context\":[1", " ", "]}", 0, OYSTER_OK, "" },
	{ "a context of arrays", "{\"model\":\"m\",\"context\":[[]", ",[]", "]}", 0, OYSTER_ECONTEXT, "context" },
	{ "unknown ones", "{\"model\":\"m\",\"x\":[1", ",1", "]}", 0, OYSTER_OK, "" },
	{ "unknown arrays", "{\"model\":\"m\",\"x\":[[]", ",[]", "]}", 0, OYSTER_OK, "" },
	{ "unknown objects", "{\"model\":\"m\",\"x\":[{}", ",{}", "]}", 0, OYSTER_OK, "" },
	{ "a format of arrays", "{\"model\":\"m\",\"format\":{\"x\":[[]", ",[]", "]}}", 0, OYSTER_EHEAVY, "format" },
	{ "a format of objects", "{\"model\":\"m\",\"format\":{\"x\":[{}", ",{}", "]}}", 0, OYSTER_EHEAVY, "format" },
	{ "a format of keys", "{\"model\":\"m\",\"format\":{\"\":0", ",\"\":0", "}}", 0, OYSTER_EHEAVY, "format" },
	{ "stops", "{\"model\":\"m\",\"options\":{\"stop\":[\"\"", ",\"\"", "]}}", 0, OYSTER_OK, "" },
	{ "options nobody knows", "{\"model\":\"m\",\"options\":{\"\":0", ",\"\":0", "}}", 0, OYSTER_OK, "" },
	{ "empty images", "{\"model\":\"m\",\"images\":[\"\"", ",\"\"", "]}", 0, OYSTER_EHEAVY, "images" },
	{ "one image", "{\"model\":\"m\",\"images\":[\"", "AAAA", "\"]}", 0, OYSTER_OK, "" },
	{ "a million keys", "{\"model\":\"m\"", ",\"k\":0", "}", 1000000, OYSTER_OK, "" },
	{ "a million escaped keys", "{\"model\":\"m\"", ",\"\\u0000\":0", "}", 700000, OYSTER_OK, "" },
	{ "a million NULs", "{\"model\":\"m\",\"prompt\":\"", "\\u0000", "\"}", 1000000, OYSTER_OK, "" },
	{ "a million NULs in system", "{\"model\":\"m\",\"system\":\"", "\\u0000", "\"}", 1000000, OYSTER_OK, "" },
	{ "control characters", "{\"model\":\"m\",\"prompt\":\"", "\\n", "\"}", 0, OYSTER_OK, "" },
	{ "ten million digits", "{\"model\":\"m\",\"x\":", "1234567890", "}", 1000000, OYSTER_OK, "" },
	{ "ten million digits in context", "{\"model\":\"m\",\"context\":[", "1234567890", "]}", 1000000, OYSTER_ECONTEXT, "context" },
	{ "ten million digits of an option", "{\"model\":\"m\",\"options\":{\"seed\":", "1234567890", "}}", 1000000, OYSTER_OK, "" },
	{ "a million brackets", "", "[", "", 1000000, OYSTER_EDEPTH, "byte 128 of the request body" },
	{ "a million brackets in x", "{\"model\":\"m\",\"x\":", "[", "}", 1000000, OYSTER_EDEPTH, "byte 144 of the request body" },
	{ "a million braces", "", "{\"\":", "", 1000000, OYSTER_EDEPTH, "byte 512 of the request body" },
	{ "white space", "{\"model\":\"m\"", " ", "}", 0, OYSTER_OK, "" },
	{ "white space without end", "", "\n", "", 0, OYSTER_EJSON, "byte 8388608 of the request body" },
	{ "a string without end", "{\"model\":\"m\",\"prompt\":\"", "a", "", 0, OYSTER_EJSON, "byte 8388608 of the request body" },
	{ "a model's name", "{\"model\":\"", "a", "\"}", 0, OYSTER_EMODEL, "model" },
	{ "a key", "{\"model\":\"m\",\"", "a", "\":1}", 0, OYSTER_OK, "" },
	{ "an escaped key", "{\"model\":\"m\",\"", "\\u006d", "\":1}", 0, OYSTER_OK, "" },
};

static void build(struct buf *body, const struct bomb *bomb)
{
	size_t head = strlen(bomb->head), piece = strlen(bomb->piece), tail = strlen(bomb->tail);
	size_t count = bomb->count ? bomb->count : (BODY - head - tail) / piece;
	char *at;
	size_t i;

	body->len = body->cap = body->max = head + count * piece + tail;
	body->data = must(malloc(body->len + 1));
	at = stpcpy(body->data, bomb->head);
	for (i = 0; i < count; i++)
		at = mempcpy(at, bomb->piece, piece);
	memcpy(at, bomb->tail, tail);
}

/* KiB, from /proc/self/status. */
static long memory(const char *name)
{
	char text[4096];
	const char *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	read_all(fd, text, sizeof(text));
	close(fd);
	line = strstr(text, name);
	return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

static bool costs_little(size_t body, long before)
{
#ifdef OYSTER_SANITIZED		/* its own memory is much more */
	(void)body;
	(void)before;
	return true;
#else
	long used = memory("VmHWM:") - before;
	long most = (long)(2 * body / 1024) + EXTRA_KB;

	if (used > most)
		fprintf(stderr, "%ld KiB of at most %ld\n", used, most);
	return before > 0 && used <= most;
#endif
}

/* In a process of its own, whose peak is nobody else's. */
static int go_off(void *arg)
{
	const struct bomb *bomb = arg;
	long before = memory("VmRSS:");
	struct request request;
	struct buf body = { 0 };
	enum oyster_err err;

	build(&body, bomb);
	err = request_parse(&request, &body, ANY_TOKEN);
	if (err != bomb->err || strcmp(request.culprit, bomb->culprit)) {
		fprintf(stderr, "error %d, culprit %s\n", err, request.culprit);
		return 1;
	}
	if (!costs_little(body.len, before))
		return 1;
	request_clear(&request);
	buf_clear(&body);
	return 0;
}

static void no_request_costs_more_than_twice_its_body(void)
{
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(bombs); i++) {
		struct bomb bomb = bombs[i];

		child = run_child(go_off, &bomb);
		CHECK_ROW(child.status == 0, bomb.name);
		if (child.status)
			printf("# %s\n", child.said);
	}
}

/* The measure itself: memory that is touched must be seen. */
static int waste(void *arg)
{
	long before = memory("VmRSS:");
	char *wasted = must(malloc(3 * BODY));

	(void)arg;
	memset(wasted, 'x', 3 * BODY);
	fputc(wasted[before % BODY], stderr);
	free(wasted);
	return costs_little(BODY / 4, before) ? 1 : 0;
}

static void the_measure_sees_what_is_used(void)
{
#ifndef OYSTER_SANITIZED
	CHECK(run_child(waste, NULL).status == 0);
#else
	(void)waste;
#endif
}

static void what_goes_upstream_is_never_longer_than_it_may_be(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\"}", "{\"model\":\"m\",\"raw\":true}", "{\"model\":\"\\\\\",\"prompt\":\"\\\"\\\\\"}",
		"{\"model\":\"m\",\"options\":{\"top_p\":1}}", "{\"model\":\"m\",\"images\":[\"\"]}", "{\"model\":\"m\",\"format\":{\"a\":1}}",
	};
	size_t i;

	for (i = 0; i < COUNT(bodies); i++) {
		struct asked asked = ask(bodies[i]);

		CHECK_ROW(asked.err == OYSTER_OK, bodies[i]);
		CHECK_ROW(asked.request.upstream.len <= strlen(bodies[i]) + 128, bodies[i]);
		forget(&asked);
	}
}

int main(void)
{
	RUN(no_request_costs_more_than_twice_its_body);
	RUN(the_measure_sees_what_is_used);
	RUN(what_goes_upstream_is_never_longer_than_it_may_be);
	return DONE();
}
