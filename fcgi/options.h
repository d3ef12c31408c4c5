/*
 * options.h - the options of a request: which of them are relayed.
 */
#ifndef OYSTER_OPTIONS_H
#define OYSTER_OPTIONS_H

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * Add the object to a body for the model server, with the sampling options
 * alone.
 *
 * Out:     culprit  the name of the option, after a failure that is its fault
 * Returns: OYSTER_OK, OYSTER_ENOMEM, OYSTER_ETOOBIG, OYSTER_ETWICE,
 *          OYSTER_ERUNNER, OYSTER_EHEAVY
 */
enum oyster_err options_put(struct buf *to, const char **culprit,
			    const struct json *object)
	__attribute__((nonnull, warn_unused_result));

#endif
