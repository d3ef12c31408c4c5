/*
 * twists.c - the table of model names, and how each one misbehaves.
 *
 * A capital word in a name stands for a number.  What is behind a colon in a
 * model's name is not looked at, so `slow-200:a' and `slow-200:b' both wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "practice.h"

#define FOR_EVER	-1
#define HUGE_MAX	(1UL << 30)	/* bytes; `endless' is for more */
#define HEADER_8K	8192		/* bytes */

/* An answer of its own, compressed. */
static const char gzipped[] =
	"\037\213\010\000\000\000\000\000\002\003\015\314\115\012\200\040\020\100"
	"\341\273\314\072\041\247\237\205\347\150\125\104\110\016\021\225\212\216"
	"\020\105\167\157\266\037\217\367\302\025\034\235\140\140\173\366\010\025"
	"\254\211\054\223\133\054\213\141\215\275\322\132\041\016\272\063\165\143"
	"\332\176\224\046\121\216\301\147\222\242\370\150\327\203\234\250\013\136"
	"\204\123\041\271\004\317\164\313\142\322\025\316\337\017\227\111\201\115"
	"\146\000\000\000";

static void slow(struct twist *t, unsigned long n)
{
	t->hold_ms = (int64_t)n;
}

static void cut(struct twist *t, unsigned long n)
{
	t->cut = true;
	t->cut_at = n;
}

static void huge(struct twist *t, unsigned long n)
{
	t->huge = n < HUGE_MAX ? n : HUGE_MAX;
}

static void chunks(struct twist *t, unsigned long n)
{
	t->chunk = n ? n : 1;
}

static void filler(struct twist *t, unsigned long n)
{
	t->filler = n < HUGE_MAX ? n : HUGE_MAX;
}

static void status(struct twist *t, unsigned long n)
{
	t->status = (int)(n % 1000);
	if (t->status / 100 == 3)
		t->headers = "Location: /elsewhere\r\n";
}

static void vocabulary(struct twist *t, unsigned long n)
{
	t->vocabulary = n;
}

struct row {
	const char *name;
	const char *what;
	void (*number)(struct twist *twist, unsigned long n);
	struct twist twist;
};

static const struct row rows[] = {
	/* when it answers */
	{ "slow-N", "answers after N ms", slow, { 0 } },
	{ "stall-head", "sends nothing, ever", NULL, { .hold_ms = FOR_EVER } },
	{ "stall", "sends the head and half of the body, then nothing", NULL,
		{ .half = true, .ending = END_STALL } },
	{ "drip", "sends the head, then a byte of the body each second", NULL, { .drip = true } },
	{ "drip-head", "sends head and body a byte each second", NULL,
		{ .drip = true, .drip_head = true } },
	{ "endless", "a chunked body that never ends, in the middle of the response text", NULL,
		{ .framing = FRAME_OPEN, .huge = 4096, .half = true, .ending = END_ENDLESS } },
	{ "huge-N", "a response text of N bytes", huge, { 0 } },
	{ "huge-not-done-N", "the same, with \"done\":false", huge, { .done = "false" } },

	/* where it stops */
	{ "cut-N", "closes after N bytes of the body; Content-Length is right", cut,
		{ .framing = FRAME_LENGTH, .ending = END_CLOSE } },
	{ "cut-chunked-N", "closes after a chunk of N bytes, without a last chunk", cut,
		{ .framing = FRAME_CHUNKS, .ending = END_CLOSE } },
	{ "short-length", "Content-Length is 10 bytes too small; closes", NULL,
		{ .framing = FRAME_LENGTH, .lie = -10, .ending = END_CLOSE } },
	{ "long-length", "Content-Length is 10 bytes too large; the body is whole; closes", NULL,
		{ .framing = FRAME_LENGTH, .lie = 10, .ending = END_CLOSE } },
	{ "no-length", "neither Content-Length nor chunks: the body ends when it closes", NULL,
		{ .framing = FRAME_OPEN, .ending = END_CLOSE } },
	{ "chunked-N", "a good answer in chunks of N bytes", chunks, { .framing = FRAME_CHUNKS } },
	{ "reset", "resets the connection when the request is read", NULL, { .ending = END_RESET } },
	{ "abort", "the process ends without an answer, status 3", NULL, { .ending = END_DIE } },

	/* what the body is */
	{ "garbage", "200, HTML that claims to be JSON", NULL,
		{ .body = BODY_TEXT, .text = "<html><body>it works</body></html>\n" } },
	{ "empty", "200, an empty body", NULL, { .body = BODY_TEXT, .text = "" } },
	{ "trailing", "the answer, and another object behind it", NULL,
		{ .behind = "{\"more\":\"junk\"}" } },
	{ "newline", "the answer, and a newline behind it", NULL, { .behind = "\n" } },
	{ "array", "the answer as the one element of an array", NULL,
		{ .before = "[", .behind = "]" } },
	{ "bom", "the answer behind a byte order mark", NULL, { .before = "\xef\xbb\xbf" } },
	{ "pretty", "the answer on many lines, indented", NULL, { .pretty = true } },
	{ "ndjson", "a stream of objects, although not asked for one", NULL, { .ndjson = true } },
	{ "gzip", "an answer compressed with gzip, and the header that says so", NULL,
		{ .body = BODY_TEXT, .text = gzipped, .text_len = sizeof(gzipped) - 1,
		  .headers = "Content-Encoding: gzip\r\n" } },

	/* what the object says */
	{ "wrong-model", "says that another model answered", NULL, { .model = "\"another\"" } },
	{ "not-done", "\"done\":false", NULL, { .done = "false" } },
	{ "odd-done", "\"done\":\"true\", a string", NULL, { .done = "\"true\"" } },
	{ "no-model", "no model", NULL, { .model = "" } },
	{ "no-done", "no done", NULL, { .done = "" } },
	{ "no-response", "no response", NULL, { .response = "" } },
	{ "null-response", "\"response\":null", NULL, { .response = "null" } },
	{ "dup-response", "response twice, different", NULL, { .more = ",\"response\":\"again\"" } },
	{ "no-metrics", "no metrics", NULL, { .metrics = "" } },
	{ "few-metrics", "no durations of evaluation, as when they are zero", NULL,
		{ .metrics = ",\"total_duration\":8814319,\"load_duration\":888438,"
			     "\"prompt_eval_count\":3,\"eval_count\":1" } },
	{ "odd-metrics", "metrics that are strings, negative and huge", NULL,
		{ .metrics = ",\"total_duration\":\"long\",\"load_duration\":-1,"
			     "\"prompt_eval_count\":1e400,\"eval_count\":null" } },
	{ "no-context", "no context", NULL, { .context = "" } },
	{ "null-context", "\"context\":null", NULL, { .context = "null" } },
	{ "empty-context", "\"context\":[]", NULL, { .context = "[]" } },
	{ "spaced-context", "\"context\":[ 1, 2 ]", NULL, { .context = "[ 1, 2 ]" } },
	{ "bad-context", "\"context\":[\"1\",1.5,-1]", NULL, { .context = "[\"1\",1.5,-1]" } },
	{ "bad-context-string", "\"context\":[\"1\"]", NULL, { .context = "[\"1\"]" } },
	{ "bad-context-fraction", "\"context\":[1.5]", NULL, { .context = "[1.5]" } },
	{ "bad-context-negative", "\"context\":[-1]", NULL, { .context = "[-1]" } },
	{ "bad-context-text", "\"context\":\"1\"", NULL, { .context = "\"1\"" } },
	{ "remote-host", "remote_host is set", NULL,
		{ .remote = "\"remote_host\":\"https://ollama.com:443\"," } },
	{ "remote-model", "remote_model is set", NULL,
		{ .remote = "\"remote_model\":\"another\"," } },
	{ "error-200", "200, an answer with an error in it", NULL,
		{ .more = ",\"error\":\"practice error\"" } },
	{ "error-200-only", "200, nothing but an error", NULL,
		{ .body = BODY_TEXT, .text = "{\"error\":\"practice error\"}" } },
	{ "bad-utf8", "a response text that is not UTF-8", NULL,
		{ .response = "\"bad \xff byte\"" } },
	{ "lone-surrogate", "a response text with half a surrogate pair", NULL,
		{ .response = "\"lone \\ud800 surrogate\"" } },
	{ "escapes", "a good response text that is all escapes, NUL among them", NULL,
		{ .response = "\"\\u0000\\u0041\\ud83e\\udd80\\/\\b\\f\\n\\r\\t\\\"\\\\\\u003c\\u2028\"" } },
	{ "thinking", "thinking, as 0.24.0 says it", NULL,
		{ .thinking = ",\"thinking\":\"practice: let me see\"" } },
	{ "logprobs", "logprobs, as 0.24.0 says them", NULL,
		{ .more = ",\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]}]" } },

	/* status and head */
	{ "status-CODE", "that status and Ollama's kind of error; 3xx leads to /elsewhere", status,
		{ .body = BODY_ERROR } },
	{ "status-CODE-text", "that status and a plain text", status,
		{ .body = BODY_PLAIN, .type = "text/plain; charset=utf-8" } },
	{ "status-CODE-empty", "that status and an empty body", status,
		{ .body = BODY_TEXT, .text = "", .type = "" } },
	{ "status-CODE-big", "that status and an error of 100 KiB", status,
		{ .body = BODY_BIG_ERROR } },
	{ "status-CODE-good", "that status and an answer that is good otherwise", status, { 0 } },
	{ "headers", "a good answer with dangerous headers", NULL,
		{ .filler = HEADER_8K,
		  .headers = "Status: 500\r\nLocation: /elsewhere\r\n"
			     "X-Sendfile: /etc/passwd\r\nX-LIGHTTPD-send-file: /etc/passwd\r\n"
			     "X-Sendfile2: /etc/passwd 0-9\r\nX-LIGHTTPD-KBytes-per-second: 1\r\n"
			     "Set-Cookie: practice=1\r\nServer: practice\r\nVia: practice\r\n"
			     "Access-Control-Allow-Origin: *\r\nTrailer: Status\r\n"
			     "x-oyster-timestamp: 1\r\nx-oyster-signature: 00\r\n"
			     "Signature: oyster=:AA==:\r\n" } },
	{ "odd-headers", "a good answer with a folded, a nameless and badly ended headers", NULL,
		{ .headers = "X-Fold: one\r\n two\r\nX-Bare: a\rSet-Cookie: b=1\r\n"
			     "X-Line: a\nStatus: 500\r\n: nameless\r\n" } },
	{ "no-colon", "a header line without a colon", NULL, { .headers = "no colon\r\n" } },
	{ "big-head-N", "a good answer with a header of N bytes", filler, { 0 } },
	{ "transfer-junk", "Transfer-Encoding: junk", NULL,
		{ .headers = "Transfer-Encoding: junk\r\n", .ending = END_CLOSE } },
	{ "two-lengths", "two Content-Length that differ", NULL,
		{ .framing = FRAME_LENGTH, .headers = "Content-Length: 5\r\n", .ending = END_CLOSE } },
	{ "junk-length", "Content-Length: 4x", NULL,
		{ .framing = FRAME_OPEN, .headers = "Content-Length: 4x\r\n", .ending = END_CLOSE } },
	{ "http09", "the body alone, without a head", NULL, { .headless = true, .ending = END_CLOSE } },
	{ "interim", "100 Continue before a good answer", NULL,
		{ .interim = "HTTP/1.1 100 Continue\r\n\r\n" } },
	/* what /api/show says; generate is as usual */
	{ "show-tokens-N", "shows N tokens", vocabulary, { .shows = true } },
	{ "show-size-N", "shows no tokens but that they are N", vocabulary,
		{ .shows = true, .sized = true, .tokenless = true } },
	{ "show-both-N", "shows N tokens, and that they are N", vocabulary,
		{ .shows = true, .sized = true } },
	{ "show-none", "does not show how many tokens there are", NULL,
		{ .shows = true, .tokenless = true } },
	{ "show-qwen2-N", "shows N tokens of qwen2: six letters, then `and' behind a blank, in turn",
		vocabulary, { .shows = true, .pre = "qwen2" } },
	{ "show-bloom-N", "the same of bloom", vocabulary, { .shows = true, .pre = "bloom" } },
	{ "show-slow-N", "shows after N ms", slow, { .shows = true } },
	{ "show-stall", "shows half, then nothing", NULL,
		{ .shows = true, .half = true, .framing = FRAME_LENGTH, .ending = END_STALL } },
	{ "show-cut", "shows half, then closes", NULL,
		{ .shows = true, .half = true, .framing = FRAME_LENGTH, .ending = END_CLOSE } },
	{ "show-half", "shows half of an object, as if it were whole", NULL,
		{ .shows = true, .half = true } },
	{ "show-garbage", "shows HTML", NULL,
		{ .shows = true, .body = BODY_TEXT, .text = "<html><body>128256</body></html>\n" } },
	{ "show-empty", "shows an empty body", NULL,
		{ .shows = true, .body = BODY_TEXT, .text = "" } },
	{ "show-odd", "shows a vocabulary of zero tokens, and in other places", NULL,
		{ .shows = true, .body = BODY_TEXT, .text =
		  "{\"llama.vocab_size\":9,\"tokenizer.ggml.tokens\":[\"a\"],\"x\":{\"llama.vocab_size\":9},"
		  "\"model_info\":{\"a\":{\"llama.vocab_size\":9},\"llama.vocab_size\":0,"
		  "\"tokenizer.ggml.tokens\":[]}}" } },
	{ "show-status-CODE", "that status and Ollama's kind of error", status,
		{ .shows = true, .body = BODY_ERROR } },
	{ "show-reset", "resets the connection", NULL, { .shows = true, .ending = END_RESET } },
	{ "switch", "101 Switching Protocols, then the answer", NULL,
		{ .status = 101, .framing = FRAME_OPEN, .ending = END_CLOSE,
		  .headers = "Connection: Upgrade\r\nUpgrade: practice\r\n" } },
};

/* Does the name fit the pattern?  Its number, if any, goes to n. */
static bool fits(const char *pattern, const char *name, unsigned long *n)
{
	while (*pattern) {
		char *end;

		if (*pattern >= 'A' && *pattern <= 'Z') {
			if (*name < '0' || *name > '9')
				return false;
			*n = strtoul(name, &end, 10);
			name = end;
			pattern += strspn(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		} else if (*pattern++ != *name++) {
			return false;
		}
	}
	return !*name;
}

struct twist twist_find(const char *model, size_t len)
{
	char name[64];
	const char *colon = len ? memchr(model, ':', len) : NULL;
	struct twist twist = { 0 };
	unsigned long n = 0;

	if (colon)
		len = (size_t)(colon - model);
	if (len >= sizeof(name) || !len)
		return twist;
	memcpy(name, model, len);
	name[len] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!fits(rows[i].name, name, &n))
			continue;
		twist = rows[i].twist;
		if (rows[i].number)
			rows[i].number(&twist, n);
		return twist;
	}
	return twist;
}

void twist_help(void)
{
	puts("Model names (a capital word is a number, a :tag is ignored):");
	printf("  %-20s %s\n", "nope*, missing*", "404, not installed");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		printf("  %-20s %s\n", rows[i].name, rows[i].what);
	printf("  %-20s %s\n", "anything else", "a good answer");
}
