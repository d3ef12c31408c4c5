/*
 * receipt.h - the digest under x-oyster-signature.
 *
 *	keccak256("|oyster-hasher|" "|timestamp|" u64be(seconds)
 *		  "|ollama_signature_parameters|"
 *		  abi.encode(string model, string prompt,
 *			     string request_context, string response,
 *			     string response_context))
 *
 * The strings are hashed as they arrive, in that order, so that memory does
 * not depend on their size; only their lengths must be known beforehand,
 * because the ABI puts offsets first.
 * (Contract ABI Specification, "Formal Specification of the Encoding".)
 */
#ifndef OYSTER_RECEIPT_H
#define OYSTER_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keccak.h"

#define RECEIPT_STRINGS	5

/* Bytes of one string.  Far above any limit; keeps the offsets from wrapping. */
#define RECEIPT_MAX_STRING	((uint64_t)1 << 40)

struct receipt {
	struct keccak keccak;
	uint64_t len[RECEIPT_STRINGS];	/* bytes, as announced */
	uint64_t left;			/* bytes missing of the open string */
	unsigned open;			/* its index */
};

/*
 * Begin a digest.
 *
 * In:      seconds  Unix time
 *          len      the strings' lengths in bytes
 * Returns: false if a length is above RECEIPT_MAX_STRING
 */
bool receipt_init(struct receipt *receipt, uint64_t seconds,
		  const uint64_t len[static RECEIPT_STRINGS])
	__attribute__((nonnull, warn_unused_result));

/*
 * The next len bytes of the strings.  One call must not reach past the end
 * of the open string, see receipt_want.
 */
void receipt_add(struct receipt *receipt, const void *bytes, size_t len)
	__attribute__((nonnull));

/* Bytes missing until the open string is whole; 0 when all strings are. */
uint64_t receipt_want(const struct receipt *receipt) __attribute__((nonnull));

/* Write the digest; receipt_want must be 0. */
void receipt_final(struct receipt *receipt, uint8_t digest[static KECCAK_LEN])
	__attribute__((nonnull));

#endif
