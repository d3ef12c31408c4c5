/*
 * template.h - the templates that the model server can be given.
 *
 * It runs a client's template in its own process without any limit, and the
 * language has loops: a few bytes can use up all memory.  So a template may
 * put in the fields of a request, some of them conditionally, and no more.
 */
#ifndef OYSTER_TEMPLATE_H
#define OYSTER_TEMPLATE_H

#include "buf.h"
#include "err.h"

/*
 * Out:     outputs  how many fields it puts in
 * Returns: OYSTER_OK, OYSTER_ETEMPLATE, OYSTER_EHEAVY
 */
enum oyster_err template_check(struct text text, size_t *outputs)
	__attribute__((nonnull, warn_unused_result));

#endif
