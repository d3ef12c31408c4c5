/*
 * sandbox.h - a process shuts itself in, for good.
 *
 * From then on it makes only the system calls of a list; any other ends it
 * with SIGSYS (seccomp).  It opens no path, and connects over TCP to one port
 * or to none (Landlock).  It gains no privileges, leaves no core, and can be
 * looked into by nobody but root.  A line on stderr says what is in force and
 * what the kernel lacks.
 *
 * Only sandbox.c includes seccomp.h; each process keeps its list by itself.
 */
#ifndef OYSTER_SANDBOX_H
#define OYSTER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_ARGS	3	/* arguments of a call that can be held */
#define SANDBOX_INT	0xffffffffu	/* all bits: the argument is an int */

/* The bits of mask in argument number index are those of value. */
struct sandbox_arg {
	unsigned int index;
	uint32_t mask;		/* 0: nothing is held */
	uint32_t value;
};

/* A name may stand in a list more than once, with different arguments. */
struct sandbox_call {
	const char *name;	/* none of that name on this machine: left out */
	struct sandbox_arg arg[SANDBOX_ARGS];	/* all must hold */
	int error;		/* fails with this errno instead of being made */
};

enum sandbox_flag {		/* none: as much as the kernel has */
	SANDBOX_REQUIRED = 1,	/* all of it, or nothing */
	SANDBOX_OFF = 2,	/* nothing: for debuggers */
	SANDBOX_QUIET = 4	/* no line on stderr, unless it is for SANDBOX_REQUIRED */
};

struct sandbox {
	const char *who;	/* for the lines on stderr */
	unsigned int flags;
	const struct sandbox_call *calls;
	size_t count;		/* of calls */
	uint16_t port;		/* to connect to; 0 for none */
	unsigned long files;	/* numbers of descriptors, at most; 0: none is opened any more */
};

/*
 * Shut the process in.  Call it before there are threads: only the calling
 * one and those that it starts are held.
 *
 * Returns: false if something is missing that is SANDBOX_REQUIRED
 */
bool sandbox_enter(const struct sandbox *sandbox)
	__attribute__((nonnull, warn_unused_result));

#endif
