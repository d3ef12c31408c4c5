/*
 * item_plain.h - item_take without libcbor; see item.h.
 */
#ifndef OYSTER_ITEM_PLAIN_H
#define OYSTER_ITEM_PLAIN_H

#include "keys/verify/item.h"

bool item_plain_take(struct text *rest, struct item *item)
	__attribute__((nonnull, warn_unused_result));

#endif
