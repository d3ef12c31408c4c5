/*
 * dialed.h - the service called as the web server calls it, with a signer of
 * the test key and a model server whose port nobody listens on.
 */
#ifndef OYSTER_DIALED_H
#define OYSTER_DIALED_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "fcgi/serve.h"
#include "tests/unit/child.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define KEY	"key"
#define GOOD	"{\"model\":\"llama3.2\",\"prompt\":\"Why?\"}"

static const struct config config = { .max_token = 2147483647, .max_reply = 65536 };
static char upstream[64];
static int upstream_socket;	/* has the port, so that nobody else gets it */
static struct server server = { .config = &config };
static struct ecdsa *ecdsa;

static inline void set_up(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	char scratch[32];
	int back = enter_scratch(scratch);

	ecdsa = ecdsa_new(test_secret());
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	server.signer = signer_start(KEY, SANDBOX_QUIET);
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));

	upstream_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(upstream_socket, (struct sockaddr *)&at, len) &&
	      !getsockname(upstream_socket, (struct sockaddr *)&at, &len));
	snprintf(upstream, sizeof(upstream), "http://127.0.0.1:%d", ntohs(at.sin_port));
	server.relay = relay_new(upstream, 10);
	if (!ecdsa || !server.signer || !server.relay) {
		fputs("Bail out! no server\n", stdout);
		exit(EXIT_FAILURE);
	}
}

static inline void tear_down(void)
{
	relay_free(server.relay);
	signer_free(server.signer);
	ecdsa_free(ecdsa);
	close(upstream_socket);
}

/* A call as the web server hands it over; to be released with hang_up. */
static inline struct call dial(const char *method, const char *target, const char *body)
{
	struct call call = { .method = method, .target = target, .client = -1,
			     .deadline = relay_now() + 10000 };

	call.body.max = strlen(body) + 1;
	CHECK(!buf_puts(&call.body, body));
	sha256(call.digest, body, strlen(body));
	return call;
}

static inline size_t join(char *body, size_t size, const struct answer *answer)
{
	size_t len = 0;
	int i;

	for (i = 0; i < answer->parts && len + answer->part[i].len < size; i++) {
		memcpy(body + len, answer->part[i].at, answer->part[i].len);
		len += answer->part[i].len;
	}
	body[len] = '\0';
	return len;
}

/* What must be true of an answer, but for its headers and its signature. */
struct want {
	int status;
	const char *body;
	const char *path;	/* that is signed; NULL: unsigned */
	const char *nonce;	/* that is signed, or NULL */
};

static inline bool is_signed_for(const struct answer *answer, const struct call *call, const struct want *want)
{
	bool is_head = !strcmp(call->method, "HEAD");
	struct exchange exchange = { .status = (unsigned)want->status };

	snprintf(exchange.method, sizeof(exchange.method), "%s", call->method);
	snprintf(exchange.path, sizeof(exchange.path), "%s", want->path);
	snprintf(exchange.nonce, sizeof(exchange.nonce), "%s", want->nonce ? want->nonce : "");
	memcpy(exchange.request_digest, call->digest, sizeof(call->digest));
	sha256(exchange.content_digest, want->body, is_head ? 0 : strlen(want->body));
	return answer->made && answer->is_head == is_head && !answer->made->has_receipt &&
	       tells_exchange(ecdsa, &answer->made->fields, &exchange, answer->made->seconds);
}

/* Serve a call, and let go of it. */
static inline void check_answer(struct call *call, struct want want)
{
	uint64_t before = now();
	struct signer_signed made;
	struct answer answer;
	char body[1024];

	CHECK_ROW(serve(&server, &answer, call), call->target);
	serve_sign(&server, &answer, call, &made);
	join(body, sizeof(body), &answer);
	CHECK_ROW(answer.status == want.status, call->target);
	CHECK_ROW(!strcmp(body, want.body), body);
	CHECK_ROW(!strcmp(answer.type, "application/json; charset=utf-8"), answer.type);
	if (want.path) {
		CHECK_ROW(is_signed_for(&answer, call, &want), body);
		CHECK_ROW(answer.made && answer.made->seconds >= before && answer.made->seconds <= now(), body);
	} else {
		CHECK_ROW(!answer.made, body);
	}
	CHECK_ROW((answer.allow != NULL) == (want.status == 405), call->target);
	answer_clear(&answer);
	buf_clear(&call->body);
}

#endif
