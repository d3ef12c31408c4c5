/*
 * encoding.h - hexadecimal, base64 and times, read strictly.
 */
#ifndef OYSTER_ENCODING_H
#define OYSTER_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/buf.h"

/*
 * Read exactly len bytes from 2 * len hexadecimal digits of either case.
 *
 * Out:     to  written also on failure
 * Returns: false if the text is anything else
 */
bool hex_read(uint8_t *to, size_t len, struct text text)
	__attribute__((nonnull, warn_unused_result));

/* Write lower-case digits and a NUL: 2 * len + 1 characters. */
void hex_write(char *to, const uint8_t *bytes, size_t len)
	__attribute__((nonnull));

/*
 * Read exactly len bytes from standard base64 with its padding; of the
 * spellings of the last character only the one that an encoder writes.
 */
bool base64_read(uint8_t *to, size_t len, struct text text)
	__attribute__((nonnull, warn_unused_result));

/* A number in its shortest decimal spelling. */
bool number_read(uint64_t *number, struct text text)
	__attribute__((nonnull, warn_unused_result));

/* Unix seconds, from their number or `2025-03-10T15:24:02Z' (RFC 3339). */
bool time_read(uint64_t *seconds, const char *string)
	__attribute__((nonnull, warn_unused_result));

/* Write a time in that form; beyond the year 9999 as a number of seconds. */
#define TIME_LEN	40	/* characters with the NUL */
void time_write(char to[static TIME_LEN], uint64_t seconds)
	__attribute__((nonnull));

/* A string's bytes. */
struct text text_of(const char *string) __attribute__((nonnull));

#endif
