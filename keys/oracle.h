/*
 * oracle.h - the signer's own end of the socket: what it signs, and nothing
 * else.
 *
 * A question is one letter and its fields, numbers 64-bit big-endian:
 *
 *	'P'			-> public key[64]
 *	'R' length[5] strings	-> seconds, signature[65]	a receipt
 *
 * Strings are hashed as they arrive: memory does not depend on their size.
 * The time is the signer's, taken when the question begins.
 */
#ifndef OYSTER_ORACLE_H
#define OYSTER_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ecdsa.h"
#include "wire.h"

#define ORACLE_PUBLIC		'P'
#define ORACLE_RECEIPT		'R'
#define ORACLE_RECEIPT_ANSWER	(WIRE_NUMBER + ECDSA_SIG_LEN)	/* bytes */

/*
 * Answer questions until the socket's other end closes.
 *
 * In:      secret  ECDSA_SECRET_LEN bytes; not copied
 * Returns: true at the end of the stream between two questions; false at
 *          anything that is not a question, or when the key fails
 */
bool oracle_serve(int socket, const uint8_t *secret)
	__attribute__((nonnull, warn_unused_result));

#endif
