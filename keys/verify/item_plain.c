/*
 * item_take without libcbor: for the static program, as Debian has no static
 * libcbor, and to hold the other against in tests.  Of RFC 8949 only what
 * item.h has a name for.
 */
#include "item_plain.h"

#include <stddef.h>

#define MAJOR_TYPES	8
#define NULL_VALUE	0xf6
#define EIGHT_BYTES	27	/* of additional information: the longest argument */

static const enum item_type types[MAJOR_TYPES] = {
	[0] = ITEM_NUMBER, [2] = ITEM_BYTES, [3] = ITEM_STRING, [4] = ITEM_ARRAY,
	[5] = ITEM_MAP,
};

/* The argument of the first byte, in it or behind it (section 3). */
static bool take_argument(struct text *rest, uint64_t *argument)
{
	unsigned info = (uint8_t)*rest->at & 0x1f;
	size_t i, len = info < 24 ? 0 : (size_t)1 << (info - 24);

	if (info > EIGHT_BYTES || rest->len - 1 < len)
		return false;
	*argument = len > 0 ? 0 : info;
	for (i = 1; i <= len; i++)
		*argument = *argument << 8 | (uint8_t)rest->at[i];
	rest->at += 1 + len;
	rest->len -= 1 + len;
	return true;
}

bool item_plain_take(struct text *rest, struct item *item)
{
	struct text next = *rest;

	*item = (struct item){ .type = ITEM_NONE };
	if (rest->len == 0)
		return false;
	if ((uint8_t)*rest->at == NULL_VALUE)
		item->type = ITEM_NULL;
	else
		item->type = types[(uint8_t)*rest->at >> 5];
	if (item->type == ITEM_NONE || !take_argument(&next, &item->number))
		return false;
	if (item->type == ITEM_NULL)
		item->number = 0;
	if (item->type == ITEM_BYTES || item->type == ITEM_STRING) {
		if (item->number > next.len)
			return false;
		item->bytes = (struct text){ next.at, (size_t)item->number };
		item->number = 0;
		next.at += item->bytes.len;
		next.len -= item->bytes.len;
	}
	*rest = next;
	return true;
}
