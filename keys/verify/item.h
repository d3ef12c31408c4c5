/*
 * item.h - CBOR (RFC 8949), one data item at a time.
 *
 * Only item_cbor.c includes cbor.h.  Nothing is allocated, whatever lengths the
 * bytes claim: strings are slices of them, and arrays and maps are a count
 * of the items that follow.
 */
#ifndef OYSTER_ITEM_H
#define OYSTER_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/buf.h"

enum item_type {
	ITEM_NONE,
	ITEM_NUMBER,	/* not negative */
	ITEM_BYTES,
	ITEM_STRING,
	ITEM_ARRAY,
	ITEM_MAP,
	ITEM_NULL
};

struct item {
	enum item_type type;
	uint64_t number;	/* or how many elements, or pairs */
	struct text bytes;	/* of a string */
};

/*
 * Take the next item off the front.
 *
 * Out:     rest  unchanged on failure
 * Returns: false at the end, if the bytes end within the item, and if it is
 *          of no type above: a tag, a float, a boolean, a negative number, a
 *          string or collection without a length
 */
bool item_take(struct text *rest, struct item *item)
	__attribute__((nonnull, warn_unused_result));

/* The same, and it must be of the type. */
bool item_take_type(struct text *rest, struct item *item, enum item_type type)
	__attribute__((nonnull, warn_unused_result));

/* Pass over a value with all that is in it, however deep. */
bool item_pass(struct text *rest) __attribute__((nonnull, warn_unused_result));

#endif
