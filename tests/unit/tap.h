/*
 * tap.h - tests that are functions, and what they found as TAP.
 *
 * A test's name is a sentence.  CHECK goes on after a failure, so that one
 * run shows all of them.
 */
#ifndef OYSTER_TAP_H
#define OYSTER_TAP_H

#include <stdio.h>

static int tap_count, tap_failed, tap_bad;

/* For a program all of whose tests cannot be run here. */
#define SKIP_ALL(reason) (printf("1..%d # SKIP %s\n", tap_count, reason), tap_failed)

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		tap_bad++;						\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
	}								\
} while (0)

/* In a loop over a table: says which row. */
#define CHECK_ROW(cond, row) do {					\
	if (!(cond)) {							\
		tap_bad++;						\
		printf("# %s:%d: %s: %s\n", __FILE__, __LINE__, #cond, row); \
	}								\
} while (0)

/* Flushed, so that a process that forks or dies has said what it knew. */
#define RUN(test) do {							\
	tap_bad = 0;							\
	test();								\
	tap_failed += tap_bad != 0;					\
	printf("%s %d - %s\n", tap_bad ? "not ok" : "ok", ++tap_count, #test); \
	fflush(stdout);							\
} while (0)

#define DONE() (printf("1..%d\n", tap_count), tap_failed != 0)

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#endif
