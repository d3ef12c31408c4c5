/*
 * FastCGI parameters and bodies, through libfcgi and all that answers, to the
 * bytes that the web server gets.
 *
 * The input is a byte of options, parameters (a byte that is one of the names
 * below, or announces a name; a value) up to one without either, and the body.
 * The model server and the signer are played here: what the one says is made
 * of the request, and the other signs what exchange.h lets through.  Whatever
 * comes in, one whole answer goes out, with header fields of ours alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fcgi/respond.h"
#include "fcgi/vocabulary.h"
#include "tests/fuzz/fuzz.h"

enum {
	CUT	= 1 << 0,	/* the web server goes away in the middle */
	ASKED	= 1 << 1,	/* the vocabulary is asked for */
	BUSY	= 1 << 2,
	MODEL	= 7 << 3	/* what the model server does */
};

enum { ANSWERS, REFUSES, FAILS, ELSEWHERE, GARBAGE, STALLS };

#define OUT_MAX		(1 << 20)	/* bytes of an answer */
#define RECORD		65528		/* bytes in a record */

static const char *const names[] = {
	"", "REQUEST_METHOD", "REQUEST_URI", "CONTENT_LENGTH", "HTTP_X_OYSTER_NONCE", "HTTP_CONTENT_DIGEST",
};

static struct config config = { .timeout = 1, .max_body = 2000, .max_reply = 60000,
				.max_token = 2147483647, .threads = 1 };
static struct signer {
	int unused;
} signer;
static struct server server = { .config = &config, .signer = &signer };
static unsigned options;

/* --- the model server --- */

struct relay {
	int unused;
};

static struct relay relay;

struct relay *relay_new(const char *upstream, long max_inflight)
{
	(void)upstream, (void)max_inflight;
	return &relay;
}

void relay_free(struct relay *unused)
{
	(void)unused;
}

int64_t relay_now(void)
{
	return 1000000;
}

bool relay_is_gone(int client)
{
	(void)client;
	return false;
}

bool relay_enter(struct relay *unused)
{
	(void)unused;
	return !(options & BUSY);
}

void relay_leave(struct relay *unused)
{
	(void)unused;
}

/* The text of the model's name, as it stands in what we are asked. */
static struct text asked_model(struct text body)
{
	static const char head[] = "{\"model\":", next[] = ",\"prompt\":";
	struct text model = { body.at + sizeof(head) - 1, 0 };
	const char *end = memmem(body.at, body.len, next, sizeof(next) - 1);

	MUST(body.len > sizeof(head) && !memcmp(body.at, head, sizeof(head) - 1) && end);
	while (memmem(model.at, (size_t)(end - model.at), "\"", 1) && end[-1] != '"')
		end--;
	model.len = (size_t)(end - model.at);
	return model;
}

static enum oyster_err say(struct buf *reply, struct text body)
{
	struct text model = asked_model(body);

	if (buf_puts(reply, "{\"model\":") || buf_add(reply, model.at, model.len) ||
	    buf_puts(reply, ",\"created_at\":\"\",\"response\":\"\\u003cr>\",\"done\":true,\"context\":[ 1,2 ]}"))
		return OYSTER_EREPLYSIZE;
	return OYSTER_OK;
}

static unsigned what_model_does(void)
{
	unsigned what = (options & MODEL) >> 3;

	return what > STALLS ? ANSWERS : what;
}

enum oyster_err relay_generate(struct relay *unused, long *status, struct buf *reply,
			       const struct relay_call *call)
{
	(void)unused;
	*status = 200;
	switch (what_model_does()) {
	case REFUSES:
		*status = 404;
		return buf_puts(reply, "{\"error\":\"no \\\"x\\\"\\r\\nSet-Cookie: a=b\"}");
	case FAILS:
		return OYSTER_ECUT;
	case ELSEWHERE:
		*status = 302;
		return OYSTER_OK;
	case GARBAGE:
		return buf_puts(reply, "{\"model\":\"m\",\"response\":\r\n}");
	case STALLS:
		return OYSTER_ETIMEOUT;
	default:
		return say(reply, call->body);
	}
}

enum oyster_err relay_show(struct relay *unused, long *status, struct buf *reply,
			   const struct relay_call *call)
{
	static const char shown[] = "{\"model_info\":{\"a.vocab_size\":1000}}";

	if (what_model_does() != ANSWERS)
		return relay_generate(unused, status, reply, call);
	*status = 200;
	call->look(call->arg, shown, sizeof(shown) - 1);
	return OYSTER_OK;
}

enum oyster_err relay_get(struct relay *unused, long *status, struct buf *reply,
			  const char *path, int64_t deadline)
{
	(void)unused, (void)reply, (void)path, (void)deadline;
	*status = 200;
	return options & BUSY ? OYSTER_EBUSY : OYSTER_OK;
}

/* --- the signer --- */

const uint8_t *signer_public(const struct signer *unused)
{
	static const uint8_t public[ECDSA_PUBLIC_LEN];

	(void)unused;
	return public;
}

const uint8_t *signer_address(const struct signer *unused)
{
	return signer_public(unused);
}

bool signer_ping(struct signer *unused)
{
	(void)unused;
	return true;
}

bool signer_sign(struct signer *unused, struct signer_signed *out, const struct exchange *exchange,
		 const struct signer_string *strings)
{
	static const uint8_t sig[ECDSA_SIG_LEN];

	MUST(exchange_valid(exchange));
	MUST(!strings || exchange->status == 200);
	memset(out, 0, sizeof(*out));
	out->has_receipt = strings != NULL;
	exchange_fields(&out->fields, exchange, 0, signer_address(unused), sig);
	return true;
}

/* --- the web server --- */

static void put_record(struct buf *to, unsigned type, const char *bytes, size_t len)
{
	const char head[8] = { 1, (char)type, 0, 1, (char)(len >> 8), (char)len, 0, 0 };

	MUST(!buf_add(to, head, sizeof(head)) && !buf_add(to, bytes, len));
}

/* In as many records as it takes, and the empty one behind them. */
static void put_stream(struct buf *to, unsigned type, struct text text)
{
	while (text.len > 0) {
		size_t len = text.len < RECORD ? text.len : RECORD;

		put_record(to, type, text.at, len);
		text.at += len;
		text.len -= len;
	}
	put_record(to, type, "", 0);
}

static void put_len(struct buf *to, size_t len)
{
	const char four[4] = { (char)(0x80 | (len >> 24 & 0x7f)), (char)(len >> 16), (char)(len >> 8), (char)len };

	MUST(!buf_add(to, len < 128 ? four + 3 : four, len < 128 ? 1 : 4));
}

static void put_param(struct buf *to, struct text name, struct text value)
{
	put_len(to, name.len);
	put_len(to, value.len);
	MUST(!buf_add(to, name.at, name.len) && !buf_add(to, value.at, value.len));
}

static void put_params(struct buf *to, struct text *rest)
{
	struct text name, value;
	uint8_t which;

	do {
		which = take_byte(rest);
		if (which > 0 && which < sizeof(names) / sizeof(names[0]))
			name = (struct text){ exact_copy(names[which], strlen(names[which])), strlen(names[which]) };
		else
			name = take_part(rest);
		value = take_part(rest);
		if (name.len + value.len > 0)
			put_param(to, name, value);
		release(name);
		release(value);
	} while (name.len + value.len > 0 && rest->len > 0);
}

static void send_request(int web, struct text rest)
{
	static const char begin[8] = { 0, 1, 0 };	/* a responder, and close */
	struct buf params = BUF_INIT(1 << 20), all = BUF_INIT(1 << 21);
	size_t sent = 0;

	put_params(&params, &rest);
	put_record(&all, 1, begin, sizeof(begin));
	put_stream(&all, 4, (struct text){ params.data, params.len });
	put_stream(&all, 5, rest);
	if (options & CUT)
		all.len -= all.len / 3;
	while (sent < all.len) {
		ssize_t more = send(web, all.data + sent, all.len - sent, MSG_NOSIGNAL);

		MUST(more > 0);
		sent += (size_t)more;
	}
	shutdown(web, SHUT_WR);
	buf_clear(&params);
	buf_clear(&all);
}

/* What a line of the header may begin with. */
static bool is_ours(struct text line)
{
	static const char *const heads[] = {
		"Status: ", "content-type: ", "content-length: ", "cache-control: no-store", "allow: ", "retry-after: 1",
		"x-oyster-timestamp: ", "x-oyster-signature: ", "content-digest: sha-256=:", "x-oyster-request-digest: sha-256=:",
		"signature-input: oyster=(", "signature: oyster=:",
	};
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (line.len >= strlen(heads[i]) && !memcmp(line.at, heads[i], strlen(heads[i])))
			return !memchr(line.at, '\r', line.len);
	return false;
}

static void check_answer(struct text out)
{
	const char *end = memmem(out.at, out.len, "\r\n\r\n", 4), *at = out.at;
	long status, length = -1;
	bool has_receipt = false;
	size_t body;

	MUST(end && out.len > 11 && !memcmp(out.at, "Status: ", 8));
	status = strtol(out.at + 8, NULL, 10);
	body = out.len - (size_t)(end + 4 - out.at);
	while (at < end + 2) {
		const char *eol = memchr(at, '\n', (size_t)(end + 2 - at));
		struct text line = { at, (size_t)(eol - 1 - at) };

		MUST(eol && eol[-1] == '\r' && is_ours(line));
		has_receipt |= !memcmp(at, "x-oyster-signature", 18);
		if (!memcmp(at, "content-length: ", 16))
			length = strtol(at + 16, NULL, 10);
		at = eol + 1;
	}
	MUST(status >= 200 && status < 600 && (!has_receipt || status == 200));
	MUST(length >= 0 && (body == 0 || body == (size_t)length));
	MUST(status == 200 || body == 0 || !memcmp(end + 4, "{\"error\":\"", 10));
}

/* Put the records together; the last must be the request's end. */
static void receive(int web)
{
	static char in[OUT_MAX], out[OUT_MAX];
	size_t got = 0, at = 0, len = 0, piece;
	bool is_ended = false;
	ssize_t more;

	while ((more = recv(web, in + got, sizeof(in) - got, 0)) > 0)
		got += (size_t)more;
	while (at + 8 <= got) {
		piece = (size_t)(uint8_t)in[at + 4] << 8 | (uint8_t)in[at + 5];
		MUST(!is_ended && at + 8 + piece + (uint8_t)in[at + 6] <= got);
		if (in[at + 1] == 6) {
			memcpy(out + len, in + at + 8, piece);
			len += piece;
		}
		is_ended = in[at + 1] == 3;
		at += 8 + piece + (uint8_t)in[at + 6];
	}
	MUST(at == got && (options & CUT || is_ended));
	if (len > 0)
		check_answer((struct text){ out, len });
}

/* Descriptor 0 becomes a socket that listens, as lighttpd leaves it. */
static struct responder *begin(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	/* An abstract name, the kernel's choice. */
	MUST(listener >= 0 && !bind(listener, (struct sockaddr *)&any, sizeof(any.sun_family)));
	MUST(!listen(listener, 8) && dup2(listener, 0) == 0);
	close(listener);
	MUST(respond_init());
	server.relay = relay_new("", 1);
	return must(responder_new(&server));
}

static void converse(struct responder *responder, struct text rest)
{
	int web = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 1 << 22;
	struct sockaddr_un to;
	socklen_t len = sizeof(to);

	MUST(!getsockname(0, (struct sockaddr *)&to, &len));
	setsockopt(web, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	MUST(!connect(web, (struct sockaddr *)&to, len));
	send_request(web, rest);
	/* Of a request that is cut in its head, libfcgi says nothing and waits for the next. */
	fcntl(0, F_SETFL, O_NONBLOCK);
	if (responder_accept(responder))
		responder_answer(responder);
	receive(web);
	close(web);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct responder *responder;
	struct text rest = { (const char *)data, size };

	if (!responder)
		responder = begin();
	options = take_byte(&rest);
	server.vocabulary = options & ASKED ? vocabulary_new(server.relay) : NULL;
	config.max_token = options & ASKED ? CONFIG_ASK : CONFIG_TOKEN_MAX;
	converse(responder, rest);
	vocabulary_free(server.vocabulary);
	return 0;
}
