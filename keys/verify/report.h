/*
 * report.h - what was checked, and the verdict over all of it.
 *
 * Whatever goes into a sentence may come from an attacker: bytes that are
 * not printable ASCII are shown as `?', and long sentences are cut.
 */
#ifndef OYSTER_REPORT_H
#define OYSTER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fcgi/buf.h"

struct report {
	unsigned passed, failed, skipped;	/* checks */
	bool unpinned;		/* an attested image that nobody asked for */
	bool allow_unpinned;
	bool broken;		/* out of memory: nothing can be said */
	struct buf lines;	/* the checks as text */
	struct buf checks;	/* the same as members of a JSON array */
	struct buf facts;	/* what was found, as members of a JSON object */
};

enum report_verdict { REPORT_VERIFIED, REPORT_UNPINNED, REPORT_FAILED };

/* A report without a check; release it with report_clear. */
void report_init(struct report *report) __attribute__((nonnull));

/* One check: about is its first word, the rest says what was compared. */
void report_pass(struct report *report, const char *about, const char *format, ...)
	__attribute__((nonnull, format(printf, 3, 4)));
void report_fail(struct report *report, const char *about, const char *format, ...)
	__attribute__((nonnull, format(printf, 3, 4)));
void report_skip(struct report *report, const char *about, const char *format, ...)
	__attribute__((nonnull, format(printf, 3, 4)));

/* A value for programs: in the JSON form alone. */
void report_fact(struct report *report, const char *name, const char *value)
	__attribute__((nonnull));

/* Verified only if something passed, nothing failed and all was noted down. */
enum report_verdict report_verdict(const struct report *report)
	__attribute__((nonnull));

void report_print_text(const struct report *report, FILE *to)
	__attribute__((nonnull));
void report_print_json(const struct report *report, FILE *to)
	__attribute__((nonnull));

void report_clear(struct report *report) __attribute__((nonnull));

#endif
