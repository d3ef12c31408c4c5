/* A signer is started whole or not at all, whatever call fails on the way. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <secp256k1.h>

#include "tests/unit/faults.h"
#include "tests/unit/started.h"

FAULT(int, socketpair, (int domain, int type, int protocol, int *pair), (domain, type, protocol, pair))
FAULT(pid_t, fork, (void), ())
FAULT(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len), (fd, level, name, value, len))
FAULT(int, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d))
FAULT(pid_t, getppid, (void), ())
FAULT(int, dup2, (int from, int to), (from, to))
FAULT(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags))
FAULT(int, setrlimit, (int resource, const struct rlimit *limit), (resource, limit))
FAULT(secp256k1_context *, secp256k1_context_create, (unsigned flags), (flags))
FAULT(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* A process that ends in the middle has what is in here, and leaks nothing. */
static void *volatile kept;

void *__wrap_calloc(size_t count, size_t size)
{
	kept = fault_is_due("calloc") ? NULL : __real_calloc(count, size);
	return kept;
}

void __real_free(void *memory);
void __wrap_free(void *memory);

void __wrap_free(void *memory)
{
	if (memory == kept)
		kept = NULL;
	__real_free(memory);
}

static int mutexes;	/* that are in use */

int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	mutexes++;
	return __real_pthread_mutex_init(mutex, attributes);
}

int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	mutexes--;
	return __real_pthread_mutex_destroy(mutex);
}

static int armed;	/* how many faults wait for the child */

/* Whether there is no signer, no process of one, and nothing left of its memory. */
static int start_and_fail(void *path)
{
	struct signer *signer;

	fault_count = armed;
	signer = signer_start(path, SANDBOX_QUIET);
	fault_count = 0;
	if (signer) {
		signer_free(signer);
		return 2;
	}
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD && !kept && mutexes == 0 ? 0 : 1;
}

static struct child fail(const char *name, int turn, int error, long result)
{
	char path[] = KEY;
	struct child child;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	fault_set(name, turn, error, result);
	armed = fault_count;
	fault_count = 0;	/* not in this process */
	child = run_child(start_and_fail, path);
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
	return child;
}

static void what_fails_before_there_is_a_process_is_said(void)
{
	static const struct {
		const char *name;
		int turn, error;
		const char *says;
	} rows[] = {
		{ "calloc", 1, ENOMEM, ": signer: Cannot allocate memory\n" },
		{ "socketpair", 1, EMFILE, ": signer: Too many open files\n" },
		{ "fork", 1, EAGAIN, ": signer: Resource temporarily unavailable\n" },
		{ "setsockopt", 1, ENOBUFS, ": signer: No buffer space available\n" },
		{ "setsockopt", 2, ENOBUFS, ": signer: No buffer space available\n" },
	};
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		child = fail(rows[i].name, rows[i].turn, rows[i].error, strcmp(rows[i].name, "calloc") ? -1 : 0);
		CHECK_ROW(child.status == 0, rows[i].name);
		CHECK_ROW(strchr(child.said, ':') && !strcmp(strchr(child.said, ':'), rows[i].says), child.said);
	}
}

static void a_signer_that_is_not_shut_off_whole_ends_and_says_why(void)
{
	static const struct {
		const char *name;
		int turns;	/* every one of them fails once */
		const char *says;
	} rows[] = {
		{ "dup2", 3, "signer: descriptors" }, { "close_range", 1, "signer: descriptors" },
		{ "prctl", 4, "signer: " }, { "setrlimit", 1, "signer: process attributes" },
	};
	struct child child;
	size_t i;
	int turn;

	for (i = 0; i < COUNT(rows); i++)
		for (turn = 1; turn <= rows[i].turns; turn++) {
			child = fail(rows[i].name, turn, EPERM, -1);
			CHECK_ROW(child.status == 0, rows[i].name);
			CHECK_ROW(lines_with(child.said, "") == 1 && lines_with(child.said, rows[i].says) == 1 &&
				  lines_with(child.said, "Operation not permitted") == 1, child.said);
		}
}

static void a_signer_that_cannot_use_its_key_ends_and_says_so(void)
{
	struct child child = fail("secp256k1_context_create", 1, 0, 0);

	CHECK(child.status == 0);
	CHECK_ROW(strchr(child.said, ':') &&
		  !strcmp(strchr(child.said, ':'), ": signer: the key cannot be used\n"), child.said);
}

static void a_signer_whose_asker_is_gone_at_once_ends(void)
{
	struct child child = fail("getppid", 1, 0, 1);

	CHECK(child.status == 0 && !*child.said);
}

static int count_descriptors(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* As many descriptors as before, and the name that is looked for. */
static void nothing_is_left_of_it(void)
{
	char path[64], name[32] = "";
	struct signer *signer;
	int count = count_descriptors(), fd;

	signer = start();
	snprintf(path, sizeof(path), "/proc/%d/comm", signer_pid(signer));
	CHECK(signer_ping(signer));	/* it has its name by then */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_all(fd, name, sizeof(name));
	close(fd);
	CHECK_ROW(!strcmp(name, "oyster-signer\n"), name);
	CHECK(mutexes == 1);
	signer_free(signer);
	CHECK(mutexes == 0);
	CHECK(count_descriptors() == count);
}

static void an_interrupted_wait_is_taken_up_again(void)
{
	struct signer *signer = start();

	fault_set("waitpid", 1, EINTR, -1);
	signer_free(signer);
	CHECK(fault_came());
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void a_signer_that_somebody_else_waited_for_is_not_waited_for(void)
{
	struct signer *signer = start();
	pid_t pid = signer_pid(signer);

	CHECK(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	signer_free(signer);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

int main(void)
{
	RUN(what_fails_before_there_is_a_process_is_said);
	RUN(a_signer_that_is_not_shut_off_whole_ends_and_says_why);
	RUN(a_signer_that_cannot_use_its_key_ends_and_says_so);
	RUN(a_signer_whose_asker_is_gone_at_once_ends);
	RUN(nothing_is_left_of_it);
	RUN(an_interrupted_wait_is_taken_up_again);
	RUN(a_signer_that_somebody_else_waited_for_is_not_waited_for);
	return DONE();
}
