/*
 * check.h - the checks of one answer, each a line of the report.
 */
#ifndef OYSTER_CHECK_H
#define OYSTER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/ecdsa.h"
#include "keys/verify/report.h"
#include "keys/verify/response.h"
#include "keys/verify/statement.h"

#define CHECK_SKEW	60	/* seconds that another clock may be ahead */

/* What is to be checked, and against what. */
struct evidence {
	struct response response;
	struct text request;		/* the request's body */
	const char *method;
	const char *path;		/* without a query */
	const char *nonce;		/* that was sent; empty: none was; NULL: who knows */

	bool has_key;
	uint8_t address[ECDSA_ADDRESS_LEN];
	const char *source;		/* of the key: `--address' */

	bool need_receipt, need_exchange;
	bool has_max_age;
	uint64_t max_age;		/* seconds */
	uint64_t now;			/* Unix time */

	/* Found on the way. */
	bool is_signed;			/* by a signature that is good */
	uint64_t seconds;		/* when; Unix time */
	bool is_read;			/* statement holds what the two say */
	struct statement statement;
};

/*
 * Check all of it.  The evidence is used up; release it with
 * evidence_clear.
 */
void check_answer(struct report *report, struct evidence *evidence)
	__attribute__((nonnull));

/* The parts of check_answer. */
void check_receipt(struct report *report, struct evidence *evidence)
	__attribute__((nonnull));
void check_exchange(struct report *report, struct evidence *evidence)
	__attribute__((nonnull));

/*
 * Recover the key of a signature and hold it against the evidence's.
 *
 * In:      about  the check's first word
 *          field  the header field that the signature stands in
 * Returns: whether it passed
 */
bool check_signature(struct report *report, const struct evidence *evidence,
		     const char *about, const char *field,
		     const uint8_t sig[static ECDSA_SIG_LEN],
		     const uint8_t digest[static ECDSA_DIGEST_LEN])
	__attribute__((nonnull));

/*
 * Hold a time against now and the greatest age, the latter with has_max_age
 * alone.
 *
 * Returns: whether it passed or was skipped
 */
bool check_age(struct report *report, const struct evidence *evidence,
	       const char *about, uint64_t seconds)
	__attribute__((nonnull));

void evidence_clear(struct evidence *evidence) __attribute__((nonnull));

#endif
