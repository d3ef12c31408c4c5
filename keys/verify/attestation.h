/*
 * attestation.h - the checks of an AWS Nitro attestation document, in order:
 * form, the leaf's signature, the certificates up to the root, the root,
 * time, mode, code, key.  Each is a line of the report.
 */
#ifndef OYSTER_ATTESTATION_H
#define OYSTER_ATTESTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/buf.h"
#include "keys/ecdsa.h"
#include "keys/verify/chain.h"
#include "keys/verify/document.h"
#include "keys/verify/pins.h"
#include "keys/verify/report.h"

#define ATTESTATION_MAX	(2 * DOCUMENT_MAX + 16)	/* bytes of a file: digits, too */

struct attestation {
	struct text document;		/* raw, or hexadecimal digits */
	const struct chain_root *root;	/* &chain_aws, or another */
	const struct pins *pins;
	uint64_t now;			/* Unix time */
	bool has_max_age;
	uint64_t max_age;		/* seconds */
	bool need_key;			/* there are answers to check with it */

	/* Out. */
	bool is_good;			/* every check passed */
	bool has_key;			/* and there is a key of answers in it */
	uint8_t public_key[ECDSA_PUBLIC_LEN];
};

void attestation_check(struct report *report, struct attestation *attestation)
	__attribute__((nonnull));

#endif
