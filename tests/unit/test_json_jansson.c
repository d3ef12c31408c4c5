/*
 * The scanner beside jansson, over texts that were valid before somebody
 * changed a few bytes of them.
 *
 * Both must take the same texts and find the same strings and numbers in
 * them.  Where they may differ:
 *   - we refuse a depth above 128, jansson one above 2048
 *   - jansson refuses numbers that overflow a double or a 64-bit integer
 *   - jansson refuses a key with \u0000 in it
 *   - jansson passes over a NUL behind a number or a word; no JSON text has one
 */
#include <math.h>

#include "tests/unit/jansson_beside.h"
#include "tests/unit/scan.h"
#include "tests/unit/tap.h"

#define ROUNDS		400000
#define TEXT_MAX	700	/* bytes */

static const char *const seeds[] = {
	"{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\",\"stream\":false,\"context\":[1,2,3]}",
	"{\"model\":\"tiny\",\"prompt\":\"caf\\u00e9 \\ud83e\\udd80 \\\"q\\\" \\\\ \\n\",\"context\":[128006, 9125]}",
	"{\"a\":{\"b\":{\"c\":[[],[{}],[[[]]]]}},\"\":null,\"d\":[true,false,null]}",
	"[0,-0,1,-1,1.5,-2.25e10,3E-3,4e+2,0.0,123456789012,0e0]",
	"[\"\\u0000\\u001f\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80\",\"\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\"]",
	" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } }\n ",
	"{\"k\\u0065y\":\"v\",\"key\":\"w\",\"KEY\":\"x\",\"\xc5\xbf\":1,\"\\ud83d\\ude00\":2}",
	("{\"model\":\"tiny\",\"created_at\":\"2026-11-22T15:03:46.0832987Z\",\"response\":\"a\\u003cb\\u003e\\u0026\\u2028\","
		"\"done\":true,\"done_reason\":\"stop\",\"context\":[259,405],\"total_duration\":432726730}"),
	"[[[[[[[[[[\"deep\"]]]]]]]]]]", "[]", "{}", "[\"\"]", "[1]",
	"{\"options\":{\"temperature\":0.7,\"stop\":[\"\\n\",\"###\"],\"seed\":42},\"images\":[\"aGVsbG8=\"],\"think\":\"high\"}",
};

static const char *const tokens[] = {
	"[", "]", "{", "}", ",", ":", "\"", "\\", "null", "true", "false", "0", "1", "-", ".", "e", "E", "+", "e5", ".5", "00", "\\u", "\\u0000",
	"\\ud83e", "\\udd80", "\\uD800", "\\u00e9", "\\\"", "\\\\", "\\n", "\\x", "\xc3", "\xa9", "\xf0\x9f", "\xed\xa0\x80", "\xc0\x80", "\xe2\x82\xac",
	"\xef\xbb\xbf", " ", "\t", "\n", "\r", "\f", "\v", "\0", "\x7f", "[]", "{}", "\"\"", "\"a\":1", ",1", "1e400", "99999999999999999999", "/", "'", "//", "NaN",
};

static uint64_t state = 0x9e3779b97f4a7c15;

/* xorshift64: the same texts on every machine. */
static unsigned rnd(size_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % below);
}

static size_t insert(char *text, size_t len, const char *bytes, size_t count)
{
	size_t at = rnd(len + 1);

	if (len + count > TEXT_MAX)
		return len;
	memmove(text + at + count, text + at, len - at);
	memcpy(text + at, bytes, count);
	return len + count;
}

static size_t delete(char *text, size_t len, size_t count)
{
	size_t at;

	if (count > len)
		return len;
	at = rnd(len - count + 1);
	memmove(text + at, text + at + count, len - at - count);
	return len - count;
}

static size_t mutate(char *text, size_t len)
{
	char piece[TEXT_MAX];
	const char *token;
	size_t from, count;

	switch (rnd(7)) {
	case 0:
		if (len)
			text[rnd(len)] = (char)rnd(256);
		return len;
	case 1:
		if (len)
			text[rnd(len)] ^= (char)(1 << rnd(8));
		return len;
	case 2:
		return delete(text, len, 1);
	case 3:
		return delete(text, len, 1 + rnd(8));
	case 4:		/* a piece of it once more */
		if (!len)
			return len;
		from = rnd(len);
		count = 1 + rnd(len - from < 40 ? len - from : 40);
		memcpy(piece, text + from, count);
		return insert(text, len, piece, count);
	default:
		token = tokens[rnd(COUNT(tokens))];
		return insert(text, len, token, *token ? strlen(token) : 1);
	}
}

static bool same(const struct json *value, const json_t *other);

static bool same_number(const struct json *value, const json_t *other)
{
	char text[TEXT_MAX + 1];

	memcpy(text, value->at, value->len);
	text[value->len] = '\0';
	if (json_typeof(other) == THEIR_INTEGER)
		return !strpbrk(text, ".eE") &&
		       strtoll(text, NULL, 10) == json_integer_value(other);
	return json_typeof(other) == THEIR_REAL && strpbrk(text, ".eE") &&
	       fabs(strtod(text, NULL) - json_real_value(other)) <= 0;
}

static bool same_string(const struct json *value, const json_t *other)
{
	char decoded[TEXT_MAX];
	size_t len = json_decode(decoded, value);

	return json_typeof(other) == THEIR_STRING &&
	       len == json_string_length(other) &&
	       !memcmp(decoded, json_string_value(other), len);
}

static bool same_array(const struct json *value, const json_t *other)
{
	struct json_walk walk;
	struct json element;
	size_t i = 0;

	if (json_typeof(other) != THEIR_ARRAY)
		return false;
	json_enter(&walk, value->at, value->len, '[');
	while (json_element(&walk, &element))
		if (!same(&element, json_array_get(other, i++)))
			return false;
	return json_end(&walk) == OYSTER_OK && i == json_array_size(other);
}

/* Whether a later member of the walk has the same name: theirs is the last. */
static bool comes_again(struct json_walk walk, const char *name, size_t len)
{
	struct json key, value;
	char decoded[TEXT_MAX];

	while (json_member(&walk, &key, &value))
		if (json_decode(decoded, &key) == len && !memcmp(decoded, name, len))
			return true;
	return false;
}

static bool same_object(const struct json *value, const json_t *other)
{
	struct json_walk walk;
	struct json key, member;
	char name[TEXT_MAX + 1];
	size_t len, count = 0;

	if (json_typeof(other) != THEIR_OBJECT)
		return false;
	json_enter(&walk, value->at, value->len, '{');
	while (json_member(&walk, &key, &member)) {
		len = json_decode(name, &key);
		if (comes_again(walk, name, len))
			continue;
		name[len] = '\0';
		if (!same(&member, json_object_get(other, name)))
			return false;
		count++;
	}
	return json_end(&walk) == OYSTER_OK && count == json_object_size(other);
}

static bool same(const struct json *value, const json_t *other)
{
	if (!other)
		return false;
	switch (value->type) {
	case JSON_NULL:
		return json_typeof(other) == THEIR_NULL;
	case JSON_FALSE:
		return json_typeof(other) == THEIR_FALSE;
	case JSON_TRUE:
		return json_typeof(other) == THEIR_TRUE;
	case JSON_NUMBER:
		return same_number(value, other);
	case JSON_STRING:
		return same_string(value, other);
	case JSON_ARRAY:
		return same_array(value, other);
	case JSON_OBJECT:
		return same_object(value, other);
	case JSON_ABSENT:
		break;
	}
	return false;
}

/* The text as a value, without the white space around it. */
static struct json value_of(char *text, size_t len)
{
	struct json value = { .type = first_byte(text, len) == '{' ? JSON_OBJECT : JSON_ARRAY };

	value.at = text;
	value.len = len;
	return value;
}

static bool may_differ(const json_error_t *why)
{
	enum json_error_code code = json_error_code(why);

	return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static unsigned long both_took, both_refused, differed;

static bool agree(const char *bytes, size_t len)
{
	char *text = exact_copy(bytes, len);
	json_error_t why;
	json_t *other = json_loadb(text, len, JSON_ALLOW_NUL, &why);
	size_t offset;
	enum oyster_err err = scan_in_place(text, len, &offset);
	struct json value = value_of(text, len);
	bool ok;

	if (!other && !err && may_differ(&why)) {
		differed++;
		ok = true;
	} else if (memchr(text, '\0', len)) {
		differed++;
		ok = err != OYSTER_OK;
	} else if (!other || err) {
		both_refused++;
		ok = !other && err;
	} else {
		both_took++;
		ok = same(&value, other);
	}
	json_decref(other);
	free(text);
	return ok;
}

static void show(const char *text, size_t len)
{
	size_t i;

	printf("# ");
	for (i = 0; i < len; i++)
		printf(text[i] > ' ' && text[i] < 0x7f ? "%c" : "\\x%02x", (unsigned char)text[i]);
	putchar('\n');
}

static void the_unchanged_texts_are_taken_by_both(void)
{
	size_t i;

	for (i = 0; i < COUNT(seeds); i++)
		CHECK_ROW(agree(seeds[i], strlen(seeds[i])), seeds[i]);
	CHECK(both_took == COUNT(seeds));
}

static void changed_texts_are_taken_or_refused_by_both(void)
{
	char text[TEXT_MAX];
	unsigned long i, wrong = 0;
	size_t len;
	unsigned n;

	both_took = both_refused = 0;
	for (i = 0; i < ROUNDS && wrong < 10; i++) {
		const char *seed = seeds[rnd(COUNT(seeds))];

		len = strlen(seed);
		memcpy(text, seed, len);
		for (n = 1 + rnd(4); n > 0; n--)
			len = mutate(text, len);
		if (agree(text, len))
			continue;
		wrong++;
		show(text, len);
	}
	CHECK(wrong == 0);
	printf("# taken %lu, refused %lu, differed as listed %lu\n",
	       both_took, both_refused, differed);
	CHECK(both_took > ROUNDS / 20 && both_refused > ROUNDS / 20);
}

int main(void)
{
	RUN(the_unchanged_texts_are_taken_by_both);
	RUN(changed_texts_are_taken_or_refused_by_both);
	return DONE();
}
