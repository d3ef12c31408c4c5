/* The pool alone: its responders answer nobody. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
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

static atomic_int shrinks;

static void stub_shrink(struct relay *relay)
{
	(void)relay;
	atomic_fetch_add(&shrinks, 1);
}

/*
 * A rest is short; or somebody is called in at the very moment when his is
 * over.
 */
static atomic_bool hurries, meets;

static int stub_wait(pthread_cond_t *called, pthread_mutex_t *lock, clockid_t clock, const struct timespec *until);

#define pthread_cond_clockwait	stub_wait
#define responder_new		stub_new
#define responder_free		stub_free
#define responder_accept	stub_accept
#define responder_answer	stub_answer
#define respond_stop		stub_stop
#define relay_shrink		stub_shrink
#define pool_start		tested_start
#define pool_stop		tested_stop
#include "fcgi/pool.c"
#undef pthread_cond_clockwait

static int stub_wait(pthread_cond_t *called, pthread_mutex_t *lock, clockid_t clock, const struct timespec *until)
{
	struct worker *worker = (struct worker *)((char *)called - offsetof(struct worker, called));
	struct timespec soon = *until;

	soon.tv_nsec += 10000000;
	soon.tv_sec += soon.tv_nsec / 1000000000 - REST;
	soon.tv_nsec %= 1000000000;
	if (atomic_load(&hurries))
		return pthread_cond_clockwait(called, lock, clock, &soon);
	if (!atomic_load(&meets))
		return pthread_cond_clockwait(called, lock, clock, until);
	worker->pool->resting = worker->below;
	worker->rests = false;
	return ETIMEDOUT;
}

static void who_is_called_in_as_his_rest_ends_stays(void)
{
	static const struct server server;
	struct pool *pool = calloc(1, sizeof(*pool) + sizeof(struct worker));

	init(pool, &server, 1);
	pool->resting = NULL;
	atomic_store(&meets, true);
	pthread_mutex_lock(&pool->lock);
	CHECK(rest(&pool->worker[0]) && pool->worker[0].runs);
	CHECK(!pool->resting && !pool->ended);
	pthread_mutex_unlock(&pool->lock);
	atomic_store(&meets, false);
	pthread_cond_destroy(&pool->worker[0].called);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

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

/* Threads that are there, at most as many as wanted; false if that does not come. */
static bool come_down(struct pool *pool, long wanted)
{
	long i, count = THREADS, tries = 2000;

	while (count > wanted && tries-- > 0) {
		usleep(5000);
		pthread_mutex_lock(&pool->lock);
		for (i = count = 0; i < THREADS; i++)
			count += pool->worker[i].runs;
		pthread_mutex_unlock(&pool->lock);
	}
	return count <= wanted;
}

static void threads_that_have_rested_end_and_come_back(void)
{
	static const struct server server;
	struct pool *pool;
	int round;

	atomic_store(&stopped, false);
	atomic_store(&taken, 0);
	atomic_store(&hurries, true);
	pool = tested_start(&server, THREADS);
	for (round = 0; pool && round < ROUNDS; round++) {
		while (atomic_load(&taken) < BUSY)
			usleep(1000);
		CHECK(come_down(pool, MANY));
		CHECK(atomic_exchange(&shrinks, 0) >= 1);
		atomic_store(&taken, 0);
	}
	CHECK(round == ROUNDS);
	if (pool)
		tested_stop(pool);
	atomic_store(&hurries, false);
}

int main(void)
{
	RUN(a_pool_stops_while_most_of_its_threads_rest);
	RUN(threads_that_have_rested_end_and_come_back);
	RUN(who_is_called_in_as_his_rest_ends_stays);
	return DONE();
}
