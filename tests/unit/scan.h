/*
 * scan.h - a whole text gone through with the walks of json.h.
 */
#ifndef OYSTER_SCAN_H
#define OYSTER_SCAN_H

#include <stddef.h>

#include "fcgi/json.h"
#include "tests/unit/bytes.h"

/* The first byte that is no white space, or 0. */
static inline char first_byte(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!memchr(" \t\r\n", text[i], 4))
			return text[i];
	return 0;
}

/* Walk the text where it lies; *offset is where the walk ended. */
static inline enum oyster_err scan_in_place(char *text, size_t len, size_t *offset)
{
	char open = first_byte(text, len) == '{' ? '{' : '[';
	struct json_walk walk;
	struct json key, value;
	enum oyster_err err;

	json_enter(&walk, text, len, open);
	if (open == '{')
		while (json_member(&walk, &key, &value))
			;
	else
		while (json_element(&walk, &value))
			;
	err = json_end(&walk);
	*offset = json_offset(&walk);
	return err;
}

/* Walk a copy that ends where its memory does. */
static inline enum oyster_err scan_at(const char *text, size_t len, size_t *offset)
{
	char *copy = exact_copy(text, len);
	enum oyster_err err = scan_in_place(copy, len, offset);

	free(copy);
	return err;
}

static inline enum oyster_err scan(const char *text, size_t len)
{
	size_t offset;

	return scan_at(text, len, &offset);
}

#endif
