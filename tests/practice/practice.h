/*
 * practice.h - the parts of the practice model, a stand-in for Ollama 0.6.0.
 *
 * practice-model.c  options, listening, the record of what was received
 * conn.c            connections: what is read, held back and sent
 * http.c            finds a request in the bytes of a connection
 * json.c            buffers, and JSON as Go reads and writes it
 * ask.c             what a generate request says
 * twists.c          the table of model names and how each one misbehaves
 * show.c            what a model is
 * body.c            what a reply says
 * answer.c          who is asked, what is refused, how head and body go out
 *
 * One thread; running out of memory ends the program.
 */
#ifndef PRACTICE_H
#define PRACTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOCABULARY	128256	/* tokens of every model; one beyond ends Ollama, and us */

struct span {
	const char *at;
	size_t len;
};

struct buf {
	char *data;	/* not NUL-terminated; NULL while nothing was added */
	size_t len;	/* bytes */
	size_t cap;	/* bytes allocated */
};

void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_str(struct buf *buf, const char *text);
void buf_fill(struct buf *buf, char byte, size_t count);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buf_free(struct buf *buf);

/* Empty it; give the memory back only when it is more than most need. */
void buf_reset(struct buf *buf);

/* A JSON string with its quotes, escaped as Go's encoding/json does. */
void json_string(struct buf *out, const char *text, size_t len);

struct reader {
	const char *at;
	const char *end;
	int depth;
	struct buf *error;	/* Go's words for what is not JSON */
};

/*
 * Each reads what starts at r->at and leaves r->at behind it, or returns
 * false with the reason in r->error.  json_list takes an array or object and
 * calls each() at the start of every element; for an object each() begins
 * with json_key.  json_peek passes over white space; -1 is the end.
 */
int json_peek(struct reader *r);
bool json_list(struct reader *r, bool (*each)(struct reader *r));
bool json_key(struct reader *r, struct buf *key);
bool json_skip(struct reader *r);
bool json_read_string(struct reader *r, struct buf *out);
bool json_number(struct reader *r, struct span *text);
bool json_bad(struct reader *r, const char *where);

/* A generate request, decoded as leniently as Ollama decodes it. */
struct ask {
	struct buf model;
	struct buf prompt;
	struct buf suffix;
	struct buf system;
	struct buf template;
	struct buf context;	/* numbers with commas between, no brackets */
	int64_t worst_token;	/* of the context: negative, or the largest */
	bool stream;		/* Ollama's default is yes */
	bool raw;
	bool unload;		/* keep_alive is zero */
	bool verbose;		/* of /api/show */
	struct buf wrong_option; /* Ollama's complaint about one, else empty */
};

/*
 * Returns false, with Go's complaint in error, when the body is not JSON or
 * a field has the wrong type; an empty body leaves error empty.
 */
bool ask_parse(struct ask *ask, struct buf *error, const char *body, size_t len);

enum ending {
	END_KEEP,	/* wait for the next request */
	END_CLOSE,
	END_RESET,	/* close with a TCP reset */
	END_STALL,	/* send nothing more, wait until the peer leaves */
	END_ENDLESS,	/* send chunks until the peer leaves */
	END_DIE,	/* the process ends */
};

enum framing {
	FRAME_OLLAMA,	/* Content-Length up to 2,048 bytes, else one chunk */
	FRAME_LENGTH,
	FRAME_CHUNKS,	/* of twist.chunk bytes */
	FRAME_OPEN,	/* neither; the last chunk is missing if there are any */
};

enum body {
	BODY_ANSWER,	/* the object that Ollama would send */
	BODY_TEXT,	/* twist.text */
	BODY_ERROR,	/* an error object for twist.status */
	BODY_BIG_ERROR,	/* the same with 100 KiB of text */
	BODY_PLAIN,	/* the same, but not JSON */
};

/*
 * How a reply differs from what Ollama would have sent; all zero: not at all.
 * The fields of the answer are JSON text: NULL as usual, "" left out.
 */
struct twist {
	const char *model;
	const char *remote;	/* fields behind the model, each with its comma */
	const char *response;
	const char *thinking;	/* fields behind the response, each after a comma */
	const char *done;
	const char *context;
	const char *metrics;
	const char *more;	/* fields at the end, each after a comma */
	size_t huge;		/* bytes of response text, when not 0 */

	enum body body;
	const char *text;
	size_t text_len;	/* bytes, when text holds NULs */
	const char *before;	/* the body */
	const char *behind;	/* the body */
	bool pretty;
	bool ndjson;

	int status;		/* 200 when 0 */
	const char *type;	/* content type; "" for none */
	const char *headers;	/* more header lines */
	size_t filler;		/* bytes of one more header */
	const char *interim;	/* sent before the head */
	bool headless;		/* no head at all */
	enum framing framing;
	size_t chunk;		/* bytes in a chunk */
	int lie;		/* added to Content-Length */

	int64_t hold_ms;	/* before anything is sent; negative: for ever */
	bool cut;		/* send only cut_at bytes of the body */
	size_t cut_at;
	bool half;		/* send only half of the body */
	bool drip;		/* the body one byte a second */
	bool drip_head;		/* the head too */
	bool shows;		/* all that is of /api/show, not of generate */
	bool tokenless;		/* no tokens are shown */
	unsigned long vocabulary;	/* tokens; VOCABULARY when 0 */
	bool sized;		/* vocab_size is shown */
	const char *pre;	/* how texts are cut; as by llama3.2 when NULL */
	enum ending ending;
};

/* Everything as usual for a name that is not in the table. */
struct twist twist_find(const char *model, size_t len);

void twist_help(void);

struct request {
	struct span method;
	struct span target;
	struct span body;
	size_t size;		/* bytes of it all, head and body */
	bool old;		/* HTTP/1.0 */
	bool close;
	bool expect;		/* the client waits for 100 Continue */
};

enum request_state {
	REQUEST_MORE,		/* not all there; method "" until the head is */
	REQUEST_WHOLE,
	REQUEST_BAD,
	REQUEST_NO_HOST,
	REQUEST_TOO_LARGE,
	REQUEST_HEAD_TOO_LARGE,
};

/* The spans point into bytes, but for a chunked body: good until the next call. */
enum request_state request_read(struct request *rq, const char *bytes, size_t len);

struct reply {
	struct buf bytes;
	size_t drip_from;	/* bytes that may go at once, SIZE_MAX for all */
	int64_t hold_ms;
	enum ending ending;
};

/* The body of /api/show. */
void show_make(struct buf *out, const struct ask *ask, const struct twist *t);

/* The body for a done_reason: "stop", "load" or "unload". */
void body_make(struct buf *out, const struct ask *ask, const struct twist *t, const char *reason);

struct counters {
	unsigned long requests;		/* to generate */
	unsigned long connections;	/* accepted */
	unsigned long aborted;		/* replies not sent in whole: the peer left */
	unsigned long waiting;		/* replies being held or sent */
};

extern struct counters counters;

/*
 * Record and answer what was asked; bytes is where the request starts.  May
 * end the process: see VOCABULARY.
 */
void answer_request(struct reply *reply, const struct request *rq, const char *bytes);

/* What the HTTP server itself refuses; the connection is closed. */
void answer_refuse(struct reply *reply, int status, const char *why);

/* The next bytes of END_ENDLESS. */
void answer_endless(struct reply *reply);

/* A new connection; epoll gives conn_event() its pointer back. */
void conn_open(int epoll, int fd);
void conn_event(void *ptr, uint32_t events);

/* The clock of what follows, how long epoll may wait, and what is due then. */
void conns_tick(void);
int conns_wait_ms(void);
void conns_go_on(void);
void conns_close(void);

/* Of the server: the files of -l and -r, and the end of the process. */
void record_request(const struct request *rq, const char *bytes);
void die(const char *what) __attribute__((noreturn));

#endif
