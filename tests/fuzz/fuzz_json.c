/*
 * Requests and replies, with jansson as a second opinion.
 *
 * The input is a request, with its length in front, and a reply to it.  What
 * we accept jansson must read alike, and what is written for the model server
 * must mean the same as the request.
 */
#include <string.h>

#include "fcgi/reply.h"
#include "fcgi/request.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/second.h"

#define MAX_TOKEN	2147483647

static struct buf copy(struct text bytes)
{
	struct buf buf = { .max = bytes.len };

	MUST(!buf_add(&buf, bytes.at, bytes.len));
	return buf;
}

/* A second reading of what was written must not find anything else. */
static void check_upstream(const struct request *request)
{
	struct text text = { request->upstream.data, request->upstream.len };
	struct buf body = copy(text);
	struct request again;
	json_t *theirs = second_read(text);

	MUST(!request_parse(&again, &body, MAX_TOKEN));
	MUST(text_equal(again.model, request->model));
	MUST(text_equal(again.prompt, request->prompt));
	MUST(text_equal(again.context, request->context));
	MUST(!again.stream);
	MUST(!request->covered || again.covered);
	if (theirs) {
		MUST(second_is_string(theirs, "model", request->model));
		MUST(second_is_string(theirs, "prompt", request->prompt));
		MUST(second_is_array(theirs, "context", request->context));
		MUST(!request->covered || json_object_size(theirs) == 4);
	}
	json_decref(theirs);
	request_clear(&again);
	buf_clear(&body);
}

static void check_request(struct request *request, struct buf *body, struct text bytes)
{
	enum oyster_err err = request_parse(request, body, MAX_TOKEN);
	json_t *theirs;

	MUST(err != OYSTER_ETOOBIG && err != OYSTER_ENOMEM);
	MUST(memchr(request->culprit, '\0', sizeof(request->culprit)));
	if (err)
		return;
	theirs = second_read(bytes);
	if (theirs) {
		MUST(second_is_string(theirs, "model", request->model));
		MUST(second_is_string(theirs, "prompt", request->prompt));
		MUST(second_is_array(theirs, "context", request->context));
	}
	json_decref(theirs);
	check_upstream(request);
}

static void check_reply(struct text bytes, struct text model)
{
	struct reply reply = { .body = copy(bytes) };
	enum oyster_err err = reply_parse(&reply, model);
	struct text sentence = reply_error(&reply);
	json_t *theirs;

	MUST(err != OYSTER_ETOOBIG && err != OYSTER_ENOMEM);
	MUST(sentence.len == 0 || (sentence.len > 1 && sentence.at[0] == '"'));
	MUST(!bytes.len || !memcmp(reply.body.data, bytes.at, bytes.len));
	theirs = err ? NULL : second_read(bytes);
	if (theirs) {
		MUST(second_is_string(theirs, "model", model));
		MUST(second_is_string(theirs, "response", reply.response));
		MUST(second_is_array(theirs, "context", reply.context));
	}
	json_decref(theirs);
	reply_clear(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size };
	struct text asked = take_part(&rest), answered = take_all(&rest);
	struct buf body = copy(asked);
	struct request request;

	check_request(&request, &body, asked);
	check_reply(answered, request.model.at ? request.model : (struct text){ "m", 1 });
	request_clear(&request);
	buf_clear(&body);
	release(asked);
	release(answered);
	return 0;
}
