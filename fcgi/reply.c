/* The model server's reply; see reply.h. */
#include "reply.h"

#include <stdint.h>
#include <stdio.h>

#define ERROR_MAX	65536	/* bytes of an error reply that is passed on */

enum field_id {
	MODEL, CREATED_AT, RESPONSE, DONE, CONTEXT,
	ERROR, REMOTE_HOST, REMOTE_MODEL,
	FIELDS
};

static const char *const names[FIELDS] = {
	"model", "created_at", "response", "done", "context",
	"error", "remote_host", "remote_model",
};

static enum oyster_err blame(struct reply *reply, enum field_id id,
			     enum oyster_err err)
{
	snprintf(reply->culprit, sizeof(reply->culprit), "%s", names[id]);
	return err;
}

static enum field_id find_field(const struct json *key)
{
	enum field_id id;

	for (id = 0; id < FIELDS; id++)
		if (json_is(key, names[id]))
			break;
	return id;
}

static enum oyster_err slice(struct reply *reply, struct json *values)
{
	struct json_walk walk;
	struct json key, value;
	enum field_id id;
	enum oyster_err err;

	json_enter(&walk, reply->body.data, reply->body.len, '{');
	while (json_member(&walk, &key, &value)) {
		id = find_field(&key);
		if (id == FIELDS)
			continue;
		if (values[id].type != JSON_ABSENT)
			return blame(reply, id, OYSTER_EREPLYTWICE);
		values[id] = value;
	}
	err = json_end(&walk);
	if (err == OYSTER_EOBJECT)
		return OYSTER_EREPLYOBJECT;
	if (err) {
		snprintf(reply->culprit, sizeof(reply->culprit),
			 "byte %zu of the model server's reply",
			 json_offset(&walk));
		return OYSTER_EREPLYJSON;
	}
	return OYSTER_OK;
}

static enum oyster_err need(struct reply *reply, const struct json *values,
			    enum field_id id, unsigned types)
{
	if (values[id].type == JSON_ABSENT)
		return blame(reply, id, OYSTER_EREPLYMISSING);
	if (values[id].type & ~types)
		return blame(reply, id, OYSTER_EREPLYTYPE);
	return OYSTER_OK;
}

/* Everything about the fields but their content. */
static enum oyster_err check(struct reply *reply, const struct json *values)
{
	enum oyster_err err;
	enum field_id id;

	for (id = ERROR; id <= REMOTE_MODEL; id++)
		if (values[id].type != JSON_ABSENT && !json_is_blank(&values[id]))
			return blame(reply, id, OYSTER_EREPLYREMOTE);

	err = need(reply, values, MODEL, JSON_STRING);
	if (!err)
		err = need(reply, values, RESPONSE, JSON_STRING);
	if (!err)
		err = need(reply, values, DONE, JSON_TRUE | JSON_FALSE);
	if (!err && values[DONE].type == JSON_FALSE)
		err = blame(reply, DONE, OYSTER_EREPLYOPEN);
	if (!err && values[CONTEXT].type & ~(unsigned)(JSON_ARRAY | JSON_NULL))
		err = blame(reply, CONTEXT, OYSTER_EREPLYTYPE);
	return err;
}

/* Bytes that decoding may take; what has no escapes stays where it is. */
static size_t room(const struct json *string)
{
	return string->escaped ? string->len : 0;
}

/* Decode into reply->decoded, where there is room, if there is need. */
static struct text decode(struct reply *reply, const struct json *string)
{
	struct buf *to = &reply->decoded;
	struct text text = { string->at + 1, string->len - 2 };

	if (string->escaped) {
		text.at = to->data + to->len;
		text.len = json_decode(to->data + to->len, string);
		to->len += text.len;
	}
	return text;
}

static enum oyster_err take_context(struct reply *reply, const struct json *array)
{
	struct buf *to = &reply->decoded;
	size_t len;

	reply->context = (struct text){ "[]", 2 };
	if (array->type != JSON_ARRAY)
		return OYSTER_OK;
	len = json_integers(to->data + to->len, array, UINT64_MAX);
	if (len == 0) {
		to->len = to->max;	/* some are there, to be wiped */
		return blame(reply, CONTEXT, OYSTER_EREPLYTYPE);
	}
	reply->context = (struct text){ to->data + to->len, len };
	to->len += len;
	return OYSTER_OK;
}

static enum oyster_err take(struct reply *reply, const struct json *values,
			    struct text model)
{
	enum oyster_err err;

	/* One piece for all, so that nothing moves. */
	reply->decoded.max = room(&values[MODEL]) + room(&values[RESPONSE]) +
			     values[CONTEXT].len;
	err = buf_reserve(&reply->decoded, reply->decoded.max);
	if (err)
		return err;
	reply->model = decode(reply, &values[MODEL]);
	if (!text_equal(reply->model, model))
		return blame(reply, MODEL, OYSTER_EREPLYMODEL);
	reply->response = decode(reply, &values[RESPONSE]);
	return take_context(reply, &values[CONTEXT]);
}

enum oyster_err reply_parse(struct reply *reply, struct text model)
{
	struct json values[FIELDS] = { { .type = JSON_ABSENT } };
	enum oyster_err err;

	err = slice(reply, values);
	if (!err)
		err = check(reply, values);
	if (!err)
		err = take(reply, values, model);

	reply->model_json = values[MODEL];
	reply->created_json = values[CREATED_AT];
	reply->response_json = values[RESPONSE];
	reply->context_json = values[CONTEXT];
	return err;
}

struct text reply_error(struct reply *reply)
{
	struct json values[FIELDS] = { { .type = JSON_ABSENT } };
	struct text none = { "", 0 };

	if (reply->body.len > ERROR_MAX || slice(reply, values) ||
	    values[ERROR].type != JSON_STRING)
		return none;
	return (struct text){ values[ERROR].at, values[ERROR].len };
}

void reply_clear(struct reply *reply)
{
	buf_clear(&reply->body);
	buf_clear(&reply->decoded);
}
