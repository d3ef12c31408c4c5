/*
 * relay.h - requests to the model server.
 *
 * Only relay.c includes curl.h (main.c calls its global functions).  No
 * header of a client goes upstream, and none of the model server's comes
 * back: a body goes in, a status and a body come out.
 */
#ifndef OYSTER_RELAY_H
#define OYSTER_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct relay;

struct relay_call {
	struct text body;	/* POSTed as JSON */
	int client;		/* its hang-up ends the call; -1 for none */
	int64_t deadline;	/* relay_now() by which the reply must be whole */

	/* Of relay_show: is given the bytes of the reply as they come. */
	void (*look)(void *arg, const char *bytes, size_t len);
	void *arg;
};

/*
 * The upstream's name, if it is one, is looked up now and never again.  Without
 * an address for it there is no connection, and a log line.
 *
 * Returns: NULL without memory; to be released with relay_free
 * In:      upstream      http://host:port; must outlive the relay
 *          max_inflight  who may be inside at once
 */
struct relay *relay_new(const char *upstream, long max_inflight)
	__attribute__((nonnull, warn_unused_result));

/* Milliseconds of the monotonic clock. */
int64_t relay_now(void);

/*
 * Who waits for the model is inside: so many and no more, or nobody would be
 * left for what needs no model.  False when max_inflight are.
 */
bool relay_enter(struct relay *relay)
	__attribute__((nonnull, warn_unused_result));
void relay_leave(struct relay *relay) __attribute__((nonnull));

/*
 * POST /api/generate and wait for the whole reply.  For those inside.
 *
 * Out:     status  the HTTP status, on OYSTER_OK
 *          reply   its body; at most reply->max bytes
 * Returns: OYSTER_OK          whatever the status
 *          OYSTER_ECONNECT    no connection
 *          OYSTER_ECUT        the reply ended before its end
 *          OYSTER_EREPLYSIZE  it is longer than reply->max
 *          OYSTER_ETIMEOUT    the deadline has passed
 *          OYSTER_ECLIENT     the client hung up
 *          OYSTER_ENOMEM
 */
enum oyster_err relay_generate(struct relay *relay, long *status,
			       struct buf *reply, const struct relay_call *call)
	__attribute__((nonnull, warn_unused_result));

/*
 * POST /api/show, likewise.  The reply is looked at, and kept as far as there
 * is room in it.
 */
enum oyster_err relay_show(struct relay *relay, long *status,
			   struct buf *reply, const struct relay_call *call)
	__attribute__((nonnull, warn_unused_result));

/*
 * GET a path of the server.
 *
 * Out, Returns: as relay_generate; OYSTER_EBUSY when a few are under way
 */
enum oyster_err relay_get(struct relay *relay, long *status, struct buf *reply,
			  const char *path, int64_t deadline)
	__attribute__((nonnull, warn_unused_result));

/* Whether the client on a socket has hung up; -1 never has. */
bool relay_is_gone(int client);

/* Drop the connections that no call has needed since the last time. */
void relay_shrink(struct relay *relay) __attribute__((nonnull));

/*
 * Whether the upstream has a name, and for seconds there has been no connection
 * to where it led.  Nothing is under way then.
 */
bool relay_is_lost(struct relay *relay) __attribute__((nonnull));

/* NULL is fine.  No call may be under way. */
void relay_free(struct relay *relay);

#endif
