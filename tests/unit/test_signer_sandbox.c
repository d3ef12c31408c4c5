/*
 * What the signer can still do once it has shut itself in: each attempt is
 * made by a signer of its own, in the place of answering.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/unit/faults.h"
#include "tests/unit/started.h"

#define KILLED	(-SIGSYS)
#define SOCKET	3	/* the one that it is asked on */
#define LACKING	200	/* no whole sandbox here */

static long call[7] = { -1 };	/* what is attempted; -1: nothing */
static bool refuses;	/* the sandbox, in the attempt's place */
static bool looks;	/* whether it is shut off by itself, before the sandbox */
static int ended;	/* how the signer did */

/* In the signer. */
bool __real_sandbox_enter(const struct sandbox *sandbox);
bool __wrap_sandbox_enter(const struct sandbox *sandbox);
bool __wrap_sandbox_enter(const struct sandbox *sandbox)
{
	if (refuses)
		return false;
	if (looks)
		_exit(prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ? 42 : 43);
	if (!__real_sandbox_enter(sandbox))
		_exit(LACKING);
	if (call[0] < 0)
		return true;
	errno = 0;
	_exit(syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]) < 0 ? errno : 0);
}

/* In the process that asks. */
pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	int mine;

	pid = __real_waitpid(pid, &mine, options);
	ended = WIFSIGNALED(mine) ? -WTERMSIG(mine) : WEXITSTATUS(mine);
	if (status)
		*status = mine;
	return pid;
}

static bool starts(unsigned flags)
{
	struct signer *signer;
	bool ok;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	signer = signer_start(KEY, flags);
	ok = signer && signer_ping(signer);
	signer_free(signer);
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
	return ok;
}

/* 0, an errno, or a signal below 0. */
static int attempt(const long *arg)
{
	memcpy(call, arg, sizeof(call));
	ended = LACKING;
	CHECK(!starts(SANDBOX_QUIET | SANDBOX_REQUIRED));
	call[0] = -1;
	return ended;
}

static void it_is_asked_answers_complains_and_ends(void)
{
	static struct timespec now_is;
	static const struct msghdr nothing;
	static const struct {
		const char *name;
		long arg[7];
		int end;
	} rows[] = {
		{ "recvfrom", { SYS_recvfrom, SOCKET, 0, 1 }, EFAULT },	/* into nowhere */
		{ "sendmsg", { SYS_sendmsg, SOCKET, (long)&nothing, MSG_NOSIGNAL }, 0 },
		{ "write", { SYS_write, STDERR_FILENO, (long)"", 0 }, 0 },
		{ "clock_gettime", { SYS_clock_gettime, CLOCK_REALTIME, (long)&now_is }, 0 },
		{ "brk", { SYS_brk, 0 }, 0 },
		{ "munmap", { SYS_munmap, 0, 4096 }, 0 },
		{ "exit_group", { SYS_exit_group, 77 }, 77 },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(attempt(rows[i].arg) == rows[i].end, rows[i].name);
}

static void it_does_nothing_else(void)
{
	static const struct {
		const char *name;
		long arg[7];
	} rows[] = {
		{ "recvfrom elsewhere", { SYS_recvfrom, STDIN_FILENO } }, { "recvfrom of what follows", { SYS_recvfrom, SOCKET + 1 } },
		{ "sendmsg elsewhere", { SYS_sendmsg, STDERR_FILENO } }, { "sendto", { SYS_sendto, SOCKET } },
		{ "write to the socket", { SYS_write, SOCKET } }, { "write to standard output", { SYS_write, STDOUT_FILENO } },
		{ "read", { SYS_read, SOCKET } }, { "openat", { SYS_openat, -100, (long)"/dev/null" } },
		{ "socket", { SYS_socket, AF_INET, SOCK_STREAM } }, { "mmap", { SYS_mmap, 0, 4096 } },
		{ "mprotect", { SYS_mprotect, 0, 4096 } }, { "clone", { SYS_clone, SIGCHLD } },
		{ "execve", { SYS_execve } }, { "kill", { SYS_kill, 0, 0 } }, { "getpid", { SYS_getpid } },
		{ "exit of a thread", { SYS_exit } }, { "ptrace", { SYS_ptrace } }, { "ioctl", { SYS_ioctl, STDERR_FILENO } },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(attempt(rows[i].arg) == KILLED, rows[i].name);
}

static void shut_in_it_answers(void)
{
	CHECK(starts(SANDBOX_QUIET | SANDBOX_REQUIRED));
}

static int start_loud(void *flags)
{
	return starts(*(unsigned *)flags) ? 0 : 1;
}

/* What it is told by who starts it, and by which name it goes. */
static void it_says_what_is_in_force(void)
{
	unsigned on = 0, quiet = SANDBOX_QUIET, off = SANDBOX_OFF;
	struct child child = run_child(start_loud, &on);

	CHECK(child.status == 0 && lines_with(child.said, "oyster-responder: sandbox of the signer: seccomp, ") == 1);
	child = run_child(start_loud, &off);
	CHECK(child.status == 0 && lines_with(child.said, "oyster-responder: sandbox of the signer: off") == 1);
	child = run_child(start_loud, &quiet);
	CHECK(child.status == 0 && !strstr(child.said, "sandbox"));
}

static void one_that_cannot_be_shut_in_is_none(void)
{
	refuses = true;
	CHECK(!starts(SANDBOX_QUIET | SANDBOX_REQUIRED));
	CHECK(ended == EXIT_FAILURE);
	refuses = false;
}

static void without_a_sandbox_it_is_shut_off_all_the_same(void)
{
	looks = true;
	CHECK(!starts(SANDBOX_OFF | SANDBOX_QUIET));
	CHECK(ended == 42);
	looks = false;
}

/* A whole sandbox, which a build with sanitizers has not.  CI must have one. */
static bool has_sandbox(void)
{
#ifdef OYSTER_SANITIZED
	return false;
#else
	static const long nothing[7] = { SYS_exit_group, 1 };

	return attempt(nothing) == 1 || getenv("CI");
#endif
}

int main(void)
{
	RUN(one_that_cannot_be_shut_in_is_none);
	RUN(without_a_sandbox_it_is_shut_off_all_the_same);
	if (!has_sandbox())
		return puts("# no whole sandbox here"), DONE();
	RUN(shut_in_it_answers);
	RUN(it_is_asked_answers_complains_and_ends);
	RUN(it_does_nothing_else);
	RUN(it_says_what_is_in_force);
	return DONE();
}
