/* The responder's start, where the system or a library refuses something. */
#include <signal.h>

#include "tests/unit/faults.h"
#include "tests/unit/started.h"

int responder_main(int argc, char **argv);
#define main responder_main
#include "fcgi/main.c"	/* its parts are static */
#undef main

FAULT(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAULT(int, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d))
FAULT(int, setrlimit, (int resource, const struct rlimit *limit), (resource, limit))
FAULT(int, getrlimit, (int resource, struct rlimit *limit), (resource, limit))
FAULT(int, sched_setscheduler, (pid_t pid, int policy, const struct sched_param *param), (pid, policy, param))
FAULT(pid_t, getppid, (void), ())
FAULT(CURLcode, curl_global_init, (long flags), (flags))
FAULT(struct relay *, relay_new, (const char *upstream, long max), (upstream, max))
FAULT(bool, respond_is_cgi, (void), ())
FAULT(bool, respond_init, (void), ())
FAULT(bool, respond_cgi, (const struct server *server), (server))
FAULT(bool, fence_close, (const struct config *config, const struct signer *signer, unsigned int flags), (config, signer, flags))
FAULT(struct pool *, pool_start, (const struct server *server, long threads), (server, threads))
FAULT(struct responder *, responder_new, (const struct server *server), (server))
FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(int, pthread_attr_init, (pthread_attr_t *attr), (attr))
FAULT(void *, mmap, (void *at, size_t len, int prot, int flags, int fd, off_t from), (at, len, prot, flags, fd, from))
FAULT(int, mprotect, (void *at, size_t len, int prot), (at, len, prot))
FAULT(int, pthread_attr_setstack, (pthread_attr_t *attr, void *at, size_t len), (attr, at, len))
FAULT(struct vocabulary *, vocabulary_new, (struct relay *relay), (relay))
FAULT(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attr, void *work(void *), void *arg),
      (thread, attr, work, arg))

static const struct config config = { .key_file = KEY, .upstream = "http://127.0.0.1:1", .threads = 1, .max_inflight = 1,
				      .max_token = CONFIG_ASK, .sandbox = SANDBOX_QUIET };

static int fill_without_any(void *arg)
{
	(void)arg;
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	fill_descriptors();
	return fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0 ? 0 : 1;
}

static int fill_without_null(void *arg)
{
	(void)arg;
	fault_set("open", 1, EMFILE, -1);
	fill_descriptors();
	return fault_came() ? 0 : 1;
}

static void the_first_three_descriptors_are_never_free(void)
{
	CHECK(run_child(fill_without_any, NULL).status == 0);
	CHECK(run_child(fill_without_null, NULL).status == 0);
}

static int limit_with(void *name)
{
	fault_set(name, 1, EPERM, -1);
	set_limits();
	set_scheduling();
	return fault_came() ? 0 : 1;
}

static void a_limit_that_is_refused_is_said(void)
{
	static const struct {
		char name[24];
		const char *says;
	} rows[] = {
#ifndef OYSTER_SANITIZED
		{ "prctl", "oyster-responder: PR_SET_DUMPABLE: Operation not permitted\n" },
#endif
		{ "setrlimit", "oyster-responder: RLIMIT_CORE: Operation not permitted\n" },
		{ "getrlimit", "" },
		{ "sched_setscheduler", "oyster-responder: SCHED_BATCH: Operation not permitted\n" },
	};
	struct child child;
	char name[24];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memcpy(name, rows[i].name, sizeof(name));
		child = run_child(limit_with, name);
		CHECK_ROW(child.status == 0, name);
		CHECK_ROW(!strcmp(child.said, rows[i].says), child.said);
	}
}

static int follow_one_that_is_gone(void *ends)
{
	if (ends)
		setenv("OYSTER_FOLLOW_PARENT", "1", 1);
	else
		unsetenv("OYSTER_FOLLOW_PARENT");
	signal(SIGTERM, SIG_DFL);
	fault_set("getppid", 2, 0, 1);
	follow_parent();
	return 7;
}

static void a_responder_whose_server_is_gone_at_once_ends(void)
{
	char ends[] = "";

	CHECK(run_child(follow_one_that_is_gone, ends).status == -1);
	CHECK(run_child(follow_one_that_is_gone, NULL).status == 7);
}

static const char *fails;	/* a function, at its first call */
static long with;		/* what it returns */

static int serve_with(void *is_fastcgi)
{
	struct config own = config;
	int code;

	fault_set(fails, 1, ENOMEM, with);
	if (is_fastcgi)
		fault_also("respond_is_cgi", 1, 0, false);
	code = serve_web(&own);
	if (!fault_came() || code != EXIT_FAILURE)
		return 1;
	return waitpid(-1, NULL, WNOHANG) < 0 ? 0 : 2;	/* no signer is left */
}

static void what_cannot_serve_ends(void)
{
	static const struct {
		const char *name;
		long result;
		const char *says;
	} rows[] = {
		{ "curl_global_init", CURLE_FAILED_INIT, "oyster-responder: no memory for libcurl\n" },
		{ "relay_new", 0, "oyster-responder: no memory for libcurl\n" },
		{ "vocabulary_new", 0, "oyster-responder: no memory for vocabularies\n" },
		{ "fence_close", 0, "" },
		{ "respond_cgi", 0, "" },
		{ "respond_init", 0, "" },
		{ "fence_close", 0, "" },
		{ "pool_start", 0, "" },
	};
	const size_t programs = 5;	/* of a CGI program, the others of FastCGI */
	struct child child;
	char yes[] = "";
	size_t i;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	for (i = 0; i < COUNT(rows); i++) {
		fails = rows[i].name;
		with = rows[i].result;
		child = run_child(serve_with, i < programs ? NULL : yes);
		CHECK_ROW(child.status == 0, fails);
		CHECK_ROW(!strcmp(child.said, rows[i].says), child.said);
	}
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
}

/* All that are wanted then; lighttpd's limit is tried by t1440. */
static int fit_unknown(void *arg)
{
	struct config own = { .threads = 640, .max_inflight = 600 };

	(void)arg;
	fault_set("getrlimit", 1, EINVAL, -1);
	fit_files(&own);
	return fault_came() && own.threads == 640 && own.max_inflight == 600 ? 0 : 1;
}

static void a_limit_that_is_not_told_is_none(void)
{
	struct child child = run_child(fit_unknown, NULL);

	CHECK(child.status == 0 && !*child.said);
}

static int ask_health(void *name)
{
	fault_set(name, 1, ENOMEM, strcmp(name, "relay_new") ? CURLE_FAILED_INIT : 0);
	return health(&config) == EXIT_FAILURE && fault_came() ? 0 : 1;
}

static void health_that_cannot_be_asked_for_is_bad(void)
{
	char init[] = "curl_global_init", new[] = "relay_new";

	CHECK(run_child(ask_health, init).status == 0);
	CHECK(run_child(ask_health, new).status == 0);
}

/* With nobody on descriptor 0: a pool that stops shuts that down. */
static int start_pool(void *arg)
{
	static const struct server server = { .config = &config };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)arg;
	dup2(null, STDIN_FILENO);
	fault_set(fails, 1, ENOMEM, with);
	return !pool_start(&server, config.threads) && fault_came() ? 0 : 1;
}

static void a_pool_without_a_thread_is_none(void)
{
	static const struct {
		const char *name;
		long result;
		const char *says;
	} rows[] = {
		{ "calloc", 0, "oyster-responder: no memory for 1 threads\n" },
		{ "responder_new", 0, "oyster-responder: no memory for another thread\n" },
		{ "pthread_attr_init", ENOMEM, "oyster-responder: no memory for another thread\n" },
		{ "mmap", -1, "oyster-responder: no memory for another thread\n" },
		{ "mprotect", -1, "oyster-responder: no memory for another thread\n" },
		{ "pthread_attr_setstack", EINVAL, "oyster-responder: no memory for another thread\n" },
		{ "pthread_create", EAGAIN, "oyster-responder: no memory for another thread\n" },
	};
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fails = rows[i].name;
		with = rows[i].result;
		child = run_child(start_pool, NULL);
		CHECK_ROW(child.status == 0, fails);
		CHECK_ROW(!strcmp(child.said, rows[i].says), child.said);
	}
}

/* The first thread cannot be made; when the worker is called in again, it can. */
static int start_again(void *arg)
{
	static const struct server server = { .config = &config };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct pool *pool;

	(void)arg;
	dup2(null, STDIN_FILENO);
	fault_set("pthread_create", 1, EAGAIN, EAGAIN);
	pool = pool_start(&server, 2);
	if (!pool || !fault_came())
		return 1;
	pool_stop(pool);
	return 0;
}

static void a_thread_that_was_not_made_is_made_later(void)
{
	struct child child = run_child(start_again, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(!strcmp(child.said, "oyster-responder: no memory for another thread\n"), child.said);
}

int main(void)
{
	RUN(the_first_three_descriptors_are_never_free);
	RUN(a_limit_that_is_refused_is_said);
	RUN(a_responder_whose_server_is_gone_at_once_ends);
	RUN(what_cannot_serve_ends);
	RUN(a_limit_that_is_not_told_is_none);
	RUN(health_that_cannot_be_asked_for_is_bad);
	RUN(a_pool_without_a_thread_is_none);
	RUN(a_thread_that_was_not_made_is_made_later);
	return DONE();
}
