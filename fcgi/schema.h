/*
 * schema.h - the schemas of `format' that the model server can be given.
 *
 * It turns a schema into a grammar in its own process, with a converter that
 * ends the process at some patterns and at rings of allOf, and that works for
 * ever, or until the memory is used up, at references and lists of types that
 * multiply.  What is left here grows no faster than its text.
 */
#ifndef OYSTER_SCHEMA_H
#define OYSTER_SCHEMA_H

#include "err.h"
#include "json.h"

/*
 * Out:     culprit  the keyword, or "" for the schema as a whole
 * Returns: OYSTER_OK, OYSTER_EHARM, OYSTER_EHEAVY
 */
enum oyster_err schema_check(const struct json *object, const char **culprit)
	__attribute__((nonnull, warn_unused_result));

#endif
