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

/*
 * Whether there is anything to read on standard input: neither a terminal
 * nor another device, nor at its end.  Waits for a pipe's first byte.
 */
bool input_is_waiting(void) __attribute__((warn_unused_result));

/* The bytes that were read; never NULL. */
struct text input_text(const struct buf *buf) __attribute__((nonnull));

/*
 * The digits of a text that is hexadecimal: without 0x in front of them and
 * white space behind.
 */
struct text input_digits(struct text text)
	__attribute__((warn_unused_result));

#endif
