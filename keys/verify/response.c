/* A saved response; see response.h. */
#include "response.h"

#include <stdbool.h>
#include <string.h>

#define SWITCHING	101	/* the one 1xx that nothing follows */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a field's name is made of (RFC 9110, section 5.6.2). */
static bool is_token(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       memchr(others, c, sizeof(others) - 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* No control character but the tab (RFC 9110, section 5.5). */
static bool is_clean(struct text text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Take a line off the front, without its ending. */
static bool take_line(struct text *rest, struct text *line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	if (!end)
		return false;
	line->at = rest->at;
	line->len = (size_t)(end - rest->at);
	rest->at += line->len + 1;
	rest->len -= line->len + 1;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* `HTTP/1.1 200 OK', `HTTP/2 200' */
static bool read_status(unsigned *status, struct text line)
{
	const char *space = memchr(line.at, ' ', line.len), *end = line.at + line.len;

	if (line.len < 6 || memcmp(line.at, "HTTP/", 5) || !space ||
	    space == line.at + 5 || end - space < 4)
		return false;
	if (!is_digit(space[1]) || !is_digit(space[2]) || !is_digit(space[3]) ||
	    space[1] == '0' || (end - space > 4 && space[4] != ' '))
		return false;
	*status = (unsigned)(space[1] - '0') * 100 +
		  (unsigned)(space[2] - '0') * 10 + (unsigned)(space[3] - '0');
	return true;
}

static const char *read_field(struct response *response, struct text line)
{
	struct response_field *field = &response->field[response->count];
	const char *end = line.at + line.len, *at = line.at;

	if (response->count == RESPONSE_FIELDS)
		return "has too many header fields";
	while (at < end && is_token(*at))
		at++;
	if (at == line.at || at == end || *at != ':')
		return "has a line in its head that is no header field";
	field->name = (struct text){ line.at, (size_t)(at - line.at) };

	at++;
	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	field->value = (struct text){ at, (size_t)(end - at) };
	response->count++;
	return NULL;
}

static const char *read_head(struct response *response, struct text *rest)
{
	const char *why;
	struct text line;

	response->count = 0;
	if (!take_line(rest, &line) || !is_clean(line) ||
	    !read_status(&response->status, line))
		return "does not begin with a status line of HTTP";
	for (;;) {
		if (!take_line(rest, &line))
			return "ends before its head does";
		if (line.len == 0)
			return NULL;
		if (!is_clean(line))
			return "has a control character in its head";
		why = read_field(response, line);
		if (why)
			return why;
	}
}

static bool is_interim(unsigned status)
{
	return status < 200 && status != SWITCHING;
}

const char *response_read(struct response *response, struct text saved,
			  const struct text *body)
{
	struct text rest = saved;
	const char *why;

	do {
		why = read_head(response, &rest);
		if (why)
			return why;
		if (saved.len - rest.len > RESPONSE_HEAD_MAX)
			return "has a head of more than 65536 bytes";
	} while (is_interim(response->status));

	if (body && rest.len > 0)
		return "has something behind its head: more than one answer was saved (a redirect, a proxy)";
	response->body = body ? *body : rest;
	return NULL;
}

static bool is_name(struct text spelled, const char *name)
{
	size_t i;

	for (i = 0; i < spelled.len; i++) {
		char c = spelled.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (c != name[i])	/* ends at the NUL, too */
			return false;
	}
	return name[i] == '\0';
}

size_t response_field(const struct response *response, const char *name,
		      struct text *value)
{
	size_t i, found = 0;

	*value = (struct text){ "", 0 };
	for (i = 0; i < response->count; i++) {
		if (!is_name(response->field[i].name, name))
			continue;
		*value = response->field[i].value;
		found++;
	}
	return found;
}
