/* Bytes that grow up to a limit; see buf.h. */
#include "buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spare.h"

#define SMALLEST	256		/* bytes of a first allocation */
#define STEEP		(32 * 1024)	/* larger ones grow faster */

/*
 * Growing copies, and wipes what it leaves behind.  Of a large piece the pages
 * that nobody has written to cost nothing: there may be many of them.
 */
static size_t grown(const struct buf *buf)
{
	size_t cap;

	if (buf->cap < STEEP)
		return buf->cap < SMALLEST ? SMALLEST : buf->cap * 2;
	cap = buf->cap > SIZE_MAX / 8 ? SIZE_MAX : buf->cap * 8;
	return cap > buf->max ? buf->max : cap;
}

static void let_go(char *data, size_t cap, size_t used)
{
	if (cap < SPARE_LEAST)
		free(data);
	else
		spare_give(data, cap, used);
}

enum oyster_err buf_reserve(struct buf *buf, size_t len)
{
	size_t need, cap;
	char *data;

	if (len > buf->max || buf->len > buf->max - len)
		return OYSTER_ETOOBIG;
	need = buf->len + len;
	if (need <= buf->cap)
		return OYSTER_OK;

	cap = grown(buf);
	if (cap < need)
		cap = need;
	data = cap < SPARE_LEAST ? malloc(cap) : spare_take(&cap);
	if (!data)
		return OYSTER_ENOMEM;
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	let_go(buf->data, buf->cap, buf->len);
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
	let_go(buf->data, buf->cap, buf->len);
	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
}

bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.at, b.at, a.len));
}
