/* The pool alone: its responders answer nobody. */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi/log.h"
#include "fcgi/relay.h"
#include "fcgi/respond.h"
#include "tests/unit/tap.h"

#define THREADS	100
#define BUSY	200	/* requests that keep them all at work */
#define ROUNDS	20

struct responder {
	int unused;
};

static atomic_int taken;
static atomic_bool stopped;

static struct responder *stub_new(const struct server *server)
{
	(void)server;
	return calloc(1, sizeof(struct responder));
}

static void stub_free(struct responder *responder)
{
	free(responder);
}

static bool stub_accept(struct responder *responder)
{
	(void)responder;
	if (!atomic_load(&stopped) && atomic_fetch_add(&taken, 1) < BUSY)
		return true;
	usleep(2000);
	return false;
}

static void stub_answer(struct responder *responder)
{
	(void)responder;
	usleep(20000);
}

static void stub_stop(void)
{
	atomic_store(&stopped, true);
}

static void stub_shrink(struct relay *relay)
{
	(void)relay;
}

#define responder_new		stub_new
#define responder_free		stub_free
#define responder_accept	stub_accept
#define responder_answer	stub_answer
#define respond_stop		stub_stop
#define relay_shrink		stub_shrink
#define pool_start		tested_start
#define pool_stop		tested_stop
#include "fcgi/pool.c"

/* Threads that rest end at once then, and none of them may bury another. */
static void a_pool_stops_while_most_of_its_threads_rest(void)
{
	static const struct server server;
	struct pool *pool;
	int round, started = 0;

	for (round = 0; round < ROUNDS; round++) {
		atomic_store(&stopped, false);
		atomic_store(&taken, 0);
		pool = tested_start(&server, THREADS);
		if (!pool)
			break;
		started++;
		usleep(100000);
		tested_stop(pool);
	}
	CHECK(started == ROUNDS);
}

int main(void)
{
	RUN(a_pool_stops_while_most_of_its_threads_rest);
	return DONE();
}
