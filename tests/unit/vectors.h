/*
 * vectors.h - recorded cases, read with jansson and not with what is tested.
 * The programs are run from the root of the repository, as prove does.
 */
#ifndef OYSTER_VECTORS_H
#define OYSTER_VECTORS_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/jansson_beside.h"

static inline json_t *load_vectors(const char *path)
{
	json_error_t why;
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &why);

	if (!root) {
		printf("Bail out! %s: %s\n", path, why.text);
		exit(EXIT_FAILURE);
	}
	return root;
}

/* The text of a string in a case, and its length in bytes. */
static inline const char *field(const json_t *object, const char *name, size_t *len)
{
	const json_t *value = json_object_get(object, name);

	*len = json_string_length(value);
	return json_string_value(value);
}

#endif
