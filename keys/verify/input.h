/*
 * input.h - files that are read whole, with a limit.
 */
#ifndef OYSTER_INPUT_H
#define OYSTER_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/buf.h"

/*
 * Read a file, or standard input when path is `-', up to buf->max bytes.
 *
 * Returns: false, with a line on stderr, if it cannot be read or is larger
 */
bool input_read(struct buf *buf, const char *path)
	__attribute__((nonnull, warn_unused_result));

/* The bytes of a file that may be raw or hexadecimal digits, as text. */
struct text input_text(const struct buf *buf) __attribute__((nonnull));

/*
 * The digits of a text that is hexadecimal: without 0x in front of them and
 * white space behind.
 */
struct text input_digits(struct text text);

#endif
