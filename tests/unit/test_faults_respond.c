/*
 * What reaches the service of a request, whatever the web server said of its
 * length, and what reaches the client when a call fails.
 */
#include <fcgiapp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fcgi/relay.h"
#include "fcgi/respond.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define BODY_MAX	100	/* bytes */
#define SAYS		"{\"said\":1}"

FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(ssize_t, read, (int fd, void *bytes, size_t len), (fd, bytes, len))
FAULT(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
FAULT(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags), (socket, message, flags))
FAULT(int, FCGX_Init, (void), ())
FAULT(int, FCGX_Accept_r, (FCGX_Request *request), (request))
FAULT(enum oyster_err, buf_reserve, (struct buf *buf, size_t len), (buf, len))

/* Milliseconds that the monotonic clock is ahead. */
static int64_t ahead;

int64_t __real_relay_now(void);
int64_t __wrap_relay_now(void);

int64_t __wrap_relay_now(void)
{
	return __real_relay_now() + ahead;
}

/* What the service was called with. */
static struct {
	int times;
	enum oyster_err err;
	char body[BODY_MAX + 1], method[32], target[32], nonce[32];
	size_t len;
	uint8_t digest[DIGEST_LEN];
} got;

bool __wrap_serve(const struct server *server, struct answer *answer, struct call *call);

bool __wrap_serve(const struct server *server, struct answer *answer, struct call *call)
{
	(void)server;
	got.times++;
	got.err = call->err;
	got.len = call->body.len;
	if (call->body.len <= BODY_MAX && call->body.len > 0)
		memcpy(got.body, call->body.data, call->body.len);
	memcpy(got.digest, call->digest, sizeof(got.digest));
	snprintf(got.method, sizeof(got.method), "%s", call->method);
	snprintf(got.target, sizeof(got.target), "%s", call->target);
	snprintf(got.nonce, sizeof(got.nonce), "%s", call->nonce ? call->nonce : "none");
	answer_init(answer);
	answer_puts(answer, SAYS);
	return !fault_is_due("serve");
}

static const struct config config = { .max_body = BODY_MAX, .timeout = 5 };
static const struct server server = { .config = &config };

/* --- FastCGI, with the web server's end in the same process --- */

static char *put_record(char *at, int type, const char *content, size_t len)
{
	const char head[8] = { 1, (char)type, 0, 1, (char)(len >> 8), (char)len, 0, 0 };

	at = mempcpy(at, head, sizeof(head));
	return len ? mempcpy(at, content, len) : at;
}

static char *put_param(char *at, const char *name, const char *value)
{
	*at++ = (char)strlen(name);
	*at++ = (char)strlen(value);
	at = mempcpy(at, name, strlen(name));
	return mempcpy(at, value, strlen(value));
}

/* A request; params are names and values in turn, and a NULL. */
static size_t put_request(char *to, const char *const *params, const char *body, size_t len)
{
	static const char begin[8] = { 0, 1 };	/* a responder's, not kept */
	char list[512], *end = list;
	char *at = put_record(to, 1, begin, sizeof(begin));

	for (; *params; params += 2)
		end = put_param(end, params[0], params[1]);
	at = put_record(at, 4, list, (size_t)(end - list));
	at = put_record(at, 4, NULL, 0);
	if (len > 7) {
		at = put_record(at, 5, body, 7);
		body += 7;
		len -= 7;
	}
	if (len > 0)
		at = put_record(at, 5, body, len);
	return (size_t)(put_record(at, 5, NULL, 0) - to);
}

/* Descriptor 0 becomes a socket that listens; returns who is connected to it. */
static int connect_to_us(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listens = socket(AF_UNIX, SOCK_STREAM, 0), web = socket(AF_UNIX, SOCK_STREAM, 0);
	static int count;

	/* A name that nobody else has, and no file (unix(7)). */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "oyster-unit-%d-%d", getpid(), count++);
	if (bind(listens, (struct sockaddr *)&address, sizeof(address)) || listen(listens, 1) ||
	    connect(web, (struct sockaddr *)&address, sizeof(address)) || dup2(listens, 0))
		abort();
	close(listens);
	return web;
}

/* Have a request answered; whether the answer is the service's. */
static bool answered(const char *const *params, const char *body, size_t len)
{
	char request[2048], reply[2048];
	size_t size = put_request(request, params, body, len), done = 0;
	struct responder *responder;
	int web = connect_to_us();
	ssize_t some;
	bool ok;

	memset(&got, 0, sizeof(got));
	if (write(web, request, size) != (ssize_t)size || !respond_init())
		abort();
	responder = responder_new(&server);
	ok = responder && responder_accept(responder);
	if (ok)
		responder_answer(responder);
	responder_free(responder);
	while ((some = recv(web, reply + done, sizeof(reply) - done, 0)) > 0)
		done += (size_t)some;
	close(web);
	return ok && memmem(reply, done, SAYS, strlen(SAYS)) && memmem(reply, done, "content-length: 10\r\n", 20);
}

static void fill(char *body, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		body[i] = (char)('a' + i % 26);
}

/* Whether the service saw that body, with that error, and the digest of all of it. */
static bool saw(const char *body, size_t len, enum oyster_err err)
{
	uint8_t digest[DIGEST_LEN];

	sha256(digest, body, len);
	return got.times == 1 && got.err == err && !memcmp(digest, got.digest, sizeof(digest)) &&
	       (err || (got.len == len && !memcmp(got.body, body, len)));
}

static int take_bodies(void *arg)
{
	static const struct {
		const char *length;	/* NULL: not said */
		size_t len;
		enum oyster_err err;
	} rows[] = {
		{ NULL, 0, OYSTER_OK }, { NULL, 1, OYSTER_OK }, { NULL, 2, OYSTER_OK }, { NULL, 20, OYSTER_OK },
		{ NULL, 99, OYSTER_OK }, { NULL, 100, OYSTER_OK }, { NULL, 101, OYSTER_ETOOBIG },
		{ NULL, 300, OYSTER_ETOOBIG }, { "0", 0, OYSTER_OK }, { "50", 50, OYSTER_OK }, { "50", 49, OYSTER_ESHORT },
		{ "50", 0, OYSTER_ESHORT }, { "50", 60, OYSTER_OK }, { "100", 100, OYSTER_OK }, { "100", 101, OYSTER_ETOOBIG },
		{ "101", 101, OYSTER_ETOOBIG }, { "101", 5, OYSTER_ETOOBIG }, { "x", 5, OYSTER_OK },
		{ "99999999999999999999999", 5, OYSTER_ETOOBIG },
	};
	const char *params[] = { "REQUEST_METHOD", "POST", "REQUEST_URI", "/x", "CONTENT_LENGTH", "", NULL };
	char body[300];
	size_t i;

	(void)arg;
	fill(body, sizeof(body));
	for (i = 0; i < COUNT(rows); i++) {
		params[4] = rows[i].length ? "CONTENT_LENGTH" : NULL;
		params[5] = rows[i].length;
		if (!answered(params, body, rows[i].len) || !saw(body, rows[i].len, rows[i].err) ||
		    strcmp(got.method, "POST") || strcmp(got.target, "/x") || strcmp(got.nonce, "none"))
			return 1 + (int)i;
	}
	params[4] = NULL;
	fault_set("buf_reserve", 2, ENOMEM, OYSTER_ENOMEM);
	if (!answered(params, body, 50) || !fault_came() || !saw(body, 50, OYSTER_ENOMEM))
		return 100;
	return 0;
}

static void a_body_is_taken_whole_or_not_and_its_digest_is_of_all_of_it(void)
{
	CHECK(run_child(take_bodies, NULL).status == 0);
}

static int take_names(void *arg)
{
	const char *const twice[] = { "HTTP_X_OYSTER_NONCE", "a", "HTTP_X_OYSTER_NONCE", "b", NULL };
	const char *const longer[] = { "HTTP_X_OYSTER_NONCES", "a", "HTTP_X_OYSTER_NONCE", "b", NULL };
	const char *const none[] = { "HTTP_HOST", "a", NULL };

	(void)arg;
	if (!answered(twice, NULL, 0) || strcmp(got.nonce, ""))
		return 1;
	if (!answered(longer, NULL, 0) || strcmp(got.nonce, "b"))
		return 2;
	if (!answered(none, NULL, 0) || strcmp(got.nonce, "none") || *got.method || *got.target)
		return 3;
	return 0;
}

static int send_answers(void *arg)
{
	const char *const none[] = { "HTTP_HOST", "a", NULL };

	(void)arg;
	fault_set("sendmsg", 1, EINTR, -1);
	if (!answered(none, NULL, 0) || !fault_came())
		return 1;
	fault_set("sendmsg", 1, EPIPE, -1);
	return !answered(none, NULL, 0) && fault_came() ? 0 : 2;
}

static void a_signal_does_not_cut_an_answer(void)
{
	CHECK(run_child(send_answers, NULL).status == 0);
}

static void what_is_there_twice_is_no_value(void)
{
	CHECK(run_child(take_names, NULL).status == 0);
}

static int fail_to_start(void *arg)
{
	struct responder *responder;
	int web = connect_to_us();

	(void)arg;
	fault_set("FCGX_Init", 1, 0, 1);
	if (respond_init() || !fault_came() || !respond_init())
		return 1;
	fault_set("calloc", 1, ENOMEM, 0);
	if (responder_new(&server) || !fault_came())
		return 2;
	responder = responder_new(&server);
	fault_set("FCGX_Accept_r", 1, EMFILE, -1);
	if (!responder || responder_accept(responder) || !fault_came())
		return 3;
	responder_free(responder);
	responder_free(NULL);
	close(web);
	return 0;
}

static void what_cannot_be_started_is_told(void)
{
	struct child child = run_child(fail_to_start, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(!strcmp(child.said, "oyster-responder: descriptor 0 is not a FastCGI socket\n"), child.said);
}

static bool is_refused(struct responder *responder, int error)
{
	fault_set("FCGX_Accept_r", 1, error, -error);
	return !responder_accept(responder) && fault_came();
}

static int fail_to_accept(void *arg)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS };
	struct responder *responder = responder_new(&server);
	size_t i;

	(void)arg;
	for (i = 0; i < COUNT(errors); i++) {
		if (!responder || !is_refused(responder, ECONNABORTED) || !is_refused(responder, errors[i]))
			return 1;
		ahead += 8000;
		if (!is_refused(responder, errors[i]))	/* still the same */
			return 2;
		ahead += 2000;
	}
	responder_free(responder);
	return 0;
}

static void what_cannot_be_accepted_is_said_every_ten_seconds(void)
{
	struct child child = run_child(fail_to_accept, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(!strcmp(child.said, "oyster-responder: a request cannot be accepted: Too many open files\n"
				      "oyster-responder: a request cannot be accepted: Too many open files in system\n"
				      "oyster-responder: a request cannot be accepted: Cannot allocate memory\n"
				      "oyster-responder: a request cannot be accepted: No buffer space available\n"), child.said);
}

/* --- CGI --- */

struct cgi {
	const char *length, *body;
	const char *name;	/* of what fails, or NULL */
	int error;
	long result;
	enum oyster_err err;	/* that the service hears of */
	bool ok;
};

static int answer_cgi(void *arg)
{
	const struct cgi *cgi = arg;
	int tube[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	bool ok;

	if (pipe(tube) || write(tube[1], cgi->body, strlen(cgi->body)) != (ssize_t)strlen(cgi->body))
		return 1;
	dup2(tube[0], STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(tube[1]);
	setenv("CONTENT_LENGTH", cgi->length, 1);
	if (cgi->name)
		fault_set(cgi->name, 1, cgi->error, cgi->result);
	ok = respond_cgi(&server);
	return ok == cgi->ok && got.times == 1 && got.err == cgi->err && fault_came() ? 0 : 2;
}

static void a_program_that_is_run_once_tells_whether_it_has_answered(void)
{
	struct cgi rows[] = {
		{ "5", "hello", NULL, 0, 0, OYSTER_OK, true },
		{ "5", "hello, and what is not the body", NULL, 0, 0, OYSTER_OK, true },
		{ "5", "hell", NULL, 0, 0, OYSTER_ESHORT, true },
		{ "5", "hello", "read", EINTR, -1, OYSTER_OK, true },
		{ "5", "hello", "write", EINTR, -1, OYSTER_OK, true },
		{ "5", "hello", "write", EPIPE, -1, OYSTER_OK, false },
		{ "5", "hello", "serve", 0, 0, OYSTER_OK, false },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(run_child(answer_cgi, &rows[i]).status == 0, rows[i].name ? rows[i].name : rows[i].body);
}

static int answer_after_an_error(void *arg)
{
	int tube[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)arg;
	if (pipe(tube))
		return 1;
	dup2(tube[0], STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(tube[1]);
	setenv("CONTENT_LENGTH", "5", 1);
	fault_set("read", 1, EIO, -1);
	if (!respond_cgi(&server) || !fault_came() || got.err != OYSTER_ESHORT || got.len != 0)
		return 2;
	unsetenv("CONTENT_LENGTH");
	return respond_cgi(&server) && got.err == OYSTER_OK && got.len == 0 ? 0 : 3;
}

static void a_body_that_cannot_be_read_is_short(void)
{
	CHECK(run_child(answer_after_an_error, NULL).status == 0);
}

int main(void)
{
	unsetenv("REQUEST_URI");
	RUN(a_body_is_taken_whole_or_not_and_its_digest_is_of_all_of_it);
	RUN(a_signal_does_not_cut_an_answer);
	RUN(what_is_there_twice_is_no_value);
	RUN(what_cannot_be_started_is_told);
	RUN(what_cannot_be_accepted_is_said_every_ten_seconds);
	RUN(a_program_that_is_run_once_tells_whether_it_has_answered);
	RUN(a_body_that_cannot_be_read_is_short);
	return DONE();
}
