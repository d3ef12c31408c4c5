/*
 * A process that has shut itself in: what the kernel still lets it do.  Each
 * attempt is a process of its own; test_sandbox_kernels.c has other kernels.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "keys/sandbox.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#ifdef OYSTER_SANITIZED
int main(void)
{
	(void)tap_bad;
	return SKIP_ALL("none in a build with sanitizers");
}
#else

#define KILLED	(-SIGSYS)
#define PORT	9	/* where nobody listens */
#define X32	0x40000000	/* numbers of another kind of programs */

/* The last one is not counted. */
static const struct sandbox_call list[] = {
	{ "exit_group", { { 0 } }, 0 },
	{ "no such call", { { 0 } }, 0 },
	{ "read", { { 0 } }, 0 },
	{ "openat", { { 0 } }, 0 },
	{ "getpriority", { { 0 } }, EXDEV },
	{ "lseek", { { 0, SANDBOX_INT, 3 }, { 1, 0xf0, 0x20 }, { 2, SANDBOX_INT, SEEK_CUR } }, 0 },
	{ "lseek", { { 1, SANDBOX_INT, 7 } }, EDOM },
	{ "getrlimit", { { 0 } }, 0 }, { "prlimit64", { { 0 } }, 0 }, { "prctl", { { 0 } }, 0 },
	{ "socket", { { 0 } }, 0 }, { "connect", { { 0 } }, 0 },
	{ "getppid", { { 0 } }, 0 },
};

static struct sandbox box;

static void begin(void)
{
	box = (struct sandbox){ .who = "test", .flags = SANDBOX_REQUIRED | SANDBOX_QUIET, .calls = list,
				.count = COUNT(list) - 1, .port = PORT, .files = 64 };
}

/* What becomes of a call inside: 0, its errno, or a signal below 0. */
static int inside(long act(const long *arg), const long *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!sandbox_enter(&box))
			_exit(255);
		errno = 0;
		_exit(act(arg) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 255;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static long make(const long *arg)
{
	return syscall(arg[0], arg[1], arg[2], arg[3]);
}

static void calls_of_the_list_are_made_and_no_others(void)
{
	static const struct {
		const char *name;
		long arg[4];
		int end;
	} rows[] = {
		{ "read", { SYS_read, -1, 0, 0 }, EBADF },
		{ "openat", { SYS_openat, -1, (long)"", 0 }, ENOENT },
		{ "what only fails", { SYS_getpriority, 0, 0, 0 }, EXDEV },
		{ "what is not counted", { SYS_getppid, 0, 0, 0 }, KILLED },
		{ "what is not in it", { SYS_write, 1, 0, 0 }, KILLED },
		{ "a number that is none", { -1, 0, 0, 0 }, KILLED },
		{ "all three held", { SYS_lseek, 3, 0x2f, SEEK_CUR }, EBADF },
		{ "bits that are not held", { SYS_lseek, 3, 0x1f020, SEEK_CUR }, EBADF },
		{ "a wide argument", { SYS_lseek, 0x700000003, 0x20, SEEK_CUR }, EBADF },
		{ "not the first", { SYS_lseek, 2, 0x20, SEEK_CUR }, KILLED },
		{ "not the second", { SYS_lseek, 3, 0x30, SEEK_CUR }, KILLED },
		{ "not the third", { SYS_lseek, 3, 0x20, SEEK_SET }, KILLED },
		{ "the other row of a name", { SYS_lseek, 2, 7, SEEK_SET }, EDOM },
#ifdef __x86_64__
		{ "of other programs", { SYS_read + X32, -1, 0, 0 }, KILLED },
#endif
	};
	size_t i;

	begin();
	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(inside(make, rows[i].arg) == rows[i].end, rows[i].name);
}

static long open_path(const long *arg)
{
	return open((const char *)arg[0], (int)arg[1]);
}

static void no_path_is_opened(void)
{
	static const long rows[][2] = {
		{ (long)"/", O_RDONLY }, { (long)".", O_RDONLY }, { (long)"/dev/null", O_RDWR },
		{ (long)"/etc/passwd", O_RDONLY }, { (long)"/proc/self/mem", O_RDONLY },
	};
	size_t i;

	begin();
	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(inside(open_path, rows[i]) == EACCES, (const char *)rows[i][0]);
	box.files = 0;	/* not even a number for it */
	CHECK(inside(open_path, rows[0]) == EMFILE);
}

static long dial(const long *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&to, sizeof(to));
}

static void one_port_is_connected_to_or_none(void)
{
	static const long port = PORT, other = PORT + 1;

	begin();
	CHECK(inside(dial, &port) == ECONNREFUSED);
	CHECK(inside(dial, &other) == EACCES);
	box.port = 0;
	CHECK(inside(dial, &port) == EACCES);
}

static long is_shut_off(const long *most)
{
	struct rlimit core, files;

	if (getrlimit(RLIMIT_CORE, &core) || getrlimit(RLIMIT_NOFILE, &files))
		return -1;
	errno = E2BIG;
	return prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 &&
	       core.rlim_cur == 0 && core.rlim_max == 0 &&
	       files.rlim_cur == (rlim_t)*most && files.rlim_max == (rlim_t)*most ? 0 : -1;
}

static void it_leaves_no_core_gains_nothing_and_has_few_descriptors(void)
{
	static const long most = 64, none = 0;

	begin();
	CHECK(inside(is_shut_off, &most) == 0);
	box.files = 0;
	CHECK(inside(is_shut_off, &none) == 0);
}

/* Without required, it is as much as there is. */
static void off_nothing_is_held(void)
{
	static const long call[4] = { SYS_getppid, 0, 0, 0 };

	begin();
	box.flags = SANDBOX_OFF | SANDBOX_QUIET;
	CHECK(inside(make, call) == 0);
}

static int enter(void *unused)
{
	(void)unused;
	begin();
	return sandbox_enter(&box) ? 0 : 1;
}

int main(void)
{
	struct child child = run_child(enter, NULL);

	if (child.status == 1 && !getenv("CI")) {	/* where it must be there */
		child.said[strcspn(child.said, "\n")] = '\0';
		return SKIP_ALL(child.said);
	}
	RUN(calls_of_the_list_are_made_and_no_others);
	RUN(no_path_is_opened);
	RUN(one_port_is_connected_to_or_none);
	RUN(it_leaves_no_core_gains_nothing_and_has_few_descriptors);
	RUN(off_nothing_is_held);
	return DONE();
}
#endif
