/*
 * oyster-responder: the FastCGI responder behind /api/generate.
 *
 * lighttpd starts it with its listening socket as descriptor 0.  Before it
 * makes a thread or reads a byte from anyone it forks the signer, which
 * alone sees the key.  When either of the two ends, so does the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <curl/curl.h>

#include "config.h"
#include "fence.h"
#include "keys/sandbox.h"
#include "keys/signer.h"
#include "launch.h"
#include "log.h"
#include "pool.h"
#include "relay.h"
#include "respond.h"
#include "serve.h"
#include "spare.h"

#define ARENAS		2		/* of malloc: one a core is plenty */
#define HEALTH_MS	5000		/* for our own /health */
#define HEALTH_MAX	65536		/* bytes of its reply */
#define LOOK_S		5		/* seconds between two looks after the upstream */

static int usage(void)
{
	fputs("usage: oyster-responder                        started by a web server: FastCGI or CGI\n"
	      "       oyster-responder --check [COMMAND ARG...]  try settings and key; become the COMMAND\n"
	      "       oyster-responder --health               ask /health on OYSTER_PORT\n", stderr);
	return EXIT_FAILURE;
}

/* What is opened later must not become standard input, output or error. */
static void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

/* Prompts must not get into core dumps; many clients need many descriptors. */
static void set_limits(void)
{
	static const struct rlimit none = { 0, 0 };
	struct rlimit files;

#ifndef OYSTER_SANITIZED	/* the leak checker must be able to look */
	if (prctl(PR_SET_DUMPABLE, 0))
		log_line("PR_SET_DUMPABLE: %s", strerror(errno));
#endif
	if (setrlimit(RLIMIT_CORE, &none))
		log_line("RLIMIT_CORE: %s", strerror(errno));
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	mallopt(M_ARENA_MAX, ARENAS);
	mallopt(M_MMAP_THRESHOLD, SPARE_LEAST);	/* given back when freed */
}

/*
 * Threads and signer wake each other all the time.  As a batch job the woken
 * one does not interrupt who woke it: 6 to 12 % less processor time an answer.
 */
static void set_scheduling(void)
{
	static const struct sched_param none = { 0 };

	if (sched_setscheduler(0, SCHED_BATCH, &none))
		log_line("SCHED_BATCH: %s", strerror(errno));
}

/* A server that dies without a word must not leave us behind. */
static void follow_parent(void)
{
	pid_t parent = getppid();

	if (!getenv("OYSTER_FOLLOW_PARENT"))	/* the parent is not the server */
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
}

/*
 * Signals are waited for, never handled: blocked here, before libfcgi would
 * install handlers and before there are threads to inherit the mask.
 */
static void block_signals(sigset_t *signals)
{
	/* A signer that is stopped has not ended. */
	static const struct sigaction ended = { .sa_handler = SIG_DFL,
						.sa_flags = SA_NOCLDSTOP };

	sigaction(SIGCHLD, &ended, NULL);
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGUSR1);
	sigaddset(signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C is the server's: it lets requests finish, then ends us. */
	signal(SIGINT, SIG_IGN);
}

/* Returns: the signal; or -1 when the upstream's name is to be looked up again */
static int wait_for_end(const struct server *server, const sigset_t *signals)
{
	static const struct timespec while_it_lasts = { .tv_sec = LOOK_S };
	int signal;

	do
		signal = sigtimedwait(signals, NULL, &while_it_lasts);
	while (signal < 0 && !relay_is_lost(server->relay));
	return signal;
}

static int run_fastcgi(const struct server *server, const sigset_t *signals)
{
	struct pool *pool;
	int signal;

	if (!respond_init() ||
	    !fence_close(server->config, server->signer, server->config->sandbox))
		return EXIT_FAILURE;
	pool = pool_start(server, server->config->threads);
	if (!pool)
		return EXIT_FAILURE;

	signal = wait_for_end(server, signals);
	if (signal < 0)
		log_line("no connection to the model server: its name is looked up again");
	if (signal == SIGCHLD) {
		/* Nothing that is under way could be signed any more. */
		log_line("the signer has ended");
		_exit(EXIT_FAILURE);
	}
	pool_stop(pool);
	return EXIT_SUCCESS;
}

/* A CGI program answers once, and may be ended by a signal at any time. */
static int run_cgi(const struct server *server, const sigset_t *signals)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
	if (!fence_close(server->config, server->signer,
			 server->config->sandbox | SANDBOX_QUIET))
		return EXIT_FAILURE;
	return respond_cgi(server) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void fit_files(struct config *config)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files))
		config_fit(config, files.rlim_cur);
}

static int serve_web(struct config *config)
{
	struct server server = { .config = config };
	int code = EXIT_FAILURE;
	sigset_t signals;
	bool is_cgi;

	block_signals(&signals);
	follow_parent();
	set_scheduling();
	is_cgi = respond_is_cgi();
	if (!is_cgi)
		fit_files(config);
	server.signer = signer_start(config->key_file, config->sandbox |
				     (is_cgi ? SANDBOX_QUIET : 0));
	if (!server.signer)
		return code;
	if (!curl_global_init(CURL_GLOBAL_DEFAULT))
		server.relay = relay_new(config->upstream, config->max_inflight);
	if (!server.relay) {
		log_line("no memory for libcurl");
		goto out;
	}

	server.vocabulary = vocabulary_new(server.relay);
	if (!server.vocabulary) {
		log_line("no memory for vocabularies");
		goto out;
	}

	if (is_cgi)
		code = run_cgi(&server, &signals);
	else
		code = run_fastcgi(&server, &signals);
out:
	vocabulary_free(server.vocabulary);
	relay_free(server.relay);
	curl_global_cleanup();
	signer_free(server.signer);
	return code;
}

/* The key is tried by the process that would use it, also after a bad setting. */
static int check(const struct config *config, bool ok, char *const command[])
{
	struct signer *signer = NULL;

	if (*config->key_file)
		signer = signer_start(config->key_file, config->sandbox | SANDBOX_QUIET);
	ok = ok && signer;
	signer_free(signer);
	if (!ok)
		return EXIT_FAILURE;
	if (!command[0])
		return EXIT_SUCCESS;
	launch(config, command);
	return EXIT_FAILURE;
}

static int health(const struct config *config)
{
	struct buf reply = BUF_INIT(HEALTH_MAX);
	struct relay *relay = NULL;
	int code = EXIT_FAILURE;
	char server[64];
	long status = 0;

	snprintf(server, sizeof(server), "http://127.0.0.1:%ld", config->port);
	if (!curl_global_init(CURL_GLOBAL_DEFAULT))
		relay = relay_new(server, 1);
	log_mute(true);		/* the relay would speak of the model server */
	if (relay && !relay_get(relay, &status, &reply, "/health",
				relay_now() + HEALTH_MS)) {
		fwrite(reply.data, 1, reply.len, stdout);
		code = status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	log_mute(false);
	if (!status)
		log_line("no answer from %s/health", server);
	buf_clear(&reply);
	relay_free(relay);
	curl_global_cleanup();
	return code;
}

int main(int argc, char **argv)
{
	struct config config = { 0 };
	bool ok;

	fill_descriptors();
	set_limits();
	ok = config_read(&config);
	if (argc > 1 && !strcmp(argv[1], "--check"))
		return check(&config, ok, argv + 2);
	if (!ok)
		return EXIT_FAILURE;
	if (argc == 1)
		return serve_web(&config);
	if (!strcmp(argv[1], "--health") && argc == 2)
		return health(&config);
	return usage();
}
