/* A client's request; see request.h. */
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "options.h"
#include "schema.h"
#include "template.h"

#define INTEGER_MAX	2147483647
#define CONTEXT_MAX	131072	/* tokens: the time they take is their square */
#define IMAGES_MAX	64
#define UPSTREAM_EXTRA	128	/* bytes that the body for upstream may be longer */

#define BOOLEAN		(JSON_TRUE | JSON_FALSE)

/* The order of the fields in the body for the model server. */
enum field_id {
	MODEL, PROMPT, STREAM, CONTEXT,
	SYSTEM, TEMPLATE, SUFFIX, FORMAT, RAW, IMAGES, THINK, TRUNCATE, SHIFT,
	LOGPROBS, TOP_LOGPROBS, OPTIONS,
	KEEP_ALIVE,
	FIELDS
};

static const struct {
	const char *name;
	unsigned types;		/* besides null, which is as good as absent */
	enum oyster_err wrong;	/* the error for another type */
} fields[FIELDS] = {
	[MODEL]        = { "model", JSON_STRING, OYSTER_ESTRING },
	[PROMPT]       = { "prompt", JSON_STRING, OYSTER_ESTRING },
	[STREAM]       = { "stream", BOOLEAN, OYSTER_EBOOLEAN },
	[CONTEXT]      = { "context", JSON_ARRAY, OYSTER_ECONTEXT },
	[SYSTEM]       = { "system", JSON_STRING, OYSTER_ESTRING },
	[TEMPLATE]     = { "template", JSON_STRING, OYSTER_ESTRING },
	[SUFFIX]       = { "suffix", JSON_STRING, OYSTER_ESTRING },
	[FORMAT]       = { "format", JSON_STRING | JSON_OBJECT, OYSTER_EFORMAT },
	[RAW]          = { "raw", BOOLEAN, OYSTER_EBOOLEAN },
	[IMAGES]       = { "images", JSON_ARRAY, OYSTER_EIMAGES },
	[THINK]        = { "think", BOOLEAN | JSON_STRING, OYSTER_ETHINK },
	[TRUNCATE]     = { "truncate", BOOLEAN, OYSTER_EBOOLEAN },
	[SHIFT]        = { "shift", BOOLEAN, OYSTER_EBOOLEAN },
	[LOGPROBS]     = { "logprobs", BOOLEAN, OYSTER_EBOOLEAN },
	[TOP_LOGPROBS] = { "top_logprobs", JSON_NUMBER, OYSTER_EINTEGER },
	[OPTIONS]      = { "options", JSON_OBJECT, OYSTER_EOPTIONS },
	[KEEP_ALIVE]   = { "keep_alive", ~0U, OYSTER_OK },
};

static enum oyster_err blame(struct request *request, const char *name,
			     enum oyster_err err)
{
	snprintf(request->culprit, sizeof(request->culprit), "%s", name);
	return err;
}

/* A part of a field. */
static enum oyster_err blame_part(struct request *request, const char *name,
				  const char *part, enum oyster_err err)
{
	snprintf(request->culprit, sizeof(request->culprit), "%s%s%s", name,
		 *part ? "." : "", part);
	return err;
}

static enum field_id find_field(const struct json *key)
{
	char first = json_first(key);
	enum field_id id;

	for (id = 0; id < FIELDS; id++)
		if (first == *fields[id].name &&
		    json_is(key, fields[id].name))
			break;
	return id;
}

/* Slice the body into the values of the known fields. */
static enum oyster_err slice(struct request *request, struct json *values,
			     struct buf *body)
{
	struct json_walk walk;
	struct json key, value;
	enum field_id id;
	enum oyster_err err;

	json_enter(&walk, body->data, body->len, '{');
	while (json_member(&walk, &key, &value)) {
		id = find_field(&key);
		if (id == FIELDS)
			continue;
		if (values[id].type != JSON_ABSENT)
			return blame(request, fields[id].name, OYSTER_ETWICE);
		values[id] = value;
	}
	err = json_end(&walk);
	if (err && err != OYSTER_EOBJECT)
		snprintf(request->culprit, sizeof(request->culprit),
			 "byte %zu of the request body", json_offset(&walk));
	return err;
}

/* Null becomes absent; every other type must be one of the field's. */
static enum oyster_err check_types(struct request *request, struct json *values)
{
	enum field_id id;

	for (id = 0; id < FIELDS; id++) {
		if (values[id].type == JSON_NULL)
			values[id].type = JSON_ABSENT;
		if (values[id].type & ~fields[id].types)
			return blame(request, fields[id].name, fields[id].wrong);
	}
	return OYSTER_OK;
}

/* Decode a string where it stands. */
static struct text decode(const struct json *string)
{
	struct text text = { "", 0 };

	if (string->type == JSON_STRING) {
		text.at = string->at;
		text.len = json_decode(string->at, string);
	}
	return text;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/*
 * What may be trimmed off a name: ASCII's blanks and control characters, and
 * everything outside ASCII, where Unicode has more blanks.
 */
static bool is_trimmed(char c)
{
	return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f;
}

/*
 * Whether the last `:' part of a model's name, trimmed as Ollama trims it too,
 * is `cloud' or ends in `-cloud'.
 */
static bool is_cloud(struct text model)
{
	static const char cloud[] = "cloud";
	const char *at = model.at, *end = at + model.len;
	size_t len = sizeof(cloud) - 1, i;

	while (at < end && is_trimmed(*at))
		at++;
	while (end > at && is_trimmed(end[-1]))
		end--;
	if ((size_t)(end - at) < len)
		return false;
	end -= len;
	for (i = 0; i < len; i++)
		if (lower(end[i]) != cloud[i])
			return false;
	while (end > at && is_trimmed(end[-1]))
		end--;
	return end == at || end[-1] == ':' || end[-1] == '-';
}

/* Whether a context, without white space, has more tokens than it may have. */
static bool is_long(struct text context)
{
	size_t commas = 0, i;

	for (i = 0; i < context.len; i++)
		commas += context.at[i] == ',';
	return commas >= CONTEXT_MAX;
}

/* The fields that a receipt covers. */
static enum oyster_err take_covered(struct request *request,
				    struct json *values, long max_token)
{
	struct json *context = &values[CONTEXT];
	size_t len;

	if (values[MODEL].type == JSON_ABSENT)
		return blame(request, "model", OYSTER_EMISSING);
	request->model = decode(&values[MODEL]);
	if (request->model.len < 1 || request->model.len > REQUEST_MODEL_MAX)
		return blame(request, "model", OYSTER_EMODEL);
	if (is_cloud(request->model))
		return blame(request, "model", OYSTER_ECLOUD);

	request->prompt = decode(&values[PROMPT]);
	stretches_add(&request->stretches, "prompt", request->prompt);
	request->stream = values[STREAM].type == JSON_TRUE;

	request->context = (struct text){ "[]", 2 };
	if (context->type == JSON_ARRAY) {
		len = json_integers(context->at, context, (uint64_t)max_token);
		if (len == 0)
			return blame(request, "context", OYSTER_ECONTEXT);
		request->context = (struct text){ context->at, len };
		if (is_long(request->context))
			return blame(request, "context", OYSTER_ETOKENS);
	}
	return OYSTER_OK;
}

static enum oyster_err put_covered(struct request *request, bool has_context)
{
	struct buf *to = &request->upstream;
	enum oyster_err err;

	err = buf_puts(to, "{\"model\":");
	if (!err)
		err = json_put_string(to, request->model);
	if (!err)
		err = buf_puts(to, ",\"prompt\":");
	if (!err)
		err = json_put_string(to, request->prompt);
	if (!err)
		err = buf_puts(to, ",\"stream\":false,\"context\":");
	if (err)
		return err;
	return has_context ?
	       buf_add(to, request->context.at, request->context.len) :
	       buf_puts(to, "null");
}

/* Standard base64 with its padding (RFC 4648, section 4). */
static bool is_base64(struct text text)
{
	size_t len = text.len, i;

	if (len % 4)
		return false;
	for (i = 0; i < 2 && len > 0 && text.at[len - 1] == '='; i++)
		len--;
	for (i = 0; i < len; i++) {
		char c = text.at[i];

		if (!(lower(c) >= 'a' && lower(c) <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '+' && c != '/')
			return false;
	}
	return true;
}

static enum oyster_err put_images(struct request *request,
				  const struct json *array)
{
	struct buf *to = &request->upstream;
	enum oyster_err err = buf_puts(to, "[");
	const char *comma = "";
	struct json_walk walk;
	struct json image;
	struct text base64;
	int images = 0;

	json_enter(&walk, array->at, array->len, '[');
	while (!err && json_element(&walk, &image)) {
		if (++images > IMAGES_MAX)
			return blame(request, "images", OYSTER_EHEAVY);
		base64 = decode(&image);
		if (image.type != JSON_STRING || !is_base64(base64))
			return blame(request, "images", OYSTER_EIMAGES);
		err = buf_puts(to, comma);
		if (!err)
			err = json_put_string(to, base64);
		comma = ",";
	}
	return err ? err : buf_puts(to, "]");
}

static enum oyster_err put_options(struct request *request,
				   const struct json *object)
{
	const char *name = "";
	enum oyster_err err = options_put(&request->upstream, &name, object);

	if (!err || err == OYSTER_ENOMEM)
		return err;
	return blame_part(request, "options", name, err);
}

static enum oyster_err put_format(struct request *request,
				  const struct json *value)
{
	struct buf *to = &request->upstream;
	const char *keyword = "";
	enum oyster_err err = OYSTER_OK;
	size_t from = to->len;

	if (value->type == JSON_STRING)
		err = json_is(value, "json") ? OYSTER_OK : OYSTER_EFORMAT;
	else
		err = schema_check(value, &keyword);
	if (err)
		return blame_part(request, "format", keyword, err);
	err = json_put_value(to, value);
	if (!err)
		stretches_add_format(&request->stretches, "format",
				     (struct text){ to->data + from, to->len - from });
	return err;
}

static enum oyster_err put_template(struct request *request,
				    const struct json *string)
{
	struct text template = decode(string);
	size_t outputs;
	enum oyster_err err = template_check(template, &outputs);

	if (err)
		return blame(request, "template", err);
	stretches_add_template(&request->stretches, "template", template, outputs);
	return json_put_string(&request->upstream, template);
}

/* System or suffix. */
static enum oyster_err put_text(struct request *request, const char *name,
				const struct json *string)
{
	struct text text = decode(string);

	stretches_add(&request->stretches, name, text);
	return json_put_string(&request->upstream, text);
}

static enum oyster_err put_uncovered(struct request *request, enum field_id id,
				     const struct json *value)
{
	struct buf *to = &request->upstream;
	enum oyster_err err;

	if (id == TOP_LOGPROBS && !json_is_integer(value, INTEGER_MAX))
		return blame(request, "top_logprobs", OYSTER_EINTEGER);

	request->covered = false;
	err = buf_puts(to, ",\"");
	if (!err)
		err = buf_puts(to, fields[id].name);
	if (!err)
		err = buf_puts(to, "\":");
	if (err)
		return err;
	if (id == SYSTEM || id == SUFFIX)
		return put_text(request, fields[id].name, value);
	if (id == TEMPLATE)
		return put_template(request, value);
	if (id == FORMAT)
		return put_format(request, value);
	if (id == IMAGES)
		return put_images(request, value);
	if (id == OPTIONS)
		return put_options(request, value);
	return json_put_value(to, value);
}

static enum oyster_err put_upstream(struct request *request,
				    const struct json *values)
{
	enum field_id id;
	enum oyster_err err;

	err = put_covered(request, values[CONTEXT].type != JSON_ABSENT);
	for (id = SYSTEM; !err && id <= OPTIONS; id++)
		if (values[id].type != JSON_ABSENT && !json_is_blank(&values[id]))
			err = put_uncovered(request, id, &values[id]);
	return err ? err : buf_puts(&request->upstream, "}");
}

enum oyster_err request_parse(struct request *request, struct buf *body,
			      long max_token)
{
	struct json values[FIELDS] = { { .type = JSON_ABSENT } };
	enum oyster_err err;

	memset(request, 0, sizeof(*request));
	if (body->len == 0)
		return OYSTER_EEMPTY;
	request->covered = true;
	request->upstream.max = body->len + UPSTREAM_EXTRA;

	err = slice(request, values, body);
	if (!err)
		err = check_types(request, values);
	if (!err)
		err = take_covered(request, values, max_token);
	if (!err)	/* in one piece: growing would copy a long prompt */
		err = buf_reserve(&request->upstream, request->upstream.max);
	if (!err)
		err = put_upstream(request, values);
	return err;
}

void request_clear(struct request *request)
{
	buf_clear(&request->upstream);
}
