/* Bytes that grow up to a limit; see buf.h. */
#include "buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST	256	/* bytes of a first allocation */

enum oyster_err buf_reserve(struct buf *buf, size_t len)
{
	size_t need, cap;
	char *data;

	if (len > buf->max || buf->len > buf->max - len)
		return OYSTER_ETOOBIG;
	need = buf->len + len;
	if (need <= buf->cap)
		return OYSTER_OK;

	cap = buf->cap > SIZE_MAX / 2 ? need : buf->cap * 2;
	if (cap < SMALLEST)
		cap = SMALLEST;
	if (cap < need)
		cap = need;
	data = realloc(buf->data, cap);
	if (!data)
		return OYSTER_ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return OYSTER_OK;
}

enum oyster_err buf_add(struct buf *buf, const void *bytes, size_t len)
{
	enum oyster_err err = buf_reserve(buf, len);

	if (err || len == 0)
		return err;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	return OYSTER_OK;
}

enum oyster_err buf_puts(struct buf *buf, const char *string)
{
	return buf_add(buf, string, strlen(string));
}

void buf_clear(struct buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
}

bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.at, b.at, a.len));
}
