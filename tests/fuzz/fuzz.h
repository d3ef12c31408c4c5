/*
 * fuzz.h - what the fuzz targets share: libFuzzer's entry, and an input that
 * is cut into parts.
 */
#ifndef OYSTER_FUZZ_H
#define OYSTER_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fcgi/buf.h"
#include "tests/unit/bytes.h"

/* libFuzzer calls it with one input after the other; it returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; libFuzzer keeps the one for which it did not. */
#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort(); \
		} \
	} while (0)

/* Take a byte off the front; 0 at the end. */
static inline uint8_t take_byte(struct text *rest)
{
	uint8_t byte = 0;

	if (rest->len > 0) {
		byte = (uint8_t)*rest->at++;
		rest->len--;
	}
	return byte;
}

/*
 * Take a part that has its length in two bytes in front, big-endian.  It is a
 * copy that ends where its memory ends, to be released with free.
 */
static inline struct text take_part(struct text *rest)
{
	size_t len = (size_t)take_byte(rest) << 8;
	struct text part;

	len |= take_byte(rest);
	if (len > rest->len)
		len = rest->len;
	part = (struct text){ exact_copy(rest->at, len), len };
	rest->at += len;
	rest->len -= len;
	return part;
}

/* The rest, likewise. */
static inline struct text take_all(struct text *rest)
{
	struct text part = { exact_copy(rest->at, rest->len), rest->len };

	rest->len = 0;
	return part;
}

static inline void release(struct text part)
{
	free((void *)(uintptr_t)part.at);
}

#endif
