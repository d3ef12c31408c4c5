/* CBOR, one data item at a time; see item.h. */
#include "item.h"

#include <stddef.h>

#include <cbor.h>

static void set_number(void *context, uint64_t number)
{
	struct item *item = context;

	item->type = ITEM_NUMBER;
	item->number = number;
}

static void on_uint8(void *context, uint8_t number)
{
	set_number(context, number);
}

static void on_uint16(void *context, uint16_t number)
{
	set_number(context, number);
}

static void on_uint32(void *context, uint32_t number)
{
	set_number(context, number);
}

static void set_bytes(void *context, enum item_type type, cbor_data at, size_t len)
{
	struct item *item = context;

	item->type = type;
	item->bytes = (struct text){ (const char *)at, len };
}

static void on_bytes(void *context, cbor_data at, size_t len)
{
	set_bytes(context, ITEM_BYTES, at, len);
}

static void on_string(void *context, cbor_data at, size_t len)
{
	set_bytes(context, ITEM_STRING, at, len);
}

static void on_array(void *context, size_t count)
{
	struct item *item = context;

	item->type = ITEM_ARRAY;
	item->number = count;
}

static void on_map(void *context, size_t count)
{
	struct item *item = context;

	item->type = ITEM_MAP;
	item->number = count;
}

static void on_null(void *context)
{
	struct item *item = context;

	item->type = ITEM_NULL;
}

bool item_take(struct text *rest, struct item *item)
{
	/* Whatever has no callback of ours leaves the item ITEM_OTHER. */
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_decoder_result result;

	callbacks.uint8 = on_uint8;
	callbacks.uint16 = on_uint16;
	callbacks.uint32 = on_uint32;
	callbacks.uint64 = set_number;
	callbacks.byte_string = on_bytes;
	callbacks.string = on_string;
	callbacks.array_start = on_array;
	callbacks.map_start = on_map;
	callbacks.null = on_null;

	*item = (struct item){ .type = ITEM_OTHER };
	if (rest->len == 0)
		return false;
	result = cbor_stream_decode((cbor_data)rest->at, rest->len, &callbacks, item);
	if (result.status != CBOR_DECODER_FINISHED || result.read > rest->len)
		return false;
	rest->at += result.read;
	rest->len -= result.read;
	return true;
}

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
		if (!item_take(rest, &item) || item.type == ITEM_OTHER)
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
