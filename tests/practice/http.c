/*
 * http.c - finds a request in the bytes of a connection.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "practice.h"

#define MAX_HEAD	(1UL << 20)	/* bytes, Go's limit */
#define MAX_BODY	(64UL << 20)	/* bytes */

static bool is(const struct span *text, const char *word)
{
	return text->len == strlen(word) && !strncasecmp(text->at, word, text->len);
}

/* Cut off what is in front of the separator; the rest stays in from. */
static struct span cut(struct span *from, const char *separator)
{
	size_t len = strlen(separator);
	const char *found = memmem(from->at, from->len, separator, len);
	struct span part = *from;

	if (found)
		part.len = (size_t)(found - from->at);
	from->at += found ? part.len + len : part.len;
	from->len -= found ? part.len + len : part.len;
	return part;
}

static struct span trim(struct span text)
{
	while (text.len && strchr(" \t", text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len && strchr(" \t", text.at[text.len - 1]))
		text.len--;
	return text;
}

/* A number of at most 15 digits, or -1. */
static long long number(const struct span *text, int base)
{
	char digits[16];
	char *end;
	long long value;

	if (!text->len || text->len >= sizeof(digits) || strchr("+- ", *text->at))
		return -1;
	memcpy(digits, text->at, text->len);
	digits[text->len] = '\0';
	value = strtoll(digits, &end, base);
	return *end ? -1 : value;
}

struct fields {
	long long length;	/* -1 for not a number */
	bool chunked;
	bool host;
};

static void read_field(struct request *rq, struct fields *fields, struct span line)
{
	struct span name = cut(&line, ":"), value = trim(line);

	if (is(&name, "content-length"))
		fields->length = number(&value, 10);
	else if (is(&name, "transfer-encoding"))
		fields->chunked = is(&value, "chunked");
	else if (is(&name, "host"))
		fields->host = true;
	else if (is(&name, "expect"))
		rq->expect = is(&value, "100-continue");
	else if (is(&name, "connection"))
		rq->close = is(&value, "close") || (rq->old && !is(&value, "keep-alive"));
}

static bool read_line(struct request *rq, struct span line)
{
	rq->method = cut(&line, " ");
	rq->target = cut(&line, " ");
	rq->old = is(&line, "HTTP/1.0");
	rq->close = rq->old;
	return rq->method.len && rq->target.len && (rq->old || is(&line, "HTTP/1.1"));
}

/* Returns REQUEST_WHOLE with the decoded body, and in rest what is behind it. */
static enum request_state read_chunks(struct buf *body, struct span *rest)
{
	buf_reset(body);
	for (;;) {
		struct span line, size;
		long long len;

		if (!memmem(rest->at, rest->len, "\r\n", 2))
			return REQUEST_MORE;
		line = cut(rest, "\r\n");
		size = trim(cut(&line, ";"));
		len = number(&size, 16);
		if (len < 0)
			return REQUEST_BAD;
		if (body->len + (size_t)len > MAX_BODY)
			return REQUEST_TOO_LARGE;
		if (rest->len < (size_t)len + 2)
			return REQUEST_MORE;
		buf_add(body, rest->at, (size_t)len);
		rest->at += len + 2;
		rest->len -= (size_t)len + 2;
		if (!len)
			return REQUEST_WHOLE;
	}
}

static enum request_state read_body(struct request *rq, const struct fields *fields, struct span rest)
{
	static struct buf decoded;
	const char *start = rest.at;
	enum request_state state;

	if (fields->chunked) {
		state = read_chunks(&decoded, &rest);
		rq->body = (struct span){ decoded.len ? decoded.data : "", decoded.len };
		rq->size += (size_t)(rest.at - start);
		return state;
	}
	if (fields->length < 0)
		return REQUEST_BAD;
	if ((unsigned long long)fields->length > MAX_BODY)
		return REQUEST_TOO_LARGE;
	rq->body = (struct span){ rest.at, (size_t)fields->length };
	rq->size += rq->body.len;
	return rest.len < rq->body.len ? REQUEST_MORE : REQUEST_WHOLE;
}

enum request_state request_read(struct request *rq, const char *bytes, size_t len)
{
	struct span rest = { bytes, len }, head, line;
	struct fields fields = { 0 };

	memset(rq, 0, sizeof(*rq));
	if (!memmem(bytes, len, "\r\n\r\n", 4))
		return len > MAX_HEAD ? REQUEST_HEAD_TOO_LARGE : REQUEST_MORE;
	head = cut(&rest, "\r\n\r\n");
	rq->size = (size_t)(rest.at - bytes);
	line = cut(&head, "\r\n");
	if (!read_line(rq, line))
		return REQUEST_BAD;
	while (head.len)
		read_field(rq, &fields, cut(&head, "\r\n"));
	if (!fields.host && !rq->old)
		return REQUEST_NO_HOST;
	return read_body(rq, &fields, rest);
}
