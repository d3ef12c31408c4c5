/*
 * ask.h - a request's body, parsed as the responder does.
 */
#ifndef OYSTER_ASK_H
#define OYSTER_ASK_H

#include "fcgi/request.h"
#include "tests/unit/bytes.h"

#define ANY_TOKEN	2147483647L

struct asked {
	struct request request;
	struct buf body;
	enum oyster_err err;
};

static inline struct asked ask_limited(const char *body, size_t len, long max_token)
{
	struct asked asked = { .err = OYSTER_OK };

	asked.body.data = exact_copy(body, len);
	asked.body.len = asked.body.cap = asked.body.max = len;
	asked.err = request_parse(&asked.request, &asked.body, max_token);
	return asked;
}

static inline struct asked ask(const char *body)
{
	return ask_limited(body, strlen(body), ANY_TOKEN);
}

static inline void forget(struct asked *asked)
{
	request_clear(&asked->request);
	buf_clear(&asked->body);
}

static inline bool text_is(struct text text, const char *want)
{
	return text.len == strlen(want) && !memcmp(text.at, want, text.len);
}

/* Whether a request is refused with the error and its culprit. */
static inline bool is_refused(const char *body, enum oyster_err err, const char *culprit)
{
	struct asked asked = ask(body);
	bool ok = asked.err == err && !strcmp(asked.request.culprit, culprit);

	forget(&asked);
	return ok;
}

/* Whether exactly these bytes go upstream, with a receipt or without. */
static inline bool is_relayed(const char *body, const char *upstream, bool covered)
{
	struct asked asked = ask(body);
	struct text sent = { asked.request.upstream.data, asked.request.upstream.len };
	bool ok = asked.err == OYSTER_OK && asked.request.covered == covered &&
		  text_is(sent, upstream);

	if (!ok)
		printf("# upstream: %.*s\n", (int)sent.len, sent.at ? sent.at : "");
	forget(&asked);
	return ok;
}

#endif
