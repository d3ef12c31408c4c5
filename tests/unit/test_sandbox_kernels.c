/*
 * What the sandbox asks of each kernel there is, and of those to come.  The
 * kernel is this test; test_sandbox.c has the real one, and
 * test_faults_sandbox.c what is said when a call fails.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <seccomp.h>

#include "keys/sandbox.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define LINE	"oyster-responder: sandbox of the test: "
#define ALL_OF_IT LINE "seccomp, Landlock (ABI 7), no_new_privs, no cores\n"
#define REFUSED	LINE "required, so nothing is started\n"

/* The kernel: its Landlock (0 for none), and the descriptor that is next. */
static int abi, next;
static unsigned long most_files;

static bool asked;	/* the calls are the sandbox's, and go no further */
static char calls[2048];	/* what they were */

static __attribute__((format(printf, 1, 2)))
void note(const char *format, ...)
{
	size_t len = strlen(calls);
	va_list args;

	va_start(args, format);
	vsnprintf(calls + len, sizeof(calls) - len, format, args);
	va_end(args);
}

int __wrap_prctl(int option, long a, long b, long c, long d);
int __wrap_prctl(int option, long a, long b, long c, long d)
{
	if (option == PR_SET_NO_NEW_PRIVS)
		note("no_new_privs %ld %ld %ld %ld\n", a, b, c, d);
	else
		note("%s %ld\n", option == PR_SET_DUMPABLE ? "dumpable" : "?", a);
	return 0;
}

int __wrap_getrlimit(int resource, struct rlimit *limit);
int __wrap_getrlimit(int resource, struct rlimit *limit)
{
	limit->rlim_cur = resource == RLIMIT_NOFILE ? 7 : 9;
	limit->rlim_max = most_files;
	return 0;
}

int __wrap_setrlimit(int resource, const struct rlimit *limit);
int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
	note("%s %lu %lu\n", resource == RLIMIT_CORE ? "core" : resource == RLIMIT_NOFILE ? "files" : "?",
	     (unsigned long)limit->rlim_cur, (unsigned long)limit->rlim_max);
	return 0;
}

static long create(const uint64_t *rights, long size, unsigned flags)
{
	if (!rights && size == 0 && flags == LANDLOCK_CREATE_RULESET_VERSION) {
		errno = EOPNOTSUPP;
		return abi > 0 ? abi : -1;
	}
	note("ruleset %llx %llx %llx", (unsigned long long)rights[0],
	     (unsigned long long)rights[1], (unsigned long long)rights[2]);
	note(size == 24 && flags == 0 ? "\n" : " ?\n");
	return next;
}

long __wrap_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d)
{
	const uint64_t *rule = (const uint64_t *)c;

	if (number == SYS_landlock_create_ruleset)
		return create((const uint64_t *)a, b, (unsigned)c);
	if (number == SYS_landlock_add_rule)
		note("rule %d: %d, %llx %llu, %d\n", (int)a, (int)b, (unsigned long long)rule[0],
		     (unsigned long long)rule[1], (int)d);
	else if (number == SYS_landlock_restrict_self)
		note("restrict %d, %d\n", (int)a, (int)b);
	else
		note("call %ld\n", number);
	return 0;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (!asked)
		return __real_close(fd);
	note("close %d\n", fd);
	return 0;
}

int __wrap_seccomp_load(const scmp_filter_ctx filter);
int __wrap_seccomp_load(const scmp_filter_ctx filter)
{
	note(filter ? "filter\n" : "no filter\n");
	return 0;
}

void __real_seccomp_release(scmp_filter_ctx filter);
void __wrap_seccomp_release(scmp_filter_ctx filter);
void __wrap_seccomp_release(scmp_filter_ctx filter)
{
	note("release\n");
	__real_seccomp_release(filter);
}

static const struct sandbox_call list[] = {
	{ "no such call", { { 0 } }, 0 }, { "read", { { 0, SANDBOX_INT, 0 } }, 0 }, { "exit_group", { { 0 } }, 0 },
};

static struct sandbox box;

/* The calls of the one before are forgotten, and all is there again. */
static void begin(unsigned flags)
{
	box = (struct sandbox){ .who = "test", .flags = flags, .calls = list, .count = COUNT(list),
				.port = 11434, .files = 64 };
	abi = 7;
	next = 5;
	most_files = 4096;
}

static int enter(void *unused)
{
	bool ok;

	(void)unused;
	asked = true;
	ok = sandbox_enter(&box);
	asked = false;
	dprintf(STDERR_FILENO, "--\n%s", calls);
	return ok ? 0 : 1;
}

/* Whether it is entered or refused, says a text and then makes these calls. */
static bool enters(int status, const char *says, const char *makes)
{
	struct child child = run_child(enter, NULL);
	const char *made = strstr(child.said, "--\n");
	bool ok = child.status == status && made && !strncmp(child.said, says, strlen(says)) &&
		  made == child.said + strlen(says) && (!makes || !strcmp(made + 3, makes));

	if (!ok)
		printf("# %d: %s", child.status, child.said);
	return ok;
}

static void off_it_asks_for_nothing(void)
{
	static const unsigned loud[] = { 0, SANDBOX_REQUIRED, SANDBOX_REQUIRED | SANDBOX_QUIET };
	size_t i;

	for (i = 0; i < COUNT(loud); i++) {
		begin(SANDBOX_OFF | loud[i]);
		CHECK(enters(0, LINE "off\n", ""));
	}
	begin(SANDBOX_OFF | SANDBOX_QUIET);
	CHECK(enters(0, "", ""));
}

#ifdef OYSTER_SANITIZED
static void a_build_with_sanitizers_has_none(void)
{
	begin(0);
	CHECK(enters(0, LINE "none in a build with sanitizers\n", ""));
	begin(SANDBOX_QUIET);
	CHECK(enters(0, "", ""));
	begin(SANDBOX_REQUIRED);
	CHECK(enters(1, LINE "none in a build with sanitizers\n" REFUSED, ""));
}
#else

#define BEFORE	"no_new_privs 1 0 0 0\ndumpable 0\ncore 0 0\n"
#define AFTER	"files 64 64\nfilter\nrelease\n"

/* The rights of its time, as the kernel's manual has them: all are taken. */
static void each_kernel_is_asked_for_all_that_it_has(void)
{
	static const struct {
		int abi;
		const char *rights;
	} rows[] = {
		{ 1, "1fff 0 0" }, { 2, "3fff 0 0" }, { 3, "7fff 0 0" }, { 4, "7fff 3 0" }, { 5, "ffff 3 0" },
		{ 6, "ffff 3 1" }, { 7, "ffff 3 1" }, { 8, "ffff 3 1" }, { 9, "ffff 3 1" }, { 100, "ffff 3 1" },
	};
	char says[200], makes[300];
	int i, has_port;

	for (i = 0; i < 2 * (int)COUNT(rows); i++) {
		begin(SANDBOX_REQUIRED);
		abi = rows[i / 2].abi;
		box.port = i % 2 ? 11434 : 0;
		has_port = abi >= 4 && box.port;
		snprintf(says, sizeof(says), LINE "seccomp, Landlock (ABI %d), no_new_privs, no cores\n", abi);
		if (box.port && !has_port)
			snprintf(says, sizeof(says), LINE "no Landlock for ports (Linux 6.7): Function not implemented\n" REFUSED);
		snprintf(makes, sizeof(makes), BEFORE "ruleset %s\n%srestrict 5, 0\nclose 5\n" AFTER, rows[i / 2].rights,
			 has_port ? "rule 5: 2, 2 11434, 0\n" : "");
		CHECK_ROW(enters(box.port && !has_port, says, makes), rows[i / 2].rights);
	}
}

static void the_first_descriptor_is_as_good_as_any(void)
{
	begin(0);
	next = 0;
	CHECK(enters(0, ALL_OF_IT, BEFORE "ruleset ffff 3 1\nrule 0: 2, 2 11434, 0\nrestrict 0, 0\nclose 0\n" AFTER));
}

static void no_limit_is_raised(void)
{
	begin(SANDBOX_QUIET);
	most_files = 10;
	CHECK(enters(0, "", BEFORE "ruleset ffff 3 1\nrule 5: 2, 2 11434, 0\nrestrict 5, 0\nclose 5\n"
		     "files 10 10\nfilter\nrelease\n"));
}

static void when_all_is_there_one_line_says_so(void)
{
	begin(0);
	CHECK(enters(0, ALL_OF_IT, NULL));
	begin(SANDBOX_REQUIRED);
	CHECK(enters(0, ALL_OF_IT, NULL));
	begin(SANDBOX_QUIET);
	CHECK(enters(0, "", NULL));
	begin(SANDBOX_QUIET | SANDBOX_REQUIRED);
	CHECK(enters(0, "", NULL));
}

static void without_one_the_rest_is_asked_for(void)
{
	begin(SANDBOX_REQUIRED);
	abi = 0;
	CHECK(enters(1, LINE "no Landlock: Operation not supported\n" REFUSED, BEFORE AFTER));
}

static void a_line_has_room_for_who_says_it(void)
{
	char who[93] = "", says[300];

	begin(0);
	memset(who, 'w', sizeof(who) - 1);
	box.who = who;
	snprintf(says, sizeof(says), "oyster-responder: sandbox of the %s: "
		 "seccomp, Landlock (ABI 7), no_new_privs, no cores\n", who);
	CHECK(enters(0, says, NULL));
}

#endif

int main(void)
{
	RUN(off_it_asks_for_nothing);
#ifdef OYSTER_SANITIZED
	RUN(a_build_with_sanitizers_has_none);
#else
	RUN(each_kernel_is_asked_for_all_that_it_has);
	RUN(the_first_descriptor_is_as_good_as_any);
	RUN(no_limit_is_raised);
	RUN(when_all_is_there_one_line_says_so);
	RUN(without_one_the_rest_is_asked_for);
	RUN(a_line_has_room_for_who_says_it);
#endif
	return DONE();
}
