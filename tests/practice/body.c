/*
 * body.c - what a reply says: Ollama's object, and then twisted.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "practice.h"

#define BIG_ERROR	102400	/* bytes of text */
#define PROMPT_TOKENS	16	/* tokens shown in the context one by one */

static const char canned[] = "practice: you said: ";

static void put_created(struct buf *out)
{
	static char seconds[32];
	static time_t last = -1;
	struct timespec now;
	struct tm tm;
	char nine[16];
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != last) {
		gmtime_r(&now.tv_sec, &tm);
		strftime(seconds, sizeof(seconds), "%FT%T", &tm);
		last = now.tv_sec;
	}
	len = snprintf(nine, sizeof(nine), ".%09ld", now.tv_nsec);
	while (len > 0 && (nine[len - 1] == '0' || nine[len - 1] == '.'))
		nine[--len] = '\0';
	buf_printf(out, "\"created_at\":\"%s%sZ\"", seconds, nine);
}

/* What was said before, the first bytes of the prompt, and a hash of it all. */
static void put_context(struct buf *out, const struct ask *ask)
{
	const struct buf *prompt = &ask->prompt;
	uint32_t hash = 2166136261u;

	buf_str(out, ",\"context\":[");
	buf_add(out, ask->context.data, ask->context.len);
	if (ask->context.len)
		buf_str(out, ",");
	for (size_t i = 0; i < prompt->len; i++) {
		hash = (hash ^ (unsigned char)prompt->data[i]) * 16777619u;
		if (i < PROMPT_TOKENS)
			buf_printf(out, "%d,", 1000 + (unsigned char)prompt->data[i]);
	}
	buf_printf(out, "%u,%u]", 2000 + (hash & 0xffff), 2000 + (hash >> 16));
}

static void put_metrics(struct buf *out, const struct ask *ask)
{
	buf_printf(out, ",\"total_duration\":432726730,\"load_duration\":9498328,"
		   "\"prompt_eval_count\":%zu,\"prompt_eval_duration\":311000000,"
		   "\"eval_count\":24,\"eval_duration\":111000000", ask->prompt.len + 2);
}

static void put_field(struct buf *out, const char *name, const char *text)
{
	if (!*text)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_str(out, text);
}

static void put_first(struct buf *out, const struct ask *ask, const struct twist *t)
{
	buf_str(out, "{");
	if (!t->model || *t->model) {
		buf_str(out, "\"model\":");
		if (t->model)
			buf_str(out, t->model);
		else
			json_string(out, ask->model.data, ask->model.len);
		buf_str(out, ",");
	}
	if (t->remote)
		buf_str(out, t->remote);
	put_created(out);
}

static void put_response(struct buf *out, const struct ask *ask, const struct twist *t)
{
	static struct buf text;

	if (t->response) {
		put_field(out, "response", t->response);
		return;
	}
	buf_reset(&text);
	if (t->huge) {
		buf_fill(&text, 'x', t->huge);
	} else {
		buf_str(&text, canned);
		buf_add(&text, ask->prompt.data, ask->prompt.len);
	}
	buf_str(out, ",\"response\":");
	json_string(out, text.data, text.len);
}

/* Everything from done on: Go leaves out what is empty or zero. */
static void put_tail(struct buf *out, const struct ask *ask, const struct twist *t, const char *reason)
{
	bool answered = !strcmp(reason, "stop");

	put_field(out, "done", t->done ? t->done : "true");
	buf_printf(out, ",\"done_reason\":\"%s\"", reason);
	if (t->context)
		put_field(out, "context", t->context);
	else if (answered && !ask->raw)
		put_context(out, ask);
	if (t->metrics)
		buf_str(out, t->metrics);
	else if (answered)
		put_metrics(out, ask);
	if (t->more)
		buf_str(out, t->more);
	buf_str(out, "}");
}

static void put_object(struct buf *out, const struct ask *ask, const struct twist *t, const char *reason)
{
	put_first(out, ask, t);
	if (!strcmp(reason, "stop"))
		put_response(out, ask, t);
	else
		put_field(out, "response", t->response ? t->response : "\"\"");
	if (t->thinking)
		buf_str(out, t->thinking);
	put_tail(out, ask, t, reason);
}

static void put_stream(struct buf *out, const struct ask *ask, const struct twist *t)
{
	put_first(out, ask, t);
	buf_printf(out, ",\"response\":\"%s\",\"done\":false}\n", canned);
	put_first(out, ask, t);
	buf_str(out, ",\"response\":");
	json_string(out, ask->prompt.data, ask->prompt.len);
	buf_str(out, ",\"done\":false}\n");
	put_first(out, ask, t);
	buf_str(out, ",\"response\":\"\"");
	put_tail(out, ask, t, "stop");
	buf_str(out, "\n");
}

/* The same JSON on many lines, two spaces a level. */
static void put_pretty(struct buf *out, const struct buf *in)
{
	size_t level = 0;
	bool quoted = false;

	for (size_t i = 0; i < in->len; i++) {
		char c = in->data[i];

		if (quoted && c == '\\') {
			buf_add(out, in->data + i++, 2);
			continue;
		}
		quoted ^= c == '"';
		if (!quoted && strchr("}]", c)) {
			buf_str(out, "\n");
			buf_fill(out, ' ', 2 * --level);
		}
		buf_add(out, &c, 1);
		if (!quoted && strchr("{[,", c)) {
			level += c != ',';
			buf_str(out, "\n");
			buf_fill(out, ' ', 2 * level);
		} else if (!quoted && c == ':') {
			buf_str(out, " ");
		}
	}
}

static void put_error(struct buf *out, const struct twist *t)
{
	switch (t->status) {
	case 401:
		buf_str(out, "{\"error\":\"unauthorized\","
			"\"signin_url\":\"https://ollama.com/connect?name=practice\\u0026key=c3No\"}");
		return;
	case 503:
		buf_str(out, "{\"error\":\"server busy, please try again.  maximum pending requests exceeded\"}");
		return;
	}
	buf_printf(out, "{\"error\":\"practice status %d", t->status);
	if (t->body == BODY_BIG_ERROR)
		buf_fill(out, 'x', BIG_ERROR);
	buf_str(out, "\"}");
}

void body_make(struct buf *out, const struct ask *ask, const struct twist *t, const char *reason)
{
	static struct buf plain;

	switch (t->body) {
	case BODY_TEXT:
		buf_add(out, t->text, t->text_len ? t->text_len : strlen(t->text));
		return;
	case BODY_ERROR:
	case BODY_BIG_ERROR:
		put_error(out, t);
		return;
	case BODY_PLAIN:
		buf_printf(out, "practice status %d", t->status);
		return;
	case BODY_ANSWER:
		break;
	}
	if (t->before)
		buf_str(out, t->before);
	if (t->ndjson) {
		put_stream(out, ask, t);
	} else if (t->pretty) {
		buf_reset(&plain);
		put_object(&plain, ask, t, reason);
		put_pretty(out, &plain);
	} else {
		put_object(out, ask, t, reason);
	}
	if (t->behind)
		buf_str(out, t->behind);
}
