/*
 * json.c - buffers, and JSON as Go's encoding/json reads and writes it: keys
 * without regard to case, the last of two equal keys wins, whatever follows
 * the object is not looked at, and what is not UTF-8 becomes U+FFFD.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "practice.h"

#define MAX_DEPTH	10000	/* as Go */
#define BUF_KEEP	65536	/* bytes that an idle buffer may hold on to */

void buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 1024;
	char *data;

	if (buf->cap - buf->len >= more && buf->cap)
		return;
	while (cap - buf->len < more)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		fputs("practice-model: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	buf->data = data;
	buf->cap = cap;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!len)
		return;
	buf_reserve(buf, len);
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void buf_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_fill(struct buf *buf, char byte, size_t count)
{
	buf_reserve(buf, count);
	memset(buf->data + buf->len, byte, count);
	buf->len += count;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		buf_add(buf, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void buf_reset(struct buf *buf)
{
	if (buf->cap > BUF_KEEP)
		buf_free(buf);
	buf->len = 0;
}

/* Bytes of the UTF-8 sequence at p, 0 when it is not one. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static void utf8_add(struct buf *out, unsigned int c)
{
	char bytes[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned int lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	bytes[0] = (char)(lead[len == 1 ? 0 : len] | c);
	buf_add(out, bytes, len);
}

/* The escape of the character at p, and in taken how many bytes that was. */
static const char *escape(char text[7], const char *p, size_t left, size_t *taken)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *name = *p ? strchr(names, *p) : NULL;

	*taken = 1;
	if (name) {
		text[0] = '\\';
		text[1] = letters[name - names];
		text[2] = '\0';
	} else if ((unsigned char)*p < 0x20 || strchr("<>&", *p)) {
		snprintf(text, 7, "\\u%04x", (unsigned int)(unsigned char)*p);
	} else if (left >= 3 && (!memcmp(p, "\u2028", 3) || !memcmp(p, "\u2029", 3))) {
		*taken = 3;
		return p[2] == '\xa8' ? "\\u2028" : "\\u2029";
	} else {
		return NULL;
	}
	return text;
}

void json_string(struct buf *out, const char *text, size_t len)
{
	char room[7];
	size_t plain = 0, taken;

	buf_str(out, "\"");
	for (size_t i = 0; i < len; i += taken) {
		const char *instead = NULL;

		taken = 1;
		if (text[i] < 'a' || text[i] > 'z')	/* most are letters: huge replies */
			instead = escape(room, text + i, len - i, &taken);
		if (!instead)
			continue;
		buf_add(out, text + plain, i - plain);
		buf_str(out, instead);
		plain = i + taken;
	}
	if (len > plain)
		buf_add(out, text + plain, len - plain);
	buf_str(out, "\"");
}

bool json_bad(struct reader *r, const char *where)
{
	buf_reset(r->error);
	if (r->at == r->end)
		buf_str(r->error, "unexpected EOF");
	else
		buf_printf(r->error, "invalid character '%c' %s", *r->at, where);
	return false;
}

int json_peek(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool hex4(struct reader *r, unsigned int *value)
{
	*value = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *digit = NULL;

		if (r->at < r->end && *r->at)
			digit = strchr(digits, *r->at);
		if (!digit)
			return json_bad(r, "in \\u hexadecimal character escape");
		*value = *value << 4 | ((unsigned int)(digit - digits) & 15);
	}
	return true;
}

/* Behind "\u".  Half a surrogate pair becomes U+FFFD. */
static bool unicode_escape(struct reader *r, struct buf *out)
{
	unsigned int c, low;

	if (!hex4(r, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00 && r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] == 'u') {
		struct reader ahead = *r;

		ahead.at += 2;
		if (!hex4(&ahead, &low)) {
			r->at = ahead.at;
			return false;
		}
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
			r->at = ahead.at;
		}
	}
	utf8_add(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return true;
}

static bool string_escape(struct reader *r, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	r->at++;
	if (r->at < r->end && *r->at == 'u') {
		r->at++;
		return unicode_escape(r, out);
	}
	letter = r->at < r->end && *r->at ? strchr(letters, *r->at) : NULL;
	if (!letter)
		return json_bad(r, "in string escape code");
	r->at++;
	buf_add(out, &chars[letter - letters], 1);
	return true;
}

bool json_read_string(struct reader *r, struct buf *out)
{
	buf_reset(out);
	for (r->at++; r->at < r->end && *r->at != '"';) {
		const char *start = r->at;
		size_t len = 1;

		if (*r->at == '\\') {
			if (!string_escape(r, out))
				return false;
			continue;
		}
		if ((unsigned char)*r->at < 0x20)
			return json_bad(r, "in string literal");
		while (r->at < r->end && (signed char)*r->at >= 0x20 && *r->at != '"' && *r->at != '\\')
			r->at++;
		if (r->at == start) {
			len = utf8_len((const unsigned char *)start, (size_t)(r->end - start));
			r->at += len ? len : 1;
		}
		if (len)
			buf_add(out, start, (size_t)(r->at - start));
		else
			utf8_add(out, 0xfffd);
	}
	if (r->at == r->end)
		return json_bad(r, "in string literal");
	r->at++;
	return true;
}

static bool digits(struct reader *r)
{
	if (r->at == r->end || *r->at < '0' || *r->at > '9')
		return json_bad(r, "in numeric literal");
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return true;
}

bool json_number(struct reader *r, struct span *text)
{
	text->at = r->at;
	if (*r->at == '-')
		r->at++;
	if (r->at < r->end && *r->at == '0')
		r->at++;
	else if (!digits(r))
		return false;
	if (r->at < r->end && *r->at == '.') {
		r->at++;
		if (!digits(r))
			return false;
	}
	if (r->at < r->end && (*r->at | 0x20) == 'e') {
		r->at++;
		if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
			r->at++;
		if (!digits(r))
			return false;
	}
	text->len = (size_t)(r->at - text->at);
	return true;
}

static bool literal(struct reader *r, const char *word)
{
	char where[64];

	for (const char *p = word; *p; p++, r->at++) {
		snprintf(where, sizeof(where), "in literal %s (expecting '%c')", word, *p);
		if (r->at == r->end || *r->at != *p)
			return json_bad(r, where);
	}
	return true;
}

bool json_list(struct reader *r, bool (*each)(struct reader *r))
{
	char close = *r->at == '{' ? '}' : ']';

	if (++r->depth > MAX_DEPTH)
		return json_bad(r, "exceeded max depth");
	r->at++;
	while (json_peek(r) != close) {
		if (!each(r))
			return false;
		if (json_peek(r) == close)
			break;
		if (json_peek(r) != ',')
			return json_bad(r, close == '}' ? "after object key:value pair" : "after array element");
		r->at++;
		if (json_peek(r) == close)
			return json_bad(r, close == '}' ? "looking for beginning of object key string" :
					"looking for beginning of value");
	}
	r->at++;
	r->depth--;
	return true;
}

bool json_key(struct reader *r, struct buf *key)
{
	if (json_peek(r) != '"')
		return json_bad(r, "looking for beginning of object key string");
	if (!json_read_string(r, key))
		return false;
	if (json_peek(r) != ':')
		return json_bad(r, "after object key");
	r->at++;
	return true;
}

static bool skip_pair(struct reader *r)
{
	static struct buf ignored;

	return json_key(r, &ignored) && json_skip(r);
}

bool json_skip(struct reader *r)
{
	static struct buf ignored;
	struct span number;

	switch (json_peek(r)) {
	case '"': return json_read_string(r, &ignored);
	case '{': return json_list(r, skip_pair);
	case '[': return json_list(r, json_skip);
	case 't': return literal(r, "true");
	case 'f': return literal(r, "false");
	case 'n': return literal(r, "null");
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return json_number(r, &number);
	default:
		return json_bad(r, "looking for beginning of value");
	}
}
