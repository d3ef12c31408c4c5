/*
 * wire.h - whole messages over the signer's socket.
 *
 * The functions go on after interruptions and short counts; they return
 * false at an error, a time-out or the end of the stream.
 */
#ifndef OYSTER_WIRE_H
#define OYSTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Send all parts.  They are used up. */
bool wire_send(int socket, struct iovec *parts, int count)
	__attribute__((nonnull, warn_unused_result));

/* Receive exactly len bytes. */
bool wire_receive(int socket, void *bytes, size_t len)
	__attribute__((nonnull, warn_unused_result));

/*
 * Bytes that came at once, so that a question takes one system call and not
 * one for each of its parts.
 */
struct wire_in {
	int socket;
	uint8_t *bytes;
	size_t size;	/* bytes of room */
	size_t len;	/* bytes that came */
	size_t used;	/* of those, how many were taken */
	size_t most;	/* the most that came since it was wiped */
};

/* Wait until there is a byte; false at the end of the stream. */
bool wire_more(struct wire_in *in) __attribute__((nonnull, warn_unused_result));

/* Take exactly len bytes. */
bool wire_take(struct wire_in *in, void *bytes, size_t len)
	__attribute__((nonnull, warn_unused_result));

/*
 * Take at least one byte and at most *len, where they lie; they stay until
 * the next call.  Out: len.  Returns: NULL as wire_receive returns false.
 */
const void *wire_some(struct wire_in *in, size_t *len)
	__attribute__((nonnull, warn_unused_result));

/* Overwrite what was taken, once nothing is left. */
void wire_wipe(struct wire_in *in) __attribute__((nonnull));

#endif
