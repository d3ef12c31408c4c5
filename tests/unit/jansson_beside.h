/*
 * jansson_beside.h - jansson as a second opinion, in the same file as our
 * own json.h: what both call alike is called THEIR_… here.
 */
#ifndef OYSTER_JANSSON_BESIDE_H
#define OYSTER_JANSSON_BESIDE_H

#define json_type	their_json_type
#define JSON_OBJECT	THEIR_OBJECT
#define JSON_ARRAY	THEIR_ARRAY
#define JSON_STRING	THEIR_STRING
#define JSON_INTEGER	THEIR_INTEGER
#define JSON_REAL	THEIR_REAL
#define JSON_TRUE	THEIR_TRUE
#define JSON_FALSE	THEIR_FALSE
#define JSON_NULL	THEIR_NULL

#include <jansson.h>

#undef json_type
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

/* Macros that would mean our types now; json_typeof does not. */
#undef json_is_object
#undef json_is_array
#undef json_is_string
#undef json_is_integer
#undef json_is_real
#undef json_is_number
#undef json_is_true
#undef json_is_false
#undef json_boolean_value
#undef json_is_boolean
#undef json_is_null

#endif
