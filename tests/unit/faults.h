/*
 * faults.h - calls of the code under test that fail on demand.
 *
 * FAULT(type, name, (parameters), (arguments)) puts a function before name.
 * The Makefile finds these lines in a test and has the linker send
 * the program's own calls there; those inside of libraries are not touched.
 */
#ifndef OYSTER_FAULTS_H
#define OYSTER_FAULTS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FAULTS	4	/* that can be set at once */

static struct {
	const char *name;	/* of the function */
	int turn;		/* its next call is 1; 0: it has failed */
	int error;		/* for errno */
	long result;
} faults[FAULTS];

static int fault_count;
static long fault_result;	/* of the call that has just failed */

/* Besides what was set, the turn-th call of the function from now on fails. */
static inline void fault_also(const char *name, int turn, int error, long result)
{
	faults[fault_count].name = name;
	faults[fault_count].turn = turn;
	faults[fault_count].error = error;
	faults[fault_count++].result = result;
}

/* The turn-th call of the function from now on fails, and no other. */
static inline void fault_set(const char *name, int turn, int error, long result)
{
	fault_count = 0;
	fault_also(name, turn, error, result);
}

/* Back to where all succeed; whether all calls that were to fail came. */
static inline bool fault_came(void)
{
	bool came = true;

	while (fault_count > 0)
		came &= faults[--fault_count].turn <= 0;
	return came;
}

static inline bool fault_is_due(const char *name)
{
	int i;

	for (i = 0; i < fault_count; i++) {
		if (strcmp(name, faults[i].name) || --faults[i].turn != 0)
			continue;
		errno = faults[i].error;
		fault_result = faults[i].result;
		return true;
	}
	return false;
}

#define FAULT(type, name, parameters, arguments)			\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		return fault_is_due(#name) ? (type)(intptr_t)fault_result \
					   : __real_##name arguments;	\
	}

#endif
