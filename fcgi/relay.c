/* Requests to the model server, with libcurl; see relay.h. */
#include "relay.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "address.h"
#include "log.h"
#include "wipe.h"

#define URL_MAX		512	/* bytes */
#define IDLE_MAX	32	/* handles that are kept with their connection */
#define GETS_MAX	4	/* each asks the model server: nobody may make it a flood */
#define CONNECT_MS	2000L
#define SLACK_MS	100	/* how far curl's clock may be ahead of ours */
#define HEAD_MAX	65536	/* bytes of a reply's header section */
#define UPLOAD_BUFFER	16384L	/* bytes; libcurl's smallest */
#define BUFFER		4096L	/* bytes read at once: each client that waits has it */
#define LOOK_MS		500	/* between two looks for the client */
#define SEEN_MAX	(256UL << 20)	/* bytes of a reply that is looked at */

/* One transfer at a time; keeps its connection between transfers. */
struct handle {
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

/* How many may be under way at once. */
struct gate {
	long inside;
	long max;
};

/*
 * The idle handles are a stack: threads are woken in turn, so a handle of
 * each thread's own would mostly be one whose connection has gone cold.
 */
struct relay {
	pthread_mutex_t lock;
	struct handle *idle[IDLE_MAX];
	int idle_count;
	int idle_least;		/* since relay_shrink: how many nobody needed */
	struct gate generate;
	struct gate get;
	const char *upstream;
	struct curl_slist *headers;
	struct address address;
	struct curl_slist *addresses;	/* of a name */
};

/* What curl's callbacks know of a transfer. */
struct sink {
	struct buf *to;
	size_t head;	/* bytes of the header section so far */
	size_t seen;	/* of the body, by look */
	const struct relay_call *call;
	int64_t looked;	/* relay_now() of the last look for the client */
	int sends;	/* how often curl may still send the request */
	enum oyster_err err;
};

static void handle_free(struct handle *handle)
{
	if (!handle)
		return;
	curl_easy_cleanup(handle->easy);
	free(handle);
}

/*
 * curl is about to send the request.  When the server drops a kept connection
 * it would do so again, without a word, and a prompt that crashes the model
 * would do it twice.
 */
static int may_send(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct sink *sink = arg;

	(void)to, (void)from, (void)to_port, (void)from_port;
	if (sink->sends-- > 0)
		return CURL_PREREQFUNC_OK;
	sink->err = OYSTER_ECUT;
	return CURL_PREREQFUNC_ABORT;
}

/* Keep what there is room for. */
static enum oyster_err look(struct sink *sink, const char *bytes, size_t len)
{
	size_t room = sink->to->max - sink->to->len;

	sink->seen += len;
	if (sink->seen > SEEN_MAX)
		return OYSTER_ETOOBIG;
	sink->call->look(sink->call->arg, bytes, len);
	return buf_add(sink->to, bytes, len < room ? len : room);
}

/* curl's write callback: a short count makes curl fail the transfer. */
static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
	struct sink *sink = arg;
	size_t len = size * count;

	sink->err = sink->call->look ? look(sink, bytes, len) :
				       buf_add(sink->to, bytes, len);
	return sink->err ? 0 : len;
}

/* curl's header callback: curl itself would keep headers without end. */
static size_t count_head(char *bytes, size_t size, size_t count, void *arg)
{
	struct sink *sink = arg;

	(void)bytes;
	sink->head += size * count;
	if (sink->head <= HEAD_MAX)
		return size * count;
	sink->err = OYSTER_ETOOBIG;
	return 0;
}

/* Readable without a byte to read: the other side has hung up. */
bool relay_is_gone(int client)
{
	char byte;
	ssize_t got;

	if (client < 0)
		return false;
	got = recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return got == 0 || (got < 0 && errno == ECONNRESET);
}

/*
 * curl's progress callback: it comes at least once a second while curl waits,
 * and ten times for an answer that comes at once.  Who waits gives back what
 * the way to the model's socket took of the stack.
 * A loop of our own over a curl_multi would notice at once, but cost every
 * waiting client 6 KB more.
 */
static int watch(void *arg, curl_off_t down, curl_off_t downloaded,
		 curl_off_t up, curl_off_t uploaded)
{
	struct sink *sink = arg;
	int64_t now = relay_now();

	(void)down, (void)downloaded, (void)up, (void)uploaded;
	if (now - sink->looked < LOOK_MS)
		return 0;
	sink->looked = now;
	wipe_give_stack();
	return relay_is_gone(sink->call->client);
}

/* Settings that are the same for every transfer of a handle. */
static bool handle_prepare(const struct relay *relay, struct handle *handle)
{
	CURL *easy = handle->easy;

	return !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       /* http_proxy of the environment must not see a prompt */
	       !curl_easy_setopt(easy, CURLOPT_PROXY, "") &&
	       !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") &&
	       !curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
				 CURL_HTTP_VERSION_1_1) &&
	       !curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, relay->headers) &&
	       !curl_easy_setopt(easy, CURLOPT_RESOLVE, relay->addresses) &&
	       !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) &&
	       !curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
				 UPLOAD_BUFFER) &&
	       !curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER) &&
	       !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->why) &&
	       !curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, may_send) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) &&
	       !curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_head) &&
	       !curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) &&
	       !curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
}

static struct handle *handle_new(const struct relay *relay)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->easy = curl_easy_init();
	if (handle->easy && handle_prepare(relay, handle))
		return handle;
	handle_free(handle);
	return NULL;
}

/* Nobody has been heard on its connection since the last reply. */
static bool is_quiet(const struct handle *handle)
{
	curl_socket_t socket;
	char byte;

	return curl_easy_getinfo(handle->easy, CURLINFO_ACTIVESOCKET, &socket) ||
	       socket == CURL_SOCKET_BAD ||
	       recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* What came unasked would be taken for the reply to the next request. */
static struct handle *relay_take(struct relay *relay)
{
	struct handle *handle = NULL;

	pthread_mutex_lock(&relay->lock);
	if (relay->idle_count > 0)
		handle = relay->idle[--relay->idle_count];
	if (relay->idle_least > relay->idle_count)
		relay->idle_least = relay->idle_count;
	pthread_mutex_unlock(&relay->lock);
	if (handle && is_quiet(handle))
		return handle;
	handle_free(handle);
	return handle_new(relay);
}

static void relay_give(struct relay *relay, struct handle *handle)
{
	pthread_mutex_lock(&relay->lock);
	if (relay->idle_count < IDLE_MAX) {
		relay->idle[relay->idle_count++] = handle;
		handle = NULL;
	}
	pthread_mutex_unlock(&relay->lock);
	handle_free(handle);
}

void relay_shrink(struct relay *relay)
{
	struct handle *idle[IDLE_MAX];
	int count, i;

	pthread_mutex_lock(&relay->lock);
	count = relay->idle_least;
	memcpy(idle, relay->idle, (size_t)count * sizeof(*idle));
	relay->idle_count -= count;
	memmove(relay->idle, relay->idle + count,
		(size_t)relay->idle_count * sizeof(*idle));
	relay->idle_least = relay->idle_count;
	pthread_mutex_unlock(&relay->lock);
	for (i = 0; i < count; i++)
		handle_free(idle[i]);
}

/* False without memory. */
static bool look_up(struct relay *relay)
{
	address_find(&relay->address, relay->upstream);
	if (!relay->address.list[0])
		return true;
	relay->addresses = curl_slist_append(NULL, relay->address.list);
	return relay->addresses;
}

struct relay *relay_new(const char *upstream, long max_inflight)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	struct curl_slist *more;

	if (!relay)
		return NULL;
	pthread_mutex_init(&relay->lock, NULL);
	relay->upstream = upstream;
	relay->generate.max = max_inflight;
	relay->get.max = GETS_MAX;
	relay->headers = curl_slist_append(NULL, "Content-Type: application/json");
	/* An empty Expect: curl would wait for a 100 before a long body. */
	more = relay->headers ? curl_slist_append(relay->headers, "Expect:") : NULL;
	if (more && look_up(relay))
		return relay;
	relay_free(relay);
	return NULL;
}

int64_t relay_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum oyster_err from_curl(CURLcode code, const struct sink *sink,
				 int64_t deadline)
{
	switch (code) {
	case CURLE_OK:
		return OYSTER_OK;
	case CURLE_ABORTED_BY_CALLBACK:
		return sink->err ? sink->err : OYSTER_ECLIENT;
	case CURLE_WRITE_ERROR:
		return sink->err == OYSTER_ETOOBIG ? OYSTER_EREPLYSIZE :
						     OYSTER_ENOMEM;
	case CURLE_OUT_OF_MEMORY:
		/* It is also what curl says of a single line of over 100 KB. */
		return sink->head > 0 ? OYSTER_EREPLYSIZE : OYSTER_ENOMEM;
	case CURLE_OPERATION_TIMEDOUT:
		return deadline - relay_now() < SLACK_MS ? OYSTER_ETIMEOUT :
							   OYSTER_ECONNECT;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return OYSTER_ECONNECT;
	default:
		return OYSTER_ECUT;
	}
}

/* What differs between transfers but their method. */
static bool prepare(const struct relay *relay, struct handle *handle,
		    struct sink *sink, const char *path, int64_t deadline)
{
	char url[URL_MAX];
	int64_t left = deadline - relay_now();
	int len = snprintf(url, sizeof(url), "%s%s", relay->upstream, path);

	if (left < 1)
		left = 1;	/* 0 would be no limit */
	return (size_t)len < sizeof(url) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_URL, url) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_TIMEOUT_MS, (long)left) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_WRITEDATA, sink) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_HEADERDATA, sink) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_PREREQDATA, sink) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_XFERINFODATA, sink);
}

static bool prepare_post(struct handle *handle, struct text body)
{
	return !curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)body.len) &&
	       !curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDS, body.at);
}

/* Only a connection that was there, or was refused, tells of the address. */
static void note(struct relay *relay, enum oyster_err err, bool connected)
{
	if (connected || err == OYSTER_ECONNECT)
		address_note(&relay->address, err != OYSTER_ECONNECT, relay_now());
}

/* call->body.at is NULL for a GET. */
static enum oyster_err run(struct relay *relay, long *status, struct buf *reply,
			   const char *path, const struct relay_call *call)
{
	const int sends = call->body.at && !call->look ? 1 : 2;
	struct sink sink = { .to = reply, .call = call,
			     .looked = relay_now(), .sends = sends };
	enum oyster_err err = OYSTER_ENOMEM;
	struct handle *handle;

	if (address_is_nowhere(&relay->address)) {
		note(relay, OYSTER_ECONNECT, false);
		return OYSTER_ECONNECT;
	}
	handle = relay_take(relay);
	if (!handle)
		return err;
	handle->why[0] = '\0';
	if (!prepare(relay, handle, &sink, path, call->deadline) ||
	    (call->body.at ? !prepare_post(handle, call->body) :
	     curl_easy_setopt(handle->easy, CURLOPT_HTTPGET, 1L)))
		goto out;

	err = from_curl(curl_easy_perform(handle->easy), &sink, call->deadline);
	note(relay, err, sink.sends < sends);
	if (!err)
		curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, status);
	else if (err != OYSTER_ECLIENT)
		log_line("%s: %s", err_text(err), handle->why);
out:
	if (err) {
		handle_free(handle);	/* and its connection, in whatever state */
		buf_clear(reply);
	} else {
		relay_give(relay, handle);
	}
	return err;
}

static bool enter(struct relay *relay, struct gate *gate)
{
	bool free;

	pthread_mutex_lock(&relay->lock);
	free = gate->inside < gate->max;
	gate->inside += free;
	pthread_mutex_unlock(&relay->lock);
	return free;
}

static void leave(struct relay *relay, struct gate *gate)
{
	pthread_mutex_lock(&relay->lock);
	gate->inside--;
	pthread_mutex_unlock(&relay->lock);
}

bool relay_enter(struct relay *relay)
{
	return enter(relay, &relay->generate);
}

void relay_leave(struct relay *relay)
{
	leave(relay, &relay->generate);
}

bool relay_is_lost(struct relay *relay)
{
	bool busy;

	pthread_mutex_lock(&relay->lock);
	busy = relay->generate.inside || relay->get.inside;
	pthread_mutex_unlock(&relay->lock);
	return !busy && address_is_lost(&relay->address);
}

enum oyster_err relay_generate(struct relay *relay, long *status,
			       struct buf *reply, const struct relay_call *call)
{
	return run(relay, status, reply, "/api/generate", call);
}

enum oyster_err relay_show(struct relay *relay, long *status,
			   struct buf *reply, const struct relay_call *call)
{
	return run(relay, status, reply, "/api/show", call);
}

enum oyster_err relay_get(struct relay *relay, long *status, struct buf *reply,
			  const char *path, int64_t deadline)
{
	struct relay_call call = { .client = -1, .deadline = deadline };
	enum oyster_err err;

	if (!enter(relay, &relay->get))
		return OYSTER_EBUSY;
	err = run(relay, status, reply, path, &call);
	leave(relay, &relay->get);
	return err;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	while (relay->idle_count > 0)
		handle_free(relay->idle[--relay->idle_count]);
	curl_slist_free_all(relay->headers);
	curl_slist_free_all(relay->addresses);
	pthread_mutex_destroy(&relay->lock);
	free(relay);
}
