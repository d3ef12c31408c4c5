/*
 * spare.h - a few large pieces of memory that are kept for the next who needs
 * one: new pages cost more than all that is done with them.
 *
 * The last one given is the first one taken.  Nothing of what was in a piece
 * is left in it.
 */
#ifndef OYSTER_SPARE_H
#define OYSTER_SPARE_H

#include <stddef.h>

#define SPARE_LEAST	(128 * 1024)	/* bytes of a piece */
#define SPARE_MOST	(2 * 1024 * 1024)	/* bytes used of one that is kept */
#define SPARE_COUNT	4		/* pieces that are kept */

/*
 * Take a piece of at least *size bytes, which are at least SPARE_LEAST.
 *
 * Out:     size  what it has got room for: up to twice as much when it is new
 * Returns: NULL without memory; else spare_give() it
 */
void *spare_take(size_t *size)
	__attribute__((nonnull, warn_unused_result));

/* Wipe a piece, of which the first bytes were used, and keep it or free it. */
void spare_give(void *piece, size_t size, size_t used)
	__attribute__((nonnull));

/* Free what is kept. */
void spare_drop(void);

#endif
