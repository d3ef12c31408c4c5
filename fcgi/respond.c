/* Requests from the web server; see respond.h. */
#include "respond.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "record.h"
#include "wipe.h"

#define LISTEN_FD	0
#define HEAD_MAX	2048	/* bytes of our header section */
#define CHUNK		65536	/* bytes read at once when the length is unknown */
#define BACKOFF_MS	10	/* after an accept that failed */
#define COMPLAINT_MS	10000	/* between two log lines about that */

/* Its frame is not to be part of one that waits for the model. */
#define BESIDE		__attribute__((noinline))

/* A request's parameters and streams, of either kind. */
struct stream {
	const char *(*param)(const struct stream *stream, const char *name);
	size_t (*read)(const struct stream *stream, char *to, size_t len);
	void (*close)(const struct stream *stream);	/* nothing is read any more */
	bool (*write)(const struct stream *stream, const struct text *parts,
		      int count);
	FCGX_Request *request;	/* NULL in a CGI program */
};

_Static_assert(1 + ANSWER_PARTS <= RECORD_PARTS, "header and answer");

struct responder {
	const struct server *server;
	FCGX_Request request;
};

/*
 * Room for the bytes that were announced and one more, for the read that finds
 * the end; at most max bytes in all.
 */
static enum oyster_err make_room(struct buf *body, size_t announced)
{
	size_t want = body->len <= announced ? announced - body->len + 1 : CHUNK;

	if (want > body->max - body->len)
		want = body->max - body->len;
	return buf_reserve(body, want);
}

/* Read to the end, so that the web server can send all it has. */
static BESIDE void drain(const struct stream *stream, struct digest *digest)
{
	char scratch[4096];
	size_t got;

	while ((got = stream->read(stream, scratch, sizeof(scratch))) > 0)
		digest_add(digest, (struct text){ scratch, got });
}

/* Fill what room there is; false at the end of the body. */
static bool read_some(const struct stream *stream, struct buf *body,
		      struct digest *digest)
{
	size_t room = body->cap < body->max ? body->cap : body->max;
	char *to = body->data + body->len;
	size_t got = stream->read(stream, to, room - body->len);

	digest_add(digest, (struct text){ to, got });
	body->len += got;
	return got > 0;
}

/*
 * Read the body, whole, and its digest, also of one that is too large.  A
 * body of exactly body->max bytes is followed by one more read, which must
 * find the end.
 */
static enum oyster_err read_body(const struct stream *stream, struct buf *body,
				 struct digest *digest)
{
	const char *length = stream->param(stream, "CONTENT_LENGTH");
	size_t announced = length ? strtoul(length, NULL, 10) : 0;
	enum oyster_err err = OYSTER_OK;
	char more;

	if (announced > body->max)
		err = OYSTER_ETOOBIG;
	while (!err && body->len < body->max) {
		err = make_room(body, announced);
		if (err || !read_some(stream, body, digest))
			break;
	}
	if (!err && body->len == body->max && stream->read(stream, &more, 1) > 0) {
		digest_add(digest, (struct text){ &more, 1 });
		err = OYSTER_ETOOBIG;
	}
	if (!err && body->len < announced)
		err = OYSTER_ESHORT;
	if (err)
		drain(stream, digest);
	return err;
}

/* All that is needed of the stream while the model is waited for. */
static BESIDE void read_call(const struct stream *stream, struct call *call)
{
	struct digest digest;

	digest_init(&digest);
	call->err = read_body(stream, &call->body, &digest);
	stream->close(stream);
	digest_final(&digest, call->digest);
}

static size_t put_receipt(char *to, size_t size,
			  const struct signer_signed *made)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * sizeof(made->receipt) + 1];
	size_t i;
	int len;

	for (i = 0; i < sizeof(made->receipt); i++) {
		hex[2 * i] = digits[made->receipt[i] >> 4];
		hex[2 * i + 1] = digits[made->receipt[i] & 0xf];
	}
	hex[2 * i] = '\0';
	len = snprintf(to, size, "x-oyster-timestamp: %llu\r\n"
		       "x-oyster-signature: %s\r\n",
		       (unsigned long long)made->seconds, hex);
	return (size_t)len;
}

static size_t put_exchange(char *to, size_t size,
			   const struct exchange_fields *fields)
{
	int len = snprintf(to, size,
			   "content-digest: %s\r\n"
			   "x-oyster-request-digest: %s\r\n"
			   "signature-input: %s\r\n"
			   "signature: %s\r\n",
			   fields->content_digest, fields->request_digest,
			   fields->input, fields->signature);

	return (size_t)len;
}

/* CGI's header section (RFC 3875, section 6.3): constants and numbers only. */
static size_t put_head(char head[static HEAD_MAX], const struct answer *answer)
{
	int len = snprintf(head, HEAD_MAX,
			   "Status: %d\r\n"
			   "content-type: %s\r\n"
			   "content-length: %zu\r\n"
			   "cache-control: no-store\r\n"
			   "%s%s%s"
			   "%s",
			   answer->status, answer->type, answer_len(answer),
			   answer->allow ? "allow: " : "",
			   answer->allow ? answer->allow : "",
			   answer->allow ? "\r\n" : "",
			   answer->retry ? "retry-after: 1\r\n" : "");
	size_t done = (size_t)len;

	if (answer->made && answer->made->has_receipt)
		done += put_receipt(head + done, HEAD_MAX - done, answer->made);
	if (answer->made)
		done += put_exchange(head + done, HEAD_MAX - done,
				     &answer->made->fields);
	head[done++] = '\r';
	head[done++] = '\n';
	return done;
}

static bool write_answer(const struct stream *stream,
			 const struct answer *answer)
{
	struct text parts[1 + ANSWER_PARTS];
	char head[HEAD_MAX];
	int count = answer->is_head ? 0 : answer->parts;

	parts[0] = (struct text){ head, put_head(head, answer) };
	memcpy(parts + 1, answer->part, (size_t)count * sizeof(parts[0]));
	return stream->write(stream, parts, 1 + count);
}

static BESIDE bool sign_and_write(const struct server *server,
				  const struct stream *stream,
				  struct answer *answer,
				  const struct call *call)
{
	struct signer_signed made;

	serve_sign(server, answer, call, &made);
	return write_answer(stream, answer);
}

static const char *param(const struct stream *stream, const char *name)
{
	const char *value = stream->param(stream, name);

	return value ? value : "";
}

static bool answer(const struct server *server, const struct stream *stream,
		   int client)
{
	struct call call = {
		.method = param(stream, "REQUEST_METHOD"),
		.target = param(stream, "REQUEST_URI"),
		.body = BUF_INIT((size_t)server->config->max_body),
		.nonce = stream->param(stream, "HTTP_X_OYSTER_NONCE"),
		.content_digest = stream->param(stream, "HTTP_CONTENT_DIGEST"),
		.client = client,
		.deadline = relay_now() + server->config->timeout * 1000,
	};
	struct answer done;
	bool ok;

	read_call(stream, &call);
	ok = serve(server, &done, &call);
	if (ok)
		ok = sign_and_write(server, stream, &done, &call);
	else
		stream->write(stream, NULL, 0);	/* the end alone */
	answer_clear(&done);
	buf_clear(&call.body);
	return ok;
}

/* REQUEST_URI is no part of CGI, but every server gives it; else there are these. */
static const char *cgi_target(void)
{
	const char *target = getenv("REQUEST_URI");

	if (!target)
		target = getenv("PATH_INFO");
	if (!target || !*target)
		target = getenv("SCRIPT_NAME");
	return target;
}

static const char *cgi_param(const struct stream *stream, const char *name)
{
	(void)stream;
	return strcmp(name, "REQUEST_URI") ? getenv(name) : cgi_target();
}

/* A CGI program must not read more than CONTENT_LENGTH (RFC 3875, 4.2). */
static size_t cgi_read(const struct stream *stream, char *to, size_t len)
{
	static size_t taken;
	const char *length = stream->param(stream, "CONTENT_LENGTH");
	size_t left = (length ? strtoul(length, NULL, 10) : 0) - taken;
	ssize_t got;

	if (len > left)
		len = left;
	do
		got = len ? read(STDIN_FILENO, to, len) : 0;
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return 0;
	taken += (size_t)got;
	return (size_t)got;
}

static void cgi_close(const struct stream *stream)
{
	(void)stream;
}

/* stdio would first ask what standard output is: fence.c has no call for that. */
static bool put_out(struct text part)
{
	ssize_t put;

	for (; part.len > 0; part.len -= (size_t)put) {
		do
			put = write(STDOUT_FILENO, part.at, part.len);
		while (put < 0 && errno == EINTR);
		if (put < 0)
			return false;
		part.at += put;
	}
	return true;
}

static bool cgi_write(const struct stream *stream, const struct text *parts,
		      int count)
{
	bool ok = true;

	(void)stream;
	for (; ok && count > 0; parts++, count--)
		ok = put_out(*parts);
	return ok;
}

/* The second of two with the same name: X_a and X-a are one for CGI. */
static bool is_twice(char *const *envp, const char *name)
{
	size_t len = strlen(name);
	int count = 0;

	for (; *envp; envp++)
		count += !strncmp(*envp, name, len) && (*envp)[len] == '=';
	return count > 1;
}

/* What is there twice is no value that anything accepts. */
static const char *fcgi_param(const struct stream *stream, const char *name)
{
	if (is_twice(stream->request->envp, name))
		return "";
	return FCGX_GetParam(name, stream->request->envp);
}

static size_t fcgi_read(const struct stream *stream, char *to, size_t len)
{
	int max = len < CHUNK ? (int)len : CHUNK;
	int got = FCGX_GetStr(to, max, stream->request->in);

	return got > 0 ? (size_t)got : 0;
}

/* 17 KB, which a request that waits for the model has no use for. */
static void fcgi_close(const struct stream *stream)
{
	FCGX_FreeStream(&stream->request->in);
	FCGX_FreeStream(&stream->request->out);
	FCGX_FreeStream(&stream->request->err);
}

static bool fcgi_write(const struct stream *stream, const struct text *parts,
		       int count)
{
	return record_send(stream->request->ipcFd, stream->request->requestId,
			   parts, count);
}

bool respond_is_cgi(void)
{
	bool is_cgi = FCGX_IsCGI();

	signal(SIGPIPE, SIG_IGN);	/* libfcgi has put a handler there */
	return is_cgi;
}

bool respond_cgi(const struct server *server)
{
	const struct stream stream = { cgi_param, cgi_read, cgi_close, cgi_write, NULL };

	return answer(server, &stream, -1);
}

bool respond_init(void)
{
	if (FCGX_Init()) {
		log_line("descriptor 0 is not a FastCGI socket");
		return false;
	}
	return true;
}

void respond_stop(void)
{
	shutdown(LISTEN_FD, SHUT_RDWR);
}

struct responder *responder_new(const struct server *server)
{
	struct responder *responder = calloc(1, sizeof(*responder));

	if (!responder)
		return NULL;
	responder->server = server;
	FCGX_InitRequest(&responder->request, LISTEN_FD, 0);
	return responder;
}

/* Of an accept that failed: once in a while, since it will fail again. */
static void complain(int error)
{
	static _Atomic int64_t before = -COMPLAINT_MS;
	int64_t now = relay_now(), last = before;

	if (error != EMFILE && error != ENFILE && error != ENOMEM &&
	    error != ENOBUFS)
		return;		/* the other side is gone, or we are stopping */
	if (now - last >= COMPLAINT_MS &&
	    atomic_compare_exchange_strong(&before, &last, now))
		log_line("a request cannot be accepted: %s", strerror(error));
}

bool responder_accept(struct responder *responder)
{
	int code = FCGX_Accept_r(&responder->request);

	if (code == 0)
		return true;
	complain(-code);
	poll(NULL, 0, BACKOFF_MS);	/* not at once again */
	return false;
}

void responder_answer(struct responder *responder)
{
	const struct stream stream = { fcgi_param, fcgi_read, fcgi_close,
				       fcgi_write, &responder->request };

	answer(responder->server, &stream, responder->request.ipcFd);
	wipe_stack();
	/* Detached, libfcgi does not wait up to 2 s for the other side to close. */
	FCGX_Detach(&responder->request);
	FCGX_Free(&responder->request, 1);	/* its end is written already */
}

void responder_free(struct responder *responder)
{
	if (!responder)
		return;
	FCGX_Free(&responder->request, 1);
	free(responder);
}
