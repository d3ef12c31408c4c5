/*
 * pool.h - threads that each answer one request after the other.
 *
 * A waiting request costs a thread its small stack; every step of an answer
 * is plain code from top to bottom.
 */
#ifndef OYSTER_POOL_H
#define OYSTER_POOL_H

#include "serve.h"

struct pool;

/*
 * Start the threads.
 *
 * Returns: NULL, with a log line, if they cannot all be had
 */
struct pool *pool_start(const struct server *server, long threads)
	__attribute__((nonnull, warn_unused_result));

/* Accept nothing more, finish what was accepted, and release the pool. */
void pool_stop(struct pool *pool) __attribute__((nonnull));

#endif
