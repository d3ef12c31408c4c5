/* What real model servers answered, as jansson reads it and as we do. */
#include "tests/unit/vectors.h"

#include "fcgi/reply.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

static const char *const files[] = {
	"tests/replies/replies-0.6.0.json", "tests/replies/replies-0.24.0.json",
};

static bool same_text(struct text text, const json_t *object, const char *name)
{
	size_t len;
	const char *want = field(object, name, &len);

	return want && text.len == len && !memcmp(text.at, want, len);
}

static bool same_context(struct text text, const json_t *object)
{
	const json_t *context = json_object_get(object, "context");
	char *want = context ? json_dumps(context, JSON_COMPACT) : strdup("[]");
	bool same = text.len == strlen(want) && !memcmp(text.at, want, text.len);

	free(want);
	return same;
}

static void check_answer(const char *name, const char *body, size_t len)
{
	json_t *theirs = json_loadb(body, len, JSON_ALLOW_NUL, NULL);
	const char *model = json_string_value(json_object_get(theirs, "model"));
	struct reply reply = { .body = BUF_INIT(1 << 20) };

	CHECK_ROW(theirs && model, name);
	CHECK(buf_add(&reply.body, body, len) == OYSTER_OK);
	if (theirs && model) {
		CHECK_ROW(reply_parse(&reply, (struct text){ model, strlen(model) }) == OYSTER_OK, name);
		CHECK_ROW(same_text(reply.model, theirs, "model"), name);
		CHECK_ROW(same_text(reply.response, theirs, "response"), name);
		CHECK_ROW(same_context(reply.context, theirs), name);
	}
	reply_clear(&reply);
	json_decref(theirs);
}

/* A stream is several objects: none of them may be signed as the answer. */
static void check_stream(const char *name, const char *body, size_t len)
{
	struct reply reply = { .body = BUF_INIT(1 << 20) };

	CHECK(buf_add(&reply.body, body, len) == OYSTER_OK);
	CHECK_ROW(reply_parse(&reply, (struct text){ "tiny", 4 }) == OYSTER_EREPLYJSON, name);
	reply_clear(&reply);
}

static void check_error(const char *name, const char *body, size_t len)
{
	json_t *theirs = json_loadb(body, len, 0, NULL);
	json_t *error = json_object_get(theirs, "error");
	struct reply reply = { .body = BUF_INIT(1 << 20) };
	struct text sentence;
	json_t *again;

	CHECK(buf_add(&reply.body, body, len) == OYSTER_OK);
	sentence = reply_error(&reply);
	again = json_loadb(sentence.at, sentence.len, JSON_DECODE_ANY, NULL);
	CHECK_ROW(error && again && json_equal(error, again), name);
	json_decref(again);
	json_decref(theirs);
	reply_clear(&reply);
}

/* Every byte of a recorded answer cut off: never a reply to be signed. */
static void check_prefixes(const char *name, const char *body, size_t len)
{
	size_t cut;

	for (cut = 0; cut < len; cut++) {
		struct reply reply = { .body = BUF_INIT(1 << 20) };

		CHECK(buf_add(&reply.body, body, cut) == OYSTER_OK);
		CHECK_ROW(reply_parse(&reply, (struct text){ "tiny", 4 }) != OYSTER_OK, name);
		reply_clear(&reply);
	}
}

static size_t answers, streams, errors;

static void check_recording(const json_t *one)
{
	json_int_t status = json_integer_value(json_object_get(one, "status"));
	size_t len, unused;
	const char *name = field(one, "name", &unused);
	const char *body = field(one, "body", &len);

	if (status == 200 && !strcmp(name, "stream")) {
		check_stream(name, body, len);
		streams++;
	} else if (status == 200) {
		check_answer(name, body, len);
		check_prefixes(name, body, len);
		answers++;
	} else if (status >= 400 && len > 0 && body[0] == '{') {
		check_error(name, body, len);
		errors++;
	}
}

static void recorded_answers_are_read_as_jansson_reads_them(void)
{
	size_t i, k;

	for (i = 0; i < COUNT(files); i++) {
		json_t *recordings = load_vectors(files[i]);

		for (k = 0; k < json_array_size(recordings); k++)
			check_recording(json_array_get(recordings, k));
		json_decref(recordings);
	}
	CHECK(answers >= 20 && streams == 2 && errors >= 10);
}

int main(void)
{
	RUN(recorded_answers_are_read_as_jansson_reads_them);
	return DONE();
}
