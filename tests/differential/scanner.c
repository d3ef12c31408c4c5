/*
 * What our scanner makes of request bodies, for tests/differential/main.go.
 *
 * Input: bodies, each behind its length in four bytes, little-endian.  Output,
 * for each a byte: 0 accepted, 1 not JSON, 2 refused otherwise; and for a body that is accepted a byte
 * that is 1 when it is covered, and model, prompt, context and the body for
 * the model server, each behind its length.  What is accepted jansson must
 * read alike, or the program aborts.
 */
#include <string.h>

#include "fcgi/request.h"
#include "tests/fuzz/second.h"

#define MAX_TOKEN	2147483647

static bool read_len(uint32_t *len)
{
	uint8_t four[4];

	if (fread(four, 1, sizeof(four), stdin) != sizeof(four))
		return false;
	*len = four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
	return true;
}

static void put(struct text text)
{
	const uint8_t four[4] = { (uint8_t)text.len, (uint8_t)(text.len >> 8),
				  (uint8_t)(text.len >> 16), (uint8_t)(text.len >> 24) };

	fwrite(four, 1, sizeof(four), stdout);
	fwrite(text.at, 1, text.len, stdout);
}

static void check_beside(const struct request *request, struct text bytes)
{
	json_t *theirs = second_read(bytes);

	if (theirs) {
		MUST(second_is_string(theirs, "model", request->model));
		MUST(second_is_string(theirs, "prompt", request->prompt));
		MUST(second_is_array(theirs, "context", request->context));
	}
	json_decref(theirs);
}

static void answer(struct text bytes)
{
	struct buf body = { .max = bytes.len };
	struct request request;
	enum oyster_err err;

	MUST(!buf_add(&body, bytes.at, bytes.len));
	err = request_parse(&request, &body, MAX_TOKEN);
	putchar(!err ? 0 : err == OYSTER_EJSON ? 1 : 2);
	if (!err) {
		check_beside(&request, bytes);
		putchar(request.covered ? 1 : 0);
		put(request.model);
		put(request.prompt);
		put(request.context);
		put((struct text){ request.upstream.data, request.upstream.len });
	}
	request_clear(&request);
	buf_clear(&body);
}

int main(void)
{
	uint32_t len;
	char *bytes;

	while (read_len(&len)) {
		bytes = must(malloc(len + 1));
		MUST(fread(bytes, 1, len, stdin) == len);
		answer((struct text){ bytes, len });
		free(bytes);
	}
	return 0;
}
