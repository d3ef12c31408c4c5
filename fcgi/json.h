/*
 * json.h - a strict scanner for JSON (RFC 8259), and a writer.
 *
 * There is no tree.  A walk goes through the members of one object or the
 * elements of one array, and gives each as a slice of the text.  Whatever a
 * walk has passed has been checked to the last byte: grammar, UTF-8 without
 * overlong forms or surrogates (RFC 3629), paired surrogate escapes, and a
 * depth of at most JSON_MAX_DEPTH.
 */
#ifndef OYSTER_JSON_H
#define OYSTER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

#define JSON_MAX_DEPTH	128	/* arrays and objects around a value, itself included */

/* Powers of two, so that a set of types is a number. */
enum json_type {
	JSON_ABSENT = 0,
	JSON_NULL   = 1 << 0,
	JSON_FALSE  = 1 << 1,
	JSON_TRUE   = 1 << 2,
	JSON_NUMBER = 1 << 3,
	JSON_STRING = 1 << 4,
	JSON_ARRAY  = 1 << 5,
	JSON_OBJECT = 1 << 6
};

/* A value as it stands in the text, quotes and brackets included. */
struct json {
	enum json_type type;
	bool escaped;		/* a string with a backslash in it */
	char *at;
	size_t len;		/* bytes */
};

struct json_walk {
	const char *start;	/* of the text */
	const char *end;
	char *at;		/* the next byte; on failure the culprit */
	char close;		/* what ends the object or array */
	bool first;
	enum oyster_err err;	/* why a walk ended before its close */
};

/*
 * Enter the object or array (open is '{' or '[') that the text begins with.
 * If it begins with something else the walk ends at once, with
 * OYSTER_EOBJECT if that is JSON of another type.
 */
void json_enter(struct json_walk *walk, char *text, size_t len, char open)
	__attribute__((nonnull(1)));

/* The next member.  Returns false behind the last one and on failure. */
bool json_member(struct json_walk *walk, struct json *key, struct json *value)
	__attribute__((nonnull, warn_unused_result));

/* The next element, likewise. */
bool json_element(struct json_walk *walk, struct json *value)
	__attribute__((nonnull, warn_unused_result));

/*
 * After the last member of a whole text: nothing but white space may follow.
 *
 * Returns: OYSTER_OK, or why the walk failed: OYSTER_EJSON, OYSTER_EUTF8,
 *          OYSTER_ESURROGATE, OYSTER_EDEPTH, OYSTER_EOBJECT
 */
enum oyster_err json_end(struct json_walk *walk)
	__attribute__((nonnull, warn_unused_result));

/* Offset of the culprit in the text, in bytes from 0. */
size_t json_offset(const struct json_walk *walk) __attribute__((nonnull));

/*
 * The letter that a string, decoded, begins with, if it is one of ASCII's:
 * enough to tell it from most names.
 */
char json_first(const struct json *string) __attribute__((nonnull));

/* Whether a string, decoded, is the name (of at most 32 bytes). */
bool json_is(const struct json *string, const char *name)
	__attribute__((nonnull));

/* Null, false, "", [] or {}; white space within does not count. */
bool json_is_blank(const struct json *value) __attribute__((nonnull));

/*
 * Decode a string.  The result is never longer than the slice.
 *
 * In:      to  room for string->len bytes; may be string->at
 * Returns: the decoded length in bytes
 */
size_t json_decode(char *to, const struct json *string)
	__attribute__((nonnull));

/*
 * Write an array of integers without white space, `[1,2,3]'.
 *
 * In:      to  room for array->len bytes; may be array->at
 * Returns: the length in bytes; 0 if an element is not an integer from 0
 *          to max in its shortest spelling
 */
size_t json_integers(char *to, const struct json *array, uint64_t max)
	__attribute__((nonnull));

/* Whether the number is such an integer. */
bool json_is_integer(const struct json *number, uint64_t max)
	__attribute__((nonnull));

/*
 * Add a string in quotes: `"', `\' and control characters are escaped (the
 * short forms \b \t \n \f \r, else \u00xx), everything else stays UTF-8.
 * Returns: as buf_add
 */
enum oyster_err json_put_string(struct buf *buf, struct text decoded)
	__attribute__((nonnull, warn_unused_result));

/*
 * Add a value in that spelling and without white space.  Its strings are
 * decoded where they stand: the text is not what it was afterwards.
 * Returns: as buf_add
 */
enum oyster_err json_put_value(struct buf *buf, const struct json *value)
	__attribute__((nonnull, warn_unused_result));

#endif
