/*
 * The asking end of the signer: fork, ask, and notice its death;
 * see signer.h.
 */
#include "signer.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ecdsa.h"
#include "oracle.h"
#include "secret.h"
#include "wire.h"

_Static_assert((int)SIGNER_STRINGS == RECEIPT_STRINGS, "one receipt");

#define CHILD_FD	3	/* the signer's socket; it keeps no other but stderr */

struct signer {
	pthread_mutex_t turn;	/* held from a question to its answer */
	int socket;
	pid_t pid;
	uint8_t public_key[ECDSA_PUBLIC_LEN];
	uint8_t address[ECDSA_ADDRESS_LEN];
};

/* Nothing in this process but the key, a socket and stderr. */
static void shed(int socket)
{
	static const struct rlimit none = { 0, 0 };
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	/* Only the end of the stream ends a signer: requests may still wait. */
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);

	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(socket, CHILD_FD) < 0 ||
	    close_range(CHILD_FD + 1, ~0U, 0))
		err(EXIT_FAILURE, "signer: descriptors");
	if (prctl(PR_SET_NAME, "oyster-signer") ||
	    prctl(PR_SET_DUMPABLE, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    setrlimit(RLIMIT_CORE, &none))
		err(EXIT_FAILURE, "signer: process attributes");
}

/* Even a signer that hangs must not outlive the process that asks. */
static void follow(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		err(EXIT_FAILURE, "signer: PR_SET_PDEATHSIG");
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/* What it takes to answer questions, and to end. */
static bool shut_in(unsigned int flags)
{
	static const struct sandbox_call calls[] = {
		/* questions, answers, and what is wrong with them */
		{ "recvfrom", { { 0, SANDBOX_INT, CHILD_FD } }, 0 },
		{ "sendmsg", { { 0, SANDBOX_INT, CHILD_FD } }, 0 },
		{ "write", { { 0, SANDBOX_INT, STDERR_FILENO } }, 0 },
		/* the time, where it cannot be read without a call */
		{ "clock_gettime", { { 0 } }, 0 },
		/* memory that is given back: malloc's, and the key's page */
		{ "brk", { { 0 } }, 0 },
		{ "munmap", { { 0 } }, 0 },
		{ "exit_group", { { 0 } }, 0 },
	};
	const struct sandbox sandbox = {
		.who = "signer", .flags = flags,
		.calls = calls, .count = sizeof(calls) / sizeof(calls[0]),
	};

	return sandbox_enter(&sandbox);
}

/* All that wants more than the sandbox allows comes first. */
static bool answer(const uint8_t *secret, unsigned int sandbox)
{
	struct ecdsa *ecdsa = ecdsa_new(secret);
	bool ok = ecdsa;

	if (!ok)
		warnx("signer: the key cannot be used");
	ok = ok && shut_in(sandbox) && oracle_serve(CHILD_FD, ecdsa);
	ecdsa_free(ecdsa);
	return ok;
}

struct order {
	const char *key_file;
	unsigned int sandbox;
};

static void serve(const void *arg)
{
	const struct order *order = arg;
	const uint8_t *secret = secret_read(order->key_file);
	bool ok = secret && answer(secret, order->sandbox);

	secret_free(secret);
	_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}

static _Noreturn void child(int socket, const struct order *order)
{
	shed(socket);
	secret_run(serve, order);
}

/* A signer that hangs or dies must not hold a request for ever. */
static bool set_patience(int socket)
{
	static const struct timeval patience = { .tv_sec = SIGNER_PATIENCE };

	return !setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience,
			   sizeof(patience)) &&
	       !setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience,
			   sizeof(patience));
}

static bool ask(struct signer *signer, struct iovec *question, int parts,
		void *answer, size_t len)
{
	bool ok;

	pthread_mutex_lock(&signer->turn);
	ok = wire_send(signer->socket, question, parts) &&
	     wire_receive(signer->socket, answer, len);
	if (!ok)	/* the stream may be out of step: never use it again */
		kill(signer->pid, SIGKILL);
	pthread_mutex_unlock(&signer->turn);
	return ok;
}

static bool ask_public(struct signer *signer, uint8_t *public_key)
{
	struct oracle_question question = { .what = ORACLE_PUBLIC };
	struct iovec part = { &question, sizeof(question) };

	return ask(signer, &part, 1, public_key, ECDSA_PUBLIC_LEN);
}

struct signer *signer_start(const char *key_file, unsigned int sandbox)
{
	struct signer *signer = calloc(1, sizeof(*signer));
	const struct order order = { key_file, sandbox };
	pid_t parent = getpid();
	int pair[2];

	if (!signer || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		warn("signer");
		free(signer);
		return NULL;
	}
	pthread_mutex_init(&signer->turn, NULL);
	signer->socket = pair[0];
	signer->pid = fork();
	if (signer->pid == 0) {
		follow(parent);
		child(pair[1], &order);
	}
	close(pair[1]);

	if (signer->pid < 0 || !set_patience(signer->socket)) {
		warn("signer");
		signer_free(signer);
		return NULL;
	}
	if (!ask_public(signer, signer->public_key)) {
		signer_free(signer);	/* the child has said why */
		return NULL;
	}
	ecdsa_address(signer->address, signer->public_key);
	return signer;
}

pid_t signer_pid(const struct signer *signer)
{
	return signer->pid;
}

const uint8_t *signer_public(const struct signer *signer)
{
	return signer->public_key;
}

const uint8_t *signer_address(const struct signer *signer)
{
	return signer->address;
}

bool signer_ping(struct signer *signer)
{
	uint8_t public_key[ECDSA_PUBLIC_LEN];

	return ask_public(signer, public_key);
}

bool signer_sign(struct signer *signer, struct signer_signed *out,
		 const struct exchange *exchange,
		 const struct signer_string *strings)
{
	struct oracle_question question = { .what = ORACLE_EXCHANGE,
					    .exchange = *exchange };
	struct iovec parts[1 + SIGNER_STRINGS] = { { &question, sizeof(question) } };
	struct oracle_answer answer;
	int i, count = 1;

	if (!exchange_valid(exchange))
		return false;
	if (strings) {
		question.what = ORACLE_BOTH;
		for (i = 0; i < SIGNER_STRINGS; i++) {
			question.len[i] = strings[i].len;
			parts[count].iov_base = (void *)(uintptr_t)strings[i].at;
			parts[count++].iov_len = strings[i].len;
		}
	}
	if (!ask(signer, parts, count, &answer, sizeof(answer)))
		return false;

	out->seconds = answer.seconds;
	out->has_receipt = strings;
	memcpy(out->receipt, answer.receipt, sizeof(out->receipt));
	exchange_fields(&out->fields, exchange, answer.seconds, signer->address,
			answer.exchange);
	return true;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	close(signer->socket);
	if (signer->pid > 0) {
		/* No question is open; one that hangs would not see the end. */
		kill(signer->pid, SIGKILL);
		while (waitpid(signer->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	pthread_mutex_destroy(&signer->turn);
	free(signer);
}
