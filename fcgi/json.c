/* A strict scanner for JSON; see json.h.  What writes is in json_put.c. */
#include "json.h"

#include <string.h>

#define NAME_MAX	32			/* bytes of a name in json_is */
#define LONGEST_ESCAPE	6			/* bytes of \u0000 */
#define STRIDE		16			/* bytes looked at together */

static bool fail(struct json_walk *walk, char *at, enum oyster_err err)
{
	walk->at = at;
	walk->err = err;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct json_walk *walk)
{
	while (walk->at < walk->end && is_space(*walk->at))
		walk->at++;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of a \uXXXX at `at', or -1. */
static long code_unit(const char *at, const char *end)
{
	long unit = 0;
	int i, digit;

	if (end - at < LONGEST_ESCAPE || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (i = 2; i < LONGEST_ESCAPE; i++) {
		digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool is_high(long unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(long unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/* at[0] is a backslash. */
static bool scan_escape(struct json_walk *walk, char *at)
{
	long unit;

	if (walk->end - at >= 2 && at[1] && strchr("\"\\/bfnrt", at[1])) {
		walk->at = at + 2;
		return true;
	}
	unit = code_unit(at, walk->end);
	if (unit < 0)
		return fail(walk, at, OYSTER_EJSON);
	walk->at = at + LONGEST_ESCAPE;
	if (is_low(unit) ||
	    (is_high(unit) && !is_low(code_unit(walk->at, walk->end))))
		return fail(walk, at, OYSTER_ESURROGATE);
	if (is_high(unit))
		walk->at += LONGEST_ESCAPE;
	return true;
}

/* Bytes of the character at `at', which is not ASCII; 0 if it is none. */
static int utf8_len(const char *at, const char *end)
{
	unsigned char first = (unsigned char)at[0], low = 0x80, high = 0xbf;
	int len, i;

	if (first >= 0xc2 && first <= 0xdf)
		len = 2;
	else if (first >= 0xe0 && first <= 0xef)
		len = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		len = 4;
	else
		return 0;

	if (first == 0xe0)
		low = 0xa0;	/* below: overlong */
	else if (first == 0xed)
		high = 0x9f;	/* above: surrogates */
	else if (first == 0xf0)
		low = 0x90;	/* below: overlong */
	else if (first == 0xf4)
		high = 0x8f;	/* above: beyond U+10FFFF */

	if (end - at < len)
		return 0;
	for (i = 1; i < len; i++) {
		unsigned char next = (unsigned char)at[i];

		if (next < low || next > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

static bool is_plain(char c)
{
	return (signed char)c >= 0x20 && c != '"' && c != '\\';
}

/* Compilers make a few instructions of it. */
static bool are_plain(const char at[static STRIDE])
{
	unsigned char odd = 0;
	int i;

	for (i = 0; i < STRIDE; i++)
		odd |= !is_plain(at[i]);
	return !odd;
}

static char *skip_plain(char *at, const char *end)
{
	while (end - at >= STRIDE && is_plain(*at) && are_plain(at))
		at += STRIDE;
	while (at < end && is_plain(*at))
		at++;
	return at;
}

/* walk->at is behind the opening quote. */
static bool scan_string(struct json_walk *walk, bool *escaped)
{
	const char *end = walk->end;
	char *at = walk->at;
	int len;

	*escaped = false;
	for (;;) {
		at = skip_plain(at, end);
		if (at == end)
			return fail(walk, at, OYSTER_EJSON);
		if (*at == '"') {
			walk->at = at + 1;
			return true;
		}
		if (*at == '\\') {
			*escaped = true;
			if (!scan_escape(walk, at))
				return false;
			at = walk->at;
			continue;
		}
		if ((unsigned char)*at < 0x20)
			return fail(walk, at, OYSTER_EJSON);
		do {
			len = utf8_len(at, end);
			if (len == 0)
				return fail(walk, at, OYSTER_EUTF8);
			at += len;
		} while (at < end && (signed char)*at < 0);
	}
}

static bool scan_digits(struct json_walk *walk)
{
	if (walk->at == walk->end || !is_digit(*walk->at))
		return fail(walk, walk->at, OYSTER_EJSON);
	while (walk->at < walk->end && is_digit(*walk->at))
		walk->at++;
	return true;
}

/* Take the next byte if it is one of the two. */
static bool scan_either(struct json_walk *walk, char a, char b)
{
	if (walk->at == walk->end || (*walk->at != a && *walk->at != b))
		return false;
	walk->at++;
	return true;
}

static bool scan_number(struct json_walk *walk)
{
	scan_either(walk, '-', '-');
	if (!scan_either(walk, '0', '0') && !scan_digits(walk))
		return false;
	if (scan_either(walk, '.', '.') && !scan_digits(walk))
		return false;
	if (!scan_either(walk, 'e', 'E'))
		return true;
	scan_either(walk, '+', '-');
	return scan_digits(walk);
}

static bool scan_word(struct json_walk *walk, const char *word, size_t len)
{
	if ((size_t)(walk->end - walk->at) < len || memcmp(walk->at, word, len))
		return fail(walk, walk->at, OYSTER_EJSON);
	walk->at += len;
	return true;
}

static bool scan_inside(struct json_walk *walk, char close, unsigned depth);

/* depth: how many arrays and objects are around the value. */
static bool scan_value(struct json_walk *walk, struct json *value,
		       unsigned depth)
{
	char *start = walk->at;
	bool ok;

	if (start == walk->end)
		return fail(walk, start, OYSTER_EJSON);
	value->at = start;
	value->escaped = false;
	switch (*start) {
	case '"':
		value->type = JSON_STRING;
		walk->at++;
		ok = scan_string(walk, &value->escaped);
		break;
	case '{':
	case '[':
		value->type = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (depth >= JSON_MAX_DEPTH)
			return fail(walk, start, OYSTER_EDEPTH);
		walk->at++;
		ok = scan_inside(walk, *start == '{' ? '}' : ']', depth + 1);
		break;
	case 'n':
		value->type = JSON_NULL;
		ok = scan_word(walk, "null", 4);
		break;
	case 'f':
		value->type = JSON_FALSE;
		ok = scan_word(walk, "false", 5);
		break;
	case 't':
		value->type = JSON_TRUE;
		ok = scan_word(walk, "true", 4);
		break;
	default:
		value->type = JSON_NUMBER;
		ok = scan_number(walk);
	}
	value->len = (size_t)(walk->at - start);
	return ok;
}

/* Go to the next member or element; false behind the last one. */
static bool scan_next(struct json_walk *walk, char close, bool *first)
{
	skip_space(walk);
	if (walk->at == walk->end)
		return fail(walk, walk->at, OYSTER_EJSON);
	if (*walk->at == close) {
		walk->at++;
		return false;
	}
	if (!*first) {
		if (*walk->at != ',')
			return fail(walk, walk->at, OYSTER_EJSON);
		walk->at++;
		skip_space(walk);
	}
	*first = false;
	return true;
}

static bool scan_key(struct json_walk *walk, struct json *key)
{
	if (walk->at == walk->end || *walk->at != '"')
		return fail(walk, walk->at, OYSTER_EJSON);
	if (!scan_value(walk, key, 0))
		return false;
	skip_space(walk);
	if (walk->at == walk->end || *walk->at != ':')
		return fail(walk, walk->at, OYSTER_EJSON);
	walk->at++;
	skip_space(walk);
	return true;
}

static bool scan_inside(struct json_walk *walk, char close, unsigned depth)
{
	bool first = true;
	struct json passed;

	while (scan_next(walk, close, &first))
		if ((close == '}' && !scan_key(walk, &passed)) ||
		    !scan_value(walk, &passed, depth))
			return false;
	return !walk->err;
}

void json_enter(struct json_walk *walk, char *text, size_t len, char open)
{
	struct json other;

	walk->start = walk->at = text;
	walk->end = len ? text + len : text;	/* text may be NULL then */
	walk->close = open == '{' ? '}' : ']';
	walk->first = true;
	walk->err = OYSTER_OK;

	skip_space(walk);
	if (walk->at < walk->end && *walk->at == open)
		walk->at++;
	else if (scan_value(walk, &other, 0))
		walk->err = OYSTER_EOBJECT;
}

bool json_member(struct json_walk *walk, struct json *key, struct json *value)
{
	return !walk->err && scan_next(walk, walk->close, &walk->first) &&
	       scan_key(walk, key) && scan_value(walk, value, 1);
}

bool json_element(struct json_walk *walk, struct json *value)
{
	return !walk->err && scan_next(walk, walk->close, &walk->first) &&
	       scan_value(walk, value, 1);
}

enum oyster_err json_end(struct json_walk *walk)
{
	if (walk->err)
		return walk->err;
	skip_space(walk);
	if (walk->at < walk->end)
		fail(walk, walk->at, OYSTER_EJSON);
	return walk->err;
}

size_t json_offset(const struct json_walk *walk)
{
	return (size_t)(walk->at - walk->start);
}

char json_first(const struct json *string)
{
	const char *at = string->at + 1;
	long unit;

	if (*at != '\\')
		return *at;
	unit = code_unit(at, string->at + string->len);
	return unit > 0 && unit < 0x80 ? (char)unit : '\0';
}

bool json_is(const struct json *string, const char *name)
{
	char decoded[2 + NAME_MAX * LONGEST_ESCAPE];
	size_t len = strlen(name);

	if (!string->escaped)
		return string->len == len + 2 &&
		       !memcmp(string->at + 1, name, len);
	return len <= NAME_MAX && string->len - 2 >= len &&
	       string->len - 2 <= len * LONGEST_ESCAPE &&
	       json_decode(decoded, string) == len &&
	       !memcmp(decoded, name, len);
}

bool json_is_blank(const struct json *value)
{
	size_t i;

	if (value->type & (JSON_NULL | JSON_FALSE))
		return true;
	if (!(value->type & (JSON_STRING | JSON_ARRAY | JSON_OBJECT)))
		return false;
	if (value->type == JSON_STRING)
		return value->len == 2;
	for (i = 1; i < value->len - 1; i++)
		if (!is_space(value->at[i]))
			return false;
	return true;
}

/* Bytes of the integer at `at' if it is at most max and spelled shortest, or 0. */
static size_t integer_len(const char *at, const char *end, uint64_t max)
{
	const char *start = at;
	uint64_t number = 0;

	for (; at < end && is_digit(*at); at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (digit > max || number > (max - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	if (at < end && *at != ',' && *at != ']' && !is_space(*at))
		return 0;	/* a fraction or an exponent */
	return (size_t)(at - start);
}

bool json_is_integer(const struct json *number, uint64_t max)
{
	return number->type == JSON_NUMBER &&
	       integer_len(number->at, number->at + number->len, max) > 0;
}

size_t json_integers(char *to, const struct json *array, uint64_t max)
{
	const char *at = array->at, *end = at + array->len;
	size_t done = 0, len;

	while (at < end) {
		if (is_space(*at)) {
			at++;
			continue;
		}
		len = 1;
		if (*at != ',' && *at != ']' && at > array->at)
			len = integer_len(at, end, max);
		if (len == 0)
			return 0;
		memmove(to + done, at, len);
		done += len;
		at += len;
	}
	return done;
}

static size_t put_utf8(char *to, long point)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* Decode the escape at *at, which was scanned before, and pass it. */
static size_t decode_escape(char *to, const char **at, const char *end)
{
	static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	long unit = code_unit(*at, end);
	const char *name;

	if (unit < 0) {
		name = strchr(names, (*at)[1]);
		to[0] = name ? bytes[name - names] : (*at)[1];
		*at += 2;
		return 1;
	}
	*at += LONGEST_ESCAPE;
	if (is_high(unit)) {
		unit = 0x10000 + ((unit - 0xd800) << 10) +
		       (code_unit(*at, end) - 0xdc00);
		*at += LONGEST_ESCAPE;
	}
	return put_utf8(to, unit);
}

size_t json_decode(char *to, const struct json *string)
{
	const char *at = string->at + 1, *end = string->at + string->len - 1;
	const char *escape;
	size_t done = 0, len;

	while (at < end) {
		escape = memchr(at, '\\', (size_t)(end - at));
		len = (size_t)((escape ? escape : end) - at);
		memmove(to + done, at, len);
		done += len;
		at += len;
		if (escape)
			done += decode_escape(to + done, &at, end);
	}
	return done;
}
