/*
 * oracle_asked.h - questions put to the signer's end of the socket, and
 * every byte of the answers held against them.
 */
#ifndef OYSTER_ORACLE_ASKED_H
#define OYSTER_ORACLE_ASKED_H

#include <sys/socket.h>
#include <unistd.h>

#include "keys/oracle.h"
#include "tests/unit/child.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define QUESTIONS	8192	/* bytes of questions, which a socket takes at once */
#define ANSWERS		65536

static const struct {
	const char *method, *path;
} served[] = {
	{ "POST", "/api/generate" }, { "GET", "/health" }, { "HEAD", "/health" },
	{ "GET", "/oyster/signer" }, { "HEAD", "/oyster/signer" },
};

static uint8_t answers[ANSWERS];

struct result {
	bool ok;	/* the questions ended where they may */
	size_t len;	/* bytes of answers */
};

/* Put questions, close the asking half, and only then have them answered. */
static inline struct result serve(const void *questions, size_t len)
{
	struct ecdsa *ecdsa = must(ecdsa_new(test_secret()));
	struct result result = { false, 0 };
	ssize_t got;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    write(pair[0], questions, len) != (ssize_t)len || shutdown(pair[0], SHUT_WR))
		abort();
	result.ok = oracle_serve(pair[1], ecdsa);
	ecdsa_free(ecdsa);
	close(pair[1]);
	while ((got = read(pair[0], answers + result.len, sizeof(answers) - result.len)) > 0)
		result.len += (size_t)got;
	close(pair[0]);
	return result;
}

static inline void set_line(struct exchange *exchange, const char *method, const char *path)
{
	if (method != exchange->method)
		snprintf(exchange->method, sizeof(exchange->method), "%s", method);
	if (path != exchange->path)
		snprintf(exchange->path, sizeof(exchange->path), "%s", path);
}

/* A question with its strings, which only `B' has; returns its end. */
static inline uint8_t *put_question(uint8_t *at, uint32_t what, const struct exchange *exchange,
				    const char *const *strings)
{
	struct oracle_question question = { .what = what, .exchange = *exchange };
	int i;

	for (i = 0; what == 'B' && i < 5; i++)
		question.len[i] = strlen(strings[i]);
	at = mempcpy(at, &question, sizeof(question));
	for (i = 0; what == 'B' && i < 5; i++)
		at = mempcpy(at, strings[i], strlen(strings[i]));
	return at;
}

static inline bool may_be_signed(const struct exchange *exchange)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ=/+~_.-";
	const char *nonce = exchange->nonce;
	size_t i, len = strnlen(nonce, sizeof(exchange->nonce));

	if (exchange->status < 100 || exchange->status > 999 || len == sizeof(exchange->nonce))
		return false;
	for (i = 0; i < len; i++)
		if (!memchr(alphabet, nonce[i], sizeof(alphabet) - 1))
			return false;
	for (i = 0; i < COUNT(served); i++)
		if (!strncmp(exchange->method, served[i].method, sizeof(exchange->method)) &&
		    !strncmp(exchange->path, served[i].path, sizeof(exchange->path)))
			return true;
	return false;
}

/* Whether these bytes are the answer, to the last one of padding. */
static inline bool is_answer(const struct ecdsa *ecdsa, const uint8_t *bytes, const struct oracle_question *question,
			     const struct signer_string *asked, uint64_t earliest)
{
	struct oracle_answer answer, want;

	memcpy(&answer, bytes, sizeof(answer));
	memset(&want, 0, sizeof(want));
	want.seconds = answer.seconds;
	memcpy(want.exchange, answer.exchange, sizeof(want.exchange));
	if (question->what == 'B')
		memcpy(want.receipt, answer.receipt, sizeof(want.receipt));
	return !memcmp(bytes, &want, sizeof(want)) &&
	       answer.seconds >= earliest && answer.seconds <= now() &&
	       signs_exchange(ecdsa, answer.exchange, &question->exchange, answer.seconds) &&
	       (question->what != 'B' || signs_receipt(ecdsa, answer.receipt, answer.seconds, asked));
}

/* The strings behind a question; false if they are not all there. */
static inline bool take_strings(struct signer_string *asked, const struct oracle_question *question,
				const uint8_t **at, const uint8_t *end)
{
	int i;

	for (i = 0; question->what == 'B' && i < 5; i++) {
		if (question->len[i] > (uint64_t)(end - *at))
			return false;
		asked[i] = (struct signer_string){ (const char *)*at, (size_t)question->len[i] };
		*at += question->len[i];
	}
	return true;
}

/*
 * Read the stream of questions as the protocol says, and hold every byte of
 * the answers against it.
 */
static inline bool answered_as_asked(const struct ecdsa *ecdsa, const uint8_t *at, size_t len,
				     struct result result, uint64_t earliest)
{
	const uint8_t *end = at + len, *answer = answers, *last = answers + result.len;
	struct signer_string asked[SIGNER_STRINGS];
	struct oracle_question question;

	while (at < end) {
		if ((size_t)(end - at) < sizeof(question))
			return !result.ok && answer == last;
		memcpy(&question, at, sizeof(question));
		at += sizeof(question);
		if (question.what == 'P') {
			if (last - answer < 64 || !is_hex(answer, 64, TEST_PUBLIC))
				return false;
			answer += 64;
			continue;
		}
		if ((question.what != 'E' && question.what != 'B') || !may_be_signed(&question.exchange) ||
		    !take_strings(asked, &question, &at, end))
			return !result.ok && answer == last;
		if ((size_t)(last - answer) < sizeof(struct oracle_answer) ||
		    !is_answer(ecdsa, answer, &question, asked, earliest))
			return false;
		answer += sizeof(struct oracle_answer);
	}
	return result.ok && answer == last;
}

#endif
