/*
 * second.h - jansson as a second opinion on JSON that we accepted.
 */
#ifndef OYSTER_SECOND_H
#define OYSTER_SECOND_H

#include <stdbool.h>
#include <string.h>

#include "fcgi/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/jansson_beside.h"

/* Jansson has no number beyond a double, and no NUL in a key. */
static inline bool second_cannot(const json_error_t *why)
{
	return json_error_code(why) == json_error_numeric_overflow ||
	       json_error_code(why) == json_error_null_byte_in_key;
}

/* The object; NULL if jansson cannot read what is good JSON. */
static inline json_t *second_read(struct text text)
{
	json_error_t why;
	json_t *theirs = json_loadb(text.at, text.len,
				    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);

	MUST(theirs || second_cannot(&why));
	MUST(!theirs || json_typeof(theirs) == THEIR_OBJECT);
	return theirs;
}

/* Whether the member is that string; none, or null, is an empty one. */
static inline bool second_is_string(const json_t *object, const char *name,
				    struct text ours)
{
	const json_t *value = json_object_get(object, name);

	if (!value || json_typeof(value) == THEIR_NULL)
		return ours.len == 0;
	return json_typeof(value) == THEIR_STRING &&
	       text_equal(ours, (struct text){ json_string_value(value),
					       json_string_length(value) });
}

/* Whether the member is an array with as many elements as `[1,2]' has. */
static inline bool second_is_array(const json_t *object, const char *name,
				   struct text ours)
{
	const json_t *value = json_object_get(object, name);
	size_t i, count = ours.len > 2;

	for (i = 0; i < ours.len; i++)
		count += ours.at[i] == ',';
	if (!value || json_typeof(value) == THEIR_NULL)
		return count == 0;
	for (i = 0; i < json_array_size(value); i++)
		if (json_typeof(json_array_get(value, i)) != THEIR_REAL)
			return false;
	return json_array_size(value) == count;
}

#endif
