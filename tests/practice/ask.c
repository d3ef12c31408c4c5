/*
 * ask.c - what a generate request says, in Ollama's understanding of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "practice.h"

/* Go's words for the kind of value that begins with this character. */
static const char *kind_of(int first)
{
	switch (first) {
	case '"': return "string";
	case '{': return "object";
	case '[': return "array";
	case 't': case 'f': return "bool";
	case 'n': return "null";
	default: return "number";
	}
}

static struct {
	struct ask *ask;
	struct buf wrong_type;	/* the first one; Go reads on behind it */
} the;

static void complain(const char *kind, const struct span *text, const char *field, const char *want)
{
	struct buf *to = &the.wrong_type;

	if (to->len)
		return;
	buf_printf(to, "json: cannot unmarshal %s", kind);
	if (text) {
		buf_str(to, " ");
		buf_add(to, text->at, text->len);
	}
	buf_printf(to, " into Go %s%s of type %s", *field ? "struct field GenerateRequest." : "value",
		   field, want);
}

/* Is a value of the wanted kind next?  Null leaves every field as it was. */
static bool wanted(struct reader *r, const char *kind, const char *field, const char *want)
{
	const char *is = kind_of(json_peek(r));

	if (!strcmp(is, kind))
		return true;
	if (strcmp(is, "null") && json_peek(r) >= 0)
		complain(is, NULL, field, want);
	return false;
}

static bool text_field(struct reader *r, const char *name, void *value)
{
	return wanted(r, "string", name, "string") ? json_read_string(r, value) : json_skip(r);
}

static bool bool_field(struct reader *r, const char *name, void *value)
{
	if (wanted(r, "bool", name, "bool"))
		*(bool *)value = *r->at == 't';
	return json_skip(r);
}

static bool token(struct reader *r)
{
	struct buf *context = &the.ask->context;
	struct span text = { "0", 1 };
	char number[24];
	long long value;
	char *end;

	if (!wanted(r, "number", "context", "int")) {
		if (!json_skip(r))
			return false;
	} else if (json_peek(r) < 0 || !json_number(r, &text)) {
		return json_bad(r, "looking for beginning of value");
	}
	memcpy(number, text.at, text.len < 23 ? text.len : 23);
	number[text.len < 23 ? text.len : 23] = '\0';
	errno = 0;
	value = strtoll(number, &end, 10);
	if (*end || errno || text.len > 22)
		complain("number", &text, "context", "int");
	if (value < 0 || (value > the.ask->worst_token && the.ask->worst_token >= 0))
		the.ask->worst_token = value;
	if (context->len)
		buf_str(context, ",");
	buf_printf(context, "%lld", value);
	return true;
}

static bool context_field(struct reader *r, const char *name, void *value)
{
	(void)value;
	if (!wanted(r, "array", name, "[]int"))
		return json_skip(r);
	buf_reset(&the.ask->context);
	the.ask->worst_token = 0;
	return json_list(r, token);
}

static bool keep_alive_field(struct reader *r, const char *name, void *value)
{
	char number[16] = "1";
	const char *start;
	size_t len;

	(void)name;
	json_peek(r);
	start = r->at;
	if (!json_skip(r))
		return false;
	if (*start == '"')
		start++;
	len = (size_t)(r->at - start);
	if (strchr("0123456789", *start)) {
		memcpy(number, start, len < 15 ? len : 15);
		number[len < 15 ? len : 15] = '\0';
	}
	*(bool *)value = strtod(number, NULL) < 1;
	return true;
}

static bool option(struct reader *r)
{
	static const struct {
		const char *name, *kind, *type;
	} options[] = {
		{ "num_keep", "number", "integer" },
		{ "seed", "number", "integer" },
		{ "num_predict", "number", "integer" },
		{ "top_k", "number", "integer" },
		{ "top_p", "number", "float32" },
		{ "temperature", "number", "float32" },
		{ "repeat_penalty", "number", "float32" },
		{ "num_ctx", "number", "integer" },
		{ "stop", "array", "array" },
	};
	static struct buf key;
	const char *kind;

	if (!json_key(r, &key))
		return false;
	kind = kind_of(json_peek(r));
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (key.len == strlen(options[i].name) && !memcmp(key.data, options[i].name, key.len) &&
		    strcmp(kind, options[i].kind) && strcmp(kind, "null") && !the.ask->wrong_option.len)
			buf_printf(&the.ask->wrong_option, "option \"%s\" must be of type %s",
				   options[i].name, options[i].type);
	return json_skip(r);
}

static bool options_field(struct reader *r, const char *name, void *value)
{
	(void)value;
	buf_reset(&the.ask->wrong_option);
	return wanted(r, "object", name, "map[string]interface {}") ? json_list(r, option) : json_skip(r);
}

/* As Go compares keys: without case, and with its two odd foldings. */
static bool same_key(const struct buf *key, const char *name)
{
	size_t i = 0;

	for (; *name; name++) {
		if (key->len - i >= 2 && *name == 's' && !memcmp(key->data + i, "\u017f", 2))
			i += 2;
		else if (key->len - i >= 3 && *name == 'k' && !memcmp(key->data + i, "\u212a", 3))
			i += 3;
		else if (i < key->len && !strncasecmp(key->data + i, name, 1))
			i++;
		else
			return false;
	}
	return i == key->len;
}

static bool pair(struct reader *r)
{
	struct ask *ask = the.ask;
	const struct {
		const char *name;
		bool (*read)(struct reader *r, const char *name, void *value);
		void *value;
	} fields[] = {
		{ "model", text_field, &ask->model },
		{ "prompt", text_field, &ask->prompt },
		{ "suffix", text_field, &ask->suffix },
		{ "system", text_field, &ask->system },
		{ "template", text_field, &ask->template },
		{ "context", context_field, NULL },
		{ "stream", bool_field, &ask->stream },
		{ "raw", bool_field, &ask->raw },
		{ "keep_alive", keep_alive_field, &ask->unload },
		{ "verbose", bool_field, &ask->verbose },
		{ "options", options_field, NULL },
	};
	static struct buf key;

	if (!json_key(r, &key))
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (same_key(&key, fields[i].name))
			return fields[i].read(r, fields[i].name, fields[i].value);
	return json_skip(r);
}

static void ask_reset(struct ask *ask)
{
	buf_reset(&ask->model);
	buf_reset(&ask->prompt);
	buf_reset(&ask->suffix);
	buf_reset(&ask->system);
	buf_reset(&ask->template);
	buf_reset(&ask->context);
	buf_reset(&ask->wrong_option);
	ask->worst_token = 0;
	ask->stream = true;
	ask->raw = ask->unload = ask->verbose = false;
}

bool ask_parse(struct ask *ask, struct buf *error, const char *body, size_t len)
{
	struct reader r = { .at = body, .end = body + len, .error = error };

	the.ask = ask;
	buf_reset(&the.wrong_type);
	buf_reset(error);
	ask_reset(ask);
	if (json_peek(&r) < 0)
		return false;
	if (!(wanted(&r, "object", "", "api.GenerateRequest") ? json_list(&r, pair) : json_skip(&r)))
		return false;
	buf_add(error, the.wrong_type.data, the.wrong_type.len);
	return !error->len;
}
