/* What a request and its answer say; see statement.h. */
#include "statement.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/json.h"

/* The fields of NDJSON's first line that say something. */
enum field_id { MODEL, RESPONSE, DONE, CONTEXT, ERROR, REMOTE_HOST, REMOTE_MODEL, FIELDS };

static const char *const names[FIELDS] = {
	"model", "response", "done", "context", "error", "remote_host", "remote_model",
};

static bool fail(struct statement *statement, const char *where,
		 const char *culprit, const char *what)
{
	snprintf(statement->why, sizeof(statement->why), "%s: %s%s%s", where,
		 culprit, *culprit ? " " : "", what);
	return false;
}

/* A copy of bytes that the parsers may decode in place. */
static bool copy(struct buf *buf, struct text bytes)
{
	buf->max = bytes.len;
	return !buf_add(buf, bytes.at, bytes.len);
}

static bool read_request(struct statement *statement, struct text asked)
{
	struct request *request = &statement->request;
	enum oyster_err err = OYSTER_ENOMEM;

	if (copy(&statement->asked, asked))
		err = request_parse(request, &statement->asked, LONG_MAX);
	if (err)
		return fail(statement, "the request is not one that is signed",
			    request->culprit, err_text(err));
	statement->model = request->model;
	statement->prompt = request->prompt;
	statement->request_context = request->context;
	statement->covered = request->covered;
	return true;
}

static bool read_object(struct statement *statement, struct text object)
{
	struct reply *reply = &statement->reply;
	enum oyster_err err = OYSTER_ENOMEM;

	if (copy(&reply->body, object))
		err = reply_parse(reply, statement->model);
	if (err)
		return fail(statement, "the body is not an answer",
			    reply->culprit, err_text(err));
	statement->response = reply->response;
	statement->response_context = reply->context;
	return true;
}

static bool slice_first(struct statement *statement, struct json *values)
{
	struct json_walk walk;
	struct json key, value;
	enum field_id id;

	json_enter(&walk, statement->first.data, statement->first.len, '{');
	while (json_member(&walk, &key, &value)) {
		for (id = 0; id < FIELDS; id++)
			if (json_is(&key, names[id]))
				break;
		if (id == FIELDS)
			continue;
		if (values[id].type != JSON_ABSENT)
			return fail(statement, "the first line", names[id], "is there twice");
		values[id] = value;
	}
	if (json_end(&walk))
		return fail(statement, "the first line", "", "is not a JSON object");
	return true;
}

/* Decode a string where it stands. */
static struct text decode(const struct json *string)
{
	return (struct text){ string->at, json_decode(string->at, string) };
}

/* Clients that read the context of this line must get that of the other. */
static bool is_same_context(const struct statement *statement, const struct json *array)
{
	struct text ours = { array->at, 0 };

	if (array->type == JSON_ABSENT || array->type == JSON_NULL)
		return true;
	if (array->type != JSON_ARRAY)
		return false;
	ours.len = json_integers(array->at, array, UINT64_MAX);
	return text_equal(ours, statement->response_context);
}

static bool read_first(struct statement *statement, struct text line)
{
	struct json values[FIELDS] = { { .type = JSON_ABSENT } };
	enum field_id id;

	if (!copy(&statement->first, line))
		return fail(statement, "the first line", "", "out of memory");
	if (!slice_first(statement, values))
		return false;
	for (id = ERROR; id <= REMOTE_MODEL; id++)
		if (values[id].type != JSON_ABSENT && !json_is_blank(&values[id]))
			return fail(statement, "the first line", names[id], "is set");
	if (values[DONE].type != JSON_FALSE)
		return fail(statement, "the first line", "done", "is not false");
	if (values[MODEL].type != JSON_STRING ||
	    !text_equal(decode(&values[MODEL]), statement->model))
		return fail(statement, "the first line", "model", "is not the request's");
	if (!is_same_context(statement, &values[CONTEXT]))
		return fail(statement, "the first line", "context", "is not that of the last line");
	if (values[RESPONSE].type != JSON_STRING)
		return fail(statement, "the first line", "response", "is no string");
	statement->response = decode(&values[RESPONSE]);
	return true;
}

/* Two lines, the first until end: all text is there; the second is the final object. */
static bool read_lines(struct statement *statement, struct text body, const char *end)
{
	struct text first, last;

	if (body.at[body.len - 1] != '\n')
		return fail(statement, "the body", "", "is not lines of NDJSON");
	first = (struct text){ body.at, (size_t)(end - body.at) };
	last = (struct text){ end + 1, body.len - first.len - 1 };
	if (last.len < 2 || memchr(last.at, '\n', last.len - 1))
		return fail(statement, "the body", "", "is not two lines of NDJSON");
	last.len--;
	if (!read_object(statement, last))
		return false;
	if (statement->response.len > 0)
		return fail(statement, "the last line", "response", "is not empty");
	return read_first(statement, first);
}

bool statement_read(struct statement *statement, struct text asked,
		    struct text answered)
{
	const char *end;

	memset(statement, 0, sizeof(*statement));
	if (!read_request(statement, asked))
		return false;
	end = memchr(answered.at, '\n', answered.len);
	return statement->request.stream && end ? read_lines(statement, answered, end) :
						  read_object(statement, answered);
}

void statement_clear(struct statement *statement)
{
	buf_clear(&statement->asked);
	buf_clear(&statement->first);
	request_clear(&statement->request);
	reply_clear(&statement->reply);
}
