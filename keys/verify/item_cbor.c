/* The next data item, by libcbor; see item.h. */
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
	/* Whatever has no callback of ours leaves the item ITEM_NONE. */
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

	*item = (struct item){ .type = ITEM_NONE };
	if (rest->len == 0)
		return false;
	result = cbor_stream_decode((cbor_data)rest->at, rest->len, &callbacks, item);
	if (result.status != CBOR_DECODER_FINISHED ||
	    result.read > rest->len || item->type == ITEM_NONE)
		return false;
	rest->at += result.read;
	rest->len -= result.read;
	return true;
}
