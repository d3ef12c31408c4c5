/*
 * pool.h - threads that each answer one request after the other.
 *
 * A waiting request costs a thread and its small stack; every step of an
 * answer is plain code from top to bottom.  Threads are started when they are
 * needed, and end when they are not.
 */
#ifndef OYSTER_POOL_H
#define OYSTER_POOL_H

#include "serve.h"

struct pool;

/*
 * Answer requests, at most so many at once.
 *
 * Returns: NULL, with a log line, if there is not one thread to be had
 */
struct pool *pool_start(const struct server *server, long threads)
	__attribute__((nonnull, warn_unused_result));

/* Accept nothing more, finish what was accepted, and release the pool. */
void pool_stop(struct pool *pool) __attribute__((nonnull));

#endif
