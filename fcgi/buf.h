/*
 * buf.h - bytes that grow, with a limit from birth, and bytes that lie
 * somewhere else.
 */
#ifndef OYSTER_BUF_H
#define OYSTER_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct buf {
	char *data;	/* NULL until something was reserved */
	size_t len;	/* bytes in use */
	size_t cap;	/* bytes allocated, at times more than max */
	size_t max;	/* len never exceeds this */
};

#define BUF_INIT(limit) { .max = (limit) }

/* Bytes that somebody else owns.  Not NUL-terminated; may hold NULs. */
struct text {
	const char *at;
	size_t len;	/* bytes */
};

/*
 * All three leave the buffer's bytes as they were when they fail:
 * OYSTER_ETOOBIG above max, OYSTER_ENOMEM.
 */

/* Make room for len bytes more, in one piece. */
enum oyster_err buf_reserve(struct buf *buf, size_t len)
	__attribute__((nonnull, warn_unused_result));

enum oyster_err buf_add(struct buf *buf, const void *bytes, size_t len)
	__attribute__((nonnull(1), warn_unused_result));

/* Add a string without its NUL. */
enum oyster_err buf_puts(struct buf *buf, const char *string)
	__attribute__((nonnull, warn_unused_result));

/* Free the bytes; the buffer is empty and usable again. */
void buf_clear(struct buf *buf) __attribute__((nonnull));

bool text_equal(struct text a, struct text b);

#endif
