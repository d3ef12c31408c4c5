/*
 * bytes.h - bytes for tests: hexadecimal, and copies that end where their
 * memory ends, so that AddressSanitizer sees a reader go too far.
 */
#ifndef OYSTER_BYTES_H
#define OYSTER_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A literal that may hold NULs, as pointer and length. */
#define LITERAL(text)	(text), sizeof(text) - 1

static inline void *must(void *memory)
{
	if (!memory) {
		fputs("Bail out! out of memory\n", stdout);
		exit(EXIT_FAILURE);
	}
	return memory;
}

static inline char *exact_copy(const void *bytes, size_t len)
{
	char *copy = must(calloc(1, len ? len : 1));

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

static inline void from_hex(uint8_t *bytes, size_t len, const char *hex)
{
	unsigned byte;
	size_t i;

	for (i = 0; i < len; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			abort();
		bytes[i] = (uint8_t)byte;
	}
}

/* Whether the bytes are those that hex spells. */
static inline bool is_hex(const uint8_t *bytes, size_t len, const char *hex)
{
	char pair[3];
	size_t i;

	if (strlen(hex) != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		snprintf(pair, sizeof(pair), "%02x", bytes[i]);
		if (memcmp(pair, hex + 2 * i, 2))
			return false;
	}
	return true;
}

#endif
