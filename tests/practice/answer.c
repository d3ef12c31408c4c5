/*
 * answer.c - who is asked, what is refused, and how head and body go out.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "practice.h"

#define GO_BUFFER	2048	/* bytes; a larger body is chunked */
#define ENDLESS_CHUNK	65536	/* bytes */

#define JSON_TYPE	"application/json; charset=utf-8"

static const char *phrase(int status)
{
	switch (status) {
	case 101: return "Switching Protocols";
	case 200: return "OK";
	case 204: return "No Content";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 413: return "Request Entity Too Large";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	default: return status < 400 ? "Elsewhere" : "Practice";
	}
}

static bool bodiless(int status)
{
	return status < 200 || status == 204 || status == 304;
}

static enum framing framing(const struct twist *t, const struct request *rq, int status, size_t len)
{
	if (t->framing != FRAME_OLLAMA)
		return t->framing;
	if (bodiless(status))
		return FRAME_OPEN;
	if (len <= GO_BUFFER && !t->ndjson)
		return FRAME_LENGTH;
	return rq->old ? FRAME_OPEN : FRAME_CHUNKS;
}

static void put_date(struct buf *out)
{
	static char text[64];
	static time_t last = -1;
	time_t now = time(NULL);
	struct tm tm;

	if (now != last) {
		gmtime_r(&now, &tm);
		strftime(text, sizeof(text), "Date: %a, %d %b %Y %T GMT\r\n", &tm);
		last = now;
	}
	buf_str(out, text);
}

/* In the order in which Go writes them. */
static void put_head(struct buf *out, const struct request *rq, const struct twist *t, int status,
		     size_t len, enum ending *ending)
{
	enum framing how = framing(t, rq, status, len);
	const char *type = t->type ? t->type : t->ndjson ? "application/x-ndjson" : JSON_TYPE;

	if (rq->close || (how == FRAME_OPEN && rq->old))
		*ending = *ending == END_KEEP ? END_CLOSE : *ending;
	buf_printf(out, "HTTP/1.%d %03d %s\r\n", !rq->old, status, phrase(status));
	if (*type)
		buf_printf(out, "Content-Type: %s\r\n", type);
	put_date(out);
	if (how == FRAME_LENGTH)
		buf_printf(out, "Content-Length: %lld\r\n", (long long)len + t->lie);
	if (*ending == END_CLOSE && status != 101 && !rq->old)
		buf_str(out, "Connection: close\r\n");
	else if (*ending != END_CLOSE && rq->old)
		buf_str(out, "Connection: keep-alive\r\n");
	if (how == FRAME_CHUNKS || *ending == END_ENDLESS)
		buf_str(out, "Transfer-Encoding: chunked\r\n");
	if (t->headers)
		buf_str(out, t->headers);
	if (t->filler) {
		buf_str(out, "X-Filler: ");
		buf_fill(out, 'x', t->filler);
		buf_str(out, "\r\n");
	}
	buf_str(out, "\r\n");
}

static void put_chunk(struct buf *out, const char *bytes, size_t len)
{
	buf_printf(out, "%zx\r\n", len);
	buf_add(out, bytes, len);
	buf_str(out, "\r\n");
}

/* A stream has a chunk for each line, any other body is one chunk. */
static void put_chunks(struct buf *out, const struct buf *body, const struct twist *t)
{
	const char *at = body->data, *end = body->data + body->len;

	while (at < end) {
		const char *line = t->ndjson ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		size_t len = line ? (size_t)(line + 1 - at) : (size_t)(end - at);

		if (t->chunk && t->chunk < len)
			len = t->chunk;
		put_chunk(out, at, len);
		at += len;
	}
	if (!t->cut)
		buf_str(out, "0\r\n\r\n");
}

/* How the bytes of head and body go out. */
static void finish(struct reply *reply, const struct request *rq, const struct twist *t, int status,
		   struct buf *body)
{
	enum framing how = framing(t, rq, status, body->len);
	struct buf *out = &reply->bytes;

	reply->ending = t->ending;
	reply->hold_ms = t->hold_ms;
	if (t->ending == END_RESET || t->ending == END_DIE)
		return;
	if (t->interim)
		buf_str(out, t->interim);
	if (!t->headless)
		put_head(out, rq, t, status, body->len, &reply->ending);
	if (t->drip)
		reply->drip_from = t->drip_head ? 0 : out->len;
	if (rq->method.len == 4 && !memcmp(rq->method.at, "HEAD", 4))
		return;
	if (t->cut && t->cut_at < body->len)
		body->len = t->cut_at;
	if (t->half)
		body->len /= 2;
	if (t->ending == END_ENDLESS)
		put_chunk(out, body->data, body->len);
	else if (how == FRAME_CHUNKS && !t->headless)
		put_chunks(out, body, t);
	else if (!bodiless(status) || t->framing == FRAME_OPEN)
		buf_add(out, body->data, body->len);
}

static void reply_reset(struct reply *reply)
{
	buf_reset(&reply->bytes);
	reply->drip_from = SIZE_MAX;
	reply->hold_ms = 0;
	reply->ending = END_KEEP;
}

static void answer_plain(struct reply *reply, const struct request *rq, int status,
		  const char *type, const char *body, size_t len)
{
	const struct twist as_usual = { .type = type };
	static struct buf copy;

	reply_reset(reply);
	buf_reset(&copy);
	buf_add(&copy, body, len);
	finish(reply, rq, &as_usual, status, &copy);
}

void answer_refuse(struct reply *reply, int status, const char *why)
{
	reply_reset(reply);
	buf_printf(&reply->bytes, "HTTP/1.1 %d %s%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		   "Connection: close\r\n\r\n%d %s%s", status, phrase(status), why, status, phrase(status), why);
	reply->ending = END_CLOSE;
}

void answer_endless(struct reply *reply)
{
	static char filler[ENDLESS_CHUNK];

	memset(filler, 'x', sizeof(filler));
	buf_reset(&reply->bytes);
	put_chunk(&reply->bytes, filler, sizeof(filler));
}

static void answer_error(struct reply *reply, const struct request *rq, int status, const struct buf *text)
{
	static struct buf body;

	buf_reset(&body);
	buf_str(&body, "{\"error\":");
	json_string(&body, text->data, text->len);
	buf_str(&body, "}");
	answer_plain(reply, rq, status, JSON_TYPE, body.data, body.len);
}

static bool installed(const struct buf *model)
{
	return model->len && !(model->len >= 4 && !memcmp(model->data, "nope", 4)) &&
		!(model->len >= 7 && !memcmp(model->data, "missing", 7));
}

/* What Ollama refuses, in its order.  Returns the status, or 200. */
static int refused(const struct ask *ask, struct buf *why)
{
	if (!installed(&ask->model)) {
		buf_str(why, "model '");
		buf_add(why, ask->model.data, ask->model.len);
		buf_str(why, "' not found");
		return 404;
	}
	if (ask->unload && !ask->prompt.len)
		return 200;
	if (ask->raw && (ask->template.len || ask->system.len || ask->context.len)) {
		buf_str(why, "raw mode does not support template, system, or context");
		return 400;
	}
	if (ask->suffix.len) {
		buf_str(why, "registry.ollama.ai/library/");
		buf_add(why, ask->model.data, ask->model.len);
		if (!memchr(ask->model.data, ':', ask->model.len))
			buf_str(why, ":latest");
		buf_str(why, " does not support insert");
		return 400;
	}
	buf_add(why, ask->wrong_option.data, ask->wrong_option.len);
	return why->len ? 500 : 200;
}

static void check_tokens(const struct ask *ask)
{
	if (ask->worst_token >= 0 && ask->worst_token < VOCABULARY)
		return;
	fprintf(stderr, "practice-model: token %lld is outside the vocabulary: Ollama would have ended here\n",
		(long long)ask->worst_token);
	_exit(2);
}

static void answer_generate(struct reply *reply, const struct request *rq, bool twisted)
{
	static struct ask ask;
	static struct buf why, body;
	const char *reason = "stop";
	struct twist twist = { 0 };
	int status;

	reply_reset(reply);
	if (!ask_parse(&ask, &why, rq->body.at, rq->body.len)) {
		if (!why.len)
			buf_str(&why, "missing request body");
		answer_error(reply, rq, 400, &why);
		return;
	}
	status = refused(&ask, &why);
	if (status != 200) {
		answer_error(reply, rq, status, &why);
		return;
	}
	if (!ask.prompt.len)
		reason = ask.unload ? "unload" : "load";
	else
		check_tokens(&ask);
	if (twisted)
		twist = twist_find(ask.model.data, ask.model.len);
	if (twist.shows)
		twist = (struct twist){ 0 };
	if (!strcmp(reason, "stop") && ask.stream)
		twist.ndjson = true;
	buf_reset(&body);
	body_make(&body, &ask, &twist, reason);
	finish(reply, rq, &twist, twist.status ? twist.status : 200, &body);
}

static void answer_show(struct reply *reply, const struct request *rq)
{
	static struct ask ask;
	static struct buf why, body;
	struct twist twist;
	int status = 400;

	reply_reset(reply);
	if (!ask_parse(&ask, &why, rq->body.at, rq->body.len) || (status = refused(&ask, &why)) != 200) {
		answer_error(reply, rq, status, &why);
		return;
	}
	twist = twist_find(ask.model.data, ask.model.len);
	if (!twist.shows)
		twist = (struct twist){ 0 };
	buf_reset(&body);
	if (twist.body == BODY_ANSWER || twist.body == BODY_TEXT)
		show_make(&body, &ask, &twist);
	else
		body_make(&body, &ask, &twist, "");
	finish(reply, rq, &twist, twist.status ? twist.status : 200, &body);
}

static bool asks(const struct request *rq, const char *method, const char *path)
{
	const char *query = memchr(rq->target.at, '?', rq->target.len);
	size_t len = query ? (size_t)(query - rq->target.at) : rq->target.len;

	return rq->method.len == strlen(method) && !memcmp(rq->method.at, method, rq->method.len) &&
		len == strlen(path) && !memcmp(rq->target.at, path, len);
}

static void plain(struct reply *reply, const struct request *rq, int status, const char *type,
		  const char *text)
{
	answer_plain(reply, rq, status, type, text, strlen(text));
}

static void stats(struct reply *reply, const struct request *rq)
{
	char text[160];

	snprintf(text, sizeof(text), "{\"requests\":%lu,\"connections\":%lu,\"aborted\":%lu,\"waiting\":%lu}",
		 counters.requests, counters.connections, counters.aborted, counters.waiting);
	plain(reply, rq, 200, NULL, text);
}

void answer_request(struct reply *reply, const struct request *rq, const char *bytes)
{
	if (asks(rq, "GET", "/oyster/stats")) {
		stats(reply, rq);
		return;
	}
	record_request(rq, bytes);
	if (asks(rq, "POST", "/api/generate") || asks(rq, "POST", "/elsewhere")) {
		counters.requests++;
		answer_generate(reply, rq, !asks(rq, "POST", "/elsewhere"));
	} else if (asks(rq, "POST", "/api/show")) {
		answer_show(reply, rq);
	} else if (asks(rq, "GET", "/api/version") || asks(rq, "HEAD", "/api/version")) {
		plain(reply, rq, 200, NULL, "{\"version\":\"0.6.0\"}");
	} else if (asks(rq, "GET", "/") || asks(rq, "HEAD", "/")) {
		plain(reply, rq, 200, "text/plain; charset=utf-8", "Ollama is running");
	} else {
		plain(reply, rq, 404, "text/plain", "404 page not found");
	}
}
