/* CBOR, one data item at a time; see item.h.  Taking one is in item_cbor.c. */
#include "item.h"

bool item_take_type(struct text *rest, struct item *item, enum item_type type)
{
	struct text before = *rest;

	if (item_take(rest, item) && item->type == type)
		return true;
	*rest = before;
	return false;
}

bool item_pass(struct text *rest)
{
	uint64_t left = 1;	/* items; each has a byte at least */
	struct item item;

	while (left > 0) {
		if (!item_take(rest, &item))
			return false;
		left--;
		if (item.type != ITEM_ARRAY && item.type != ITEM_MAP)
			continue;
		if (item.number > rest->len)
			return false;
		left += item.type == ITEM_MAP ? 2 * item.number : item.number;
		if (left > rest->len)
			return false;
	}
	return true;
}
