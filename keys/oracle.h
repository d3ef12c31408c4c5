/*
 * oracle.h - the signer's own end of the socket: what it signs, and nothing
 * else.
 *
 * Both ends are one program, forked, so a question is its struct as it lies
 * in memory; behind it come the strings of a receipt.  Strings are hashed as
 * they arrive: memory does not depend on their size.  The time is the
 * signer's, one for both signatures of an answer.
 */
#ifndef OYSTER_ORACLE_H
#define OYSTER_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ecdsa.h"
#include "exchange.h"
#include "receipt.h"

/*
 * Seconds in which a question must have come whole: nobody may begin one now
 * and have it signed, with the time of its beginning, whenever he likes.
 */
#define ORACLE_PATIENCE	10

enum oracle_what {
	ORACLE_PUBLIC = 'P',	/* answered with the public key; the rest is ignored */
	ORACLE_EXCHANGE = 'E',	/* sign the exchange */
	ORACLE_BOTH = 'B'	/* sign it and the receipt of the strings */
};

struct oracle_question {
	uint32_t what;
	struct exchange exchange;
	uint64_t len[RECEIPT_STRINGS];	/* bytes of the strings that follow */
};

struct oracle_answer {
	uint64_t seconds;
	uint8_t exchange[ECDSA_SIG_LEN];
	uint8_t receipt[ECDSA_SIG_LEN];	/* zeros if none was asked for */
};

/*
 * Answer questions until the socket's other end closes.
 *
 * In:      ecdsa  the key
 * Returns: true at the end of the stream between two questions; false at
 *          anything that is not a question, or when the key fails
 */
bool oracle_serve(int socket, const struct ecdsa *ecdsa)
	__attribute__((nonnull, warn_unused_result));

#endif
