/* A kernel that lacks something, or has less of it: what is said, and whether the program goes on. */
#include <seccomp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "keys/sandbox.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(int, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d))
FAULT(int, setrlimit, (int resource, const struct rlimit *limit), (resource, limit))
FAULT(int, getrlimit, (int resource, struct rlimit *limit), (resource, limit))
FAULT(long, syscall, (long number, const void *a, size_t b, const void *c, long d), (number, a, b, c, d))
FAULT(scmp_filter_ctx, seccomp_init, (uint32_t action), (action))
FAULT(int, seccomp_attr_set, (scmp_filter_ctx filter, enum scmp_filter_attr name, uint32_t value), (filter, name, value))
FAULT(int, seccomp_rule_add_array, (scmp_filter_ctx filter, uint32_t action, int call, unsigned count, const struct scmp_arg_cmp *held),
      (filter, action, call, count, held))
FAULT(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))

int __real_seccomp_load(scmp_filter_ctx filter);
int __wrap_seccomp_load(scmp_filter_ctx filter);

static int loads;	/* filters that are in force */

/* What is tried here would not survive it; t1430 has the real one. */
int __wrap_seccomp_load(scmp_filter_ctx filter)
{
	(void)filter;
	if (fault_is_due("seccomp_load"))
		return (int)fault_result;
	loads++;
	return 0;
}

#define PREFIX	"oyster-responder: sandbox of the test: "

static const struct sandbox_call calls[] = {
	{ "read", { { 0 } }, 0 },
	{ "a call of no machine", { { 0 } }, 0 },
	{ "write", { { 0, SANDBOX_INT, 2 } }, 0 },
	{ "openat", { { 0 } }, EACCES },
};

static unsigned int flags;
static uint16_t port;
static int armed;	/* how many faults wait for the child */

#define ENTERED	0	/* exit status: shut in, as far as it goes */
#define LOADED	1	/* besides, there is a filter */
#define REFUSED	2
#define MISSED	4	/* not all that was to fail was called */

static int enter(void *arg)
{
	const struct sandbox sandbox = { .who = "test", .flags = flags, .calls = calls, .count = COUNT(calls), .port = port, .files = 64 };
	int status;

	(void)arg;
	fault_count = armed;
	status = sandbox_enter(&sandbox) ? ENTERED : REFUSED;
	return status | (loads > 0 ? LOADED : 0) | (fault_came() ? 0 : MISSED);
}

static struct child entered(unsigned int mode)
{
	struct child child;

	flags = mode;
	armed = fault_count;
	fault_count = 0;	/* not in this process */
	child = run_child(enter, NULL);
	armed = 0;
	return child;
}

static void off_is_off(void)
{
	struct child child = entered(SANDBOX_OFF);

	CHECK(child.status == ENTERED);
	CHECK_ROW(!strcmp(child.said, PREFIX "off\n"), child.said);
	child = entered(SANDBOX_OFF | SANDBOX_QUIET);
	CHECK(child.status == ENTERED && !*child.said);
}

#ifndef OYSTER_SANITIZED	/* there is no sandbox */

/* A line, though it takes a second attempt; the last of them may be lost. */
static void an_interrupted_line_is_written(void)
{
	struct child child;

	fault_set("write", 1, EINTR, -1);
	child = entered(SANDBOX_OFF);
	CHECK(child.status == ENTERED);
	CHECK_ROW(!strcmp(child.said, PREFIX "off\n"), child.said);
	fault_set("write", 1, EIO, -1);
	child = entered(SANDBOX_OFF);
	CHECK(child.status == ENTERED && !*child.said);
}

/* This kernel is held to all of it where CI runs; elsewhere it may have less. */
static bool has_all(void)
{
	return entered(SANDBOX_REQUIRED | SANDBOX_QUIET).status == (ENTERED | LOADED);
}

static const struct {
	const char *name;
	int turn, error;
	long result;
	const char *lacks;
	int loaded;	/* whether there is a filter all the same */
} rows[] = {
	{ "prctl", 1, EPERM, -1, "no no_new_privs: Operation not permitted", LOADED },
	{ "prctl", 2, EPERM, -1, "no PR_SET_DUMPABLE: Operation not permitted", LOADED },
	{ "setrlimit", 1, EPERM, -1, "no RLIMIT_CORE: Operation not permitted", LOADED },
	{ "syscall", 1, ENOSYS, -1, "no Landlock: Function not implemented", LOADED },
	{ "syscall", 1, EOPNOTSUPP, -1, "no Landlock: Operation not supported", LOADED },
	{ "syscall", 2, ENOMEM, -1, "no Landlock: Cannot allocate memory", LOADED },
	{ "syscall", 3, EINVAL, -1, "no Landlock: Invalid argument", LOADED },
	{ "syscall", 4, EPERM, -1, "no Landlock: Operation not permitted", LOADED },
	{ "syscall", 1, 0, 3, "no Landlock for ports (Linux 6.7): Function not implemented", LOADED },
	{ "getrlimit", 1, EINVAL, -1, "no RLIMIT_NOFILE: Invalid argument", LOADED },
	{ "setrlimit", 2, EPERM, -1, "no RLIMIT_NOFILE: Operation not permitted", LOADED },
	{ "seccomp_init", 1, ENOMEM, 0, "no seccomp: Cannot allocate memory", 0 },
	{ "seccomp_init", 1, 0, 0, "no seccomp: Cannot allocate memory", 0 },	/* it need not say why */
	{ "seccomp_attr_set", 1, 0, -EINVAL, "no seccomp: Invalid argument", 0 },
	{ "seccomp_attr_set", 2, 0, -EOPNOTSUPP, "no seccomp: Operation not supported", 0 },
	{ "seccomp_rule_add_array", 1, 0, -ENOMEM, "no seccomp: Cannot allocate memory", 0 },
	{ "seccomp_rule_add_array", 3, 0, -EFAULT, "no seccomp: Bad address", 0 },
	{ "seccomp_load", 1, 0, -ECANCELED, "no seccomp: Operation canceled", 0 },
};

static void what_is_missing_is_said_and_the_rest_is_done(void)
{
	char said[160];
	struct child child;
	size_t i;

	port = 11434;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(said, sizeof(said), PREFIX "%s\n", rows[i].lacks);
		fault_set(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = entered(0);
		CHECK_ROW(child.status == (ENTERED | rows[i].loaded), rows[i].lacks);
		CHECK_ROW(!strcmp(child.said, said), child.said);
		fault_set(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = entered(SANDBOX_QUIET);
		CHECK_ROW(child.status == (ENTERED | rows[i].loaded), rows[i].lacks);
		CHECK_ROW(!*child.said, child.said);
	}
}

static void required_it_refuses(void)
{
	char said[240];
	struct child child;
	size_t i;

	port = 11434;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(said, sizeof(said), PREFIX "%s\n" PREFIX "required, so nothing is started\n", rows[i].lacks);
		fault_set(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = entered(SANDBOX_REQUIRED | SANDBOX_QUIET);
		CHECK_ROW(child.status == (REFUSED | rows[i].loaded), rows[i].lacks);
		CHECK_ROW(!strcmp(child.said, said), child.said);
	}
}

/* Which connects to nobody misses no ports; older kernels than these may hold more. */
static void each_version_of_landlock_is_enough_without_a_port(void)
{
	char abi[4], said[160];
	struct child child;
	long version;

	port = 0;
	for (version = 1; version <= 7; version++) {
		snprintf(abi, sizeof(abi), "%ld", version);
		snprintf(said, sizeof(said), PREFIX "seccomp, Landlock (ABI %s), no_new_privs, no cores\n", abi);
		fault_set("syscall", 1, 0, version);
		child = entered(0);
		CHECK_ROW(child.status == (ENTERED | LOADED), abi);
		CHECK_ROW(!strcmp(child.said, said), child.said);
	}
	fault_set("syscall", 1, 0, 99);	/* of the future: as far as is known */
	child = entered(SANDBOX_REQUIRED);
	CHECK(child.status == (ENTERED | LOADED));
	CHECK_ROW(!strcmp(child.said, PREFIX "seccomp, Landlock (ABI 99), no_new_privs, no cores\n"), child.said);
}

/* What was allowed before is not raised by it. */
static int enter_with_few(void *arg)
{
	struct rlimit few = { 16, 16 }, now;
	int status;

	if (setrlimit(RLIMIT_NOFILE, &few))
		return 100;
	status = enter(arg);
	return getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur != 16 || now.rlim_max != 16 ? 101 : status;
}

static void fewer_descriptors_stay_fewer(void)
{
	struct child child;

	port = 0;
	flags = SANDBOX_REQUIRED;
	child = run_child(enter_with_few, NULL);
	CHECK(child.status == (ENTERED | LOADED));
}

int main(void)
{
	RUN(off_is_off);
	if (!has_all() && !getenv("CI"))
		return SKIP_ALL("this kernel has not all of it");
	RUN(an_interrupted_line_is_written);
	RUN(what_is_missing_is_said_and_the_rest_is_done);
	RUN(required_it_refuses);
	RUN(each_version_of_landlock_is_enough_without_a_port);
	RUN(fewer_descriptors_stay_fewer);
	return DONE();
}

#else

int main(void)
{
	RUN(off_is_off);
	return DONE();
}

#endif
