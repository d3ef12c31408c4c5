/*
 * options.h - the command line of oyster-verify.
 */
#ifndef OYSTER_OPTIONS_H
#define OYSTER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/verify/pins.h"

struct options {
	const char *response;		/* in one piece; NULL: in two, or none */
	const char *headers, *body;
	const char *request;
	const char *method, *path;	/* never NULL */
	const char *nonce;

	const char *address;		/* one of these three */
	const char *public_key;
	const char *attestation;

	const char *root;
	struct pins pins;
	bool allow_unpinned;

	bool need_receipt, need_exchange;
	bool has_max_age;
	uint64_t max_age;		/* seconds */
	bool has_now;
	uint64_t now;			/* Unix time, the clock's unless --at */

	bool json, quiet;
	bool answer;			/* print the model's text once verified */
	bool help;			/* usage was asked for: nothing else is set */
};

/*
 * Read the command line.
 *
 * Out:     options  points into argv
 * Returns: false, with a line on stderr, if it makes no sense
 */
bool options_read(struct options *options, int argc, char **argv)
	__attribute__((nonnull, warn_unused_result));

/* Whether there is a response to check, and not the document alone. */
bool options_has_response(const struct options *options)
	__attribute__((nonnull));

extern const char options_usage[];

#endif
