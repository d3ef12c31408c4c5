/* What writes JSON; see json.h. */
#include "json.h"

#include <string.h>

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\t':
		return "\\t";
	case '\n':
		return "\\n";
	case '\f':
		return "\\f";
	case '\r':
		return "\\r";
	default:
		return NULL;
	}
}

static enum oyster_err put_escape(struct buf *buf, char c)
{
	static const char hex[] = "0123456789abcdef";
	char escape[] = "\\u0000";

	if (short_escape(c))
		return buf_puts(buf, short_escape(c));
	escape[4] = hex[c >> 4];
	escape[5] = hex[c & 0xf];
	return buf_puts(buf, escape);
}

static bool needs_escape(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

enum oyster_err json_put_string(struct buf *buf, struct text decoded)
{
	enum oyster_err err = buf_puts(buf, "\"");
	size_t i, start = 0;

	for (i = 0; !err && i < decoded.len; i++) {
		if (!needs_escape(decoded.at[i]))
			continue;
		err = buf_add(buf, decoded.at + start, i - start);
		if (!err)
			err = put_escape(buf, decoded.at[i]);
		start = i + 1;
	}
	if (!err)
		err = buf_add(buf, decoded.at + start, decoded.len - start);
	return err ? err : buf_puts(buf, "\"");
}

/* The string whose opening quote is at `at', in text that was scanned. */
static struct json string_at(char *at)
{
	struct json string = { .type = JSON_STRING, .escaped = true, .at = at };
	char *end = at + 1;

	while (*end != '"')
		end += *end == '\\' ? 2 : 1;
	string.len = (size_t)(end + 1 - at);
	return string;
}

enum oyster_err json_put_value(struct buf *buf, const struct json *value)
{
	char *at = value->at, *end = at + value->len;
	enum oyster_err err = OYSTER_OK;

	while (!err && at < end) {
		if (*at == '"') {
			struct json string = string_at(at);
			struct text decoded = { at, json_decode(at, &string) };

			err = json_put_string(buf, decoded);
			at += string.len;
			continue;
		}
		if (!strchr(" \t\r\n", *at))
			err = buf_add(buf, at, 1);
		at++;
	}
	return err;
}
