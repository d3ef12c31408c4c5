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

#define WIRE_NUMBER	8	/* bytes of a number: 64 bits, big-endian */

/* Send all parts.  They are used up. */
bool wire_send(int socket, struct iovec *parts, int count)
	__attribute__((nonnull, warn_unused_result));

/* Receive exactly len bytes. */
bool wire_receive(int socket, void *bytes, size_t len)
	__attribute__((nonnull, warn_unused_result));

void wire_put(uint8_t to[static WIRE_NUMBER], uint64_t number)
	__attribute__((nonnull));
uint64_t wire_get(const uint8_t from[static WIRE_NUMBER])
	__attribute__((nonnull));

#endif
