/*
 * fence.h - what a responder can still do once it has started.
 *
 * It holds prompts and speaks with strangers: so the system calls that it
 * needs, and no other; no files; the model server's port, and no other.
 */
#ifndef OYSTER_FENCE_H
#define OYSTER_FENCE_H

#include <stdbool.h>

#include "config.h"
#include "keys/signer.h"

/*
 * Call it when everything that is named is found and opened, and before
 * there are threads.
 *
 * In:      flags  of keys/sandbox.h
 * Returns: false if not all of it can be had, and it is required
 */
bool fence_close(const struct config *config, const struct signer *signer,
		 unsigned int flags)
	__attribute__((nonnull, warn_unused_result));

#endif
