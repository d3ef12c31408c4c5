/*
 * Threads that answer requests; see pool.h.
 *
 * The kernel wakes threads in accept in turn.  Were all of them there, each
 * request would get the one that has been idle longest, with a cold stack
 * and cold caches; so few are, and the others rest on a stack of their own,
 * from which the last one in is the first one out.  Who has rested for long
 * ends, and the memory is the system's again.
 */
#include "pool.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "log.h"
#include "relay.h"
#include "respond.h"
#include "spare.h"

#ifdef OYSTER_SANITIZED
#define STACK		(1024 * 1024)	/* bytes; sanitizers need more */
#else
#define STACK		(128 * 1024)
#endif
#define GUARD		4096	/* bytes below a stack that nobody may touch */
#define FEW		4		/* fewer in accept: another is called in */
#define MANY		8		/* as many in accept: the next one rests */
#define REST		5		/* seconds */

struct worker {
	struct pool *pool;
	struct worker *below;		/* in the stack of those who rest */
	struct responder *responder;
	pthread_t thread;
	void *stack;
	bool has_thread;		/* to be joined */
	bool runs;			/* the thread has not ended */
	bool rests;			/* it is on the stack, with or without a thread */
	pthread_cond_t called;
};

struct pool {
	const struct server *server;
	pthread_mutex_t lock;		/* for what follows, but stop */
	struct worker *resting;		/* top of the stack */
	struct worker *ended;		/* whose thread has ended last */
	long accepting;
	time_t trimmed;			/* the last second whose end gave memory back */
	atomic_bool stop;
	long count;
	struct worker worker[];
};

static void *work(void *arg);

/* With the lock held, like all that follow up to rest; or by pool_stop, alone. */
static void bury(struct worker *worker)
{
	if (!worker->has_thread)
		return;
	pthread_join(worker->thread, NULL);
	munmap(worker->stack, STACK);
	responder_free(worker->responder);
	worker->responder = NULL;
	worker->has_thread = false;
}

/*
 * The C library would keep the pages of a stack when its thread has ended:
 * stacks are our own, and the thread that ends buries the one before.
 */
static void end(struct worker *worker)
{
	struct pool *pool = worker->pool;

	if (pool->ended)
		bury(pool->ended);
	pool->ended = worker;
}

static bool has_stack(struct worker *worker, pthread_attr_t *attr)
{
	worker->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (worker->stack == MAP_FAILED)
		return false;
	if (!mprotect(worker->stack, GUARD, PROT_NONE) &&
	    !pthread_attr_setstack(attr, worker->stack, STACK))
		return true;
	munmap(worker->stack, STACK);
	return false;
}

/* A thread for a worker without one. */
static bool start(struct worker *worker)
{
	pthread_attr_t attr;

	if (worker->pool->ended == worker)
		worker->pool->ended = NULL;
	bury(worker);
	if (!worker->responder)
		worker->responder = responder_new(worker->pool->server);
	if (!worker->responder || pthread_attr_init(&attr))
		return false;
	if (has_stack(worker, &attr)) {
		worker->has_thread = !pthread_create(&worker->thread, &attr,
						     work, worker);
		if (!worker->has_thread)
			munmap(worker->stack, STACK);
	}
	worker->runs = worker->has_thread;
	pthread_attr_destroy(&attr);
	return worker->runs;
}

/* One more goes to accept, if one is left. */
static void call_in(struct pool *pool)
{
	struct worker *worker = pool->resting;

	if (!worker)
		return;
	if (!worker->runs && !start(worker)) {
		log_line("no memory for another thread");
		return;
	}
	pool->resting = worker->below;
	pool->accepting++;
	worker->rests = false;
	pthread_cond_signal(&worker->called);
}

static void push(struct worker *worker)
{
	worker->rests = true;
	worker->below = worker->pool->resting;
	worker->pool->resting = worker;
}

static bool is_last(const struct worker *worker)
{
	const struct worker *other = worker->pool->resting;

	while (other && (other == worker || !other->runs))
		other = other->below;
	return !other;
}

/*
 * The load has gone down.  Of hundreds of threads that end together one in a
 * second sees to it, and the last: each would hold up all others.
 */
static void give_back(struct worker *worker, time_t second)
{
	struct pool *pool = worker->pool;

	if (second == pool->trimmed && !is_last(worker))
		return;
	pool->trimmed = second;
	pthread_mutex_unlock(&pool->lock);
	relay_shrink(pool->server->relay);
	spare_drop();
	malloc_trim(0);
	pthread_mutex_lock(&pool->lock);
}

/* Returns: whether the worker was called in; if not, its thread is to end. */
static bool rest(struct worker *worker)
{
	struct pool *pool = worker->pool;
	struct timespec until;
	int code = 0;

	push(worker);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REST;
	while (worker->rests && !atomic_load(&pool->stop) && code != ETIMEDOUT)
		code = pthread_cond_clockwait(&worker->called, &pool->lock,
					      CLOCK_MONOTONIC, &until);
	if (code == ETIMEDOUT && worker->rests)
		give_back(worker, until.tv_sec);
	worker->runs = !worker->rests;
	if (!worker->runs && !atomic_load(&pool->stop))	/* pool_stop buries then */
		end(worker);
	return worker->runs;
}

static void step_out(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->accepting--;
	if (pool->accepting < FEW && !atomic_load(&pool->stop))
		call_in(pool);
	pthread_mutex_unlock(&pool->lock);
}

static bool step_in(struct worker *worker)
{
	struct pool *pool = worker->pool;
	bool in = true;

	pthread_mutex_lock(&pool->lock);
	if (pool->accepting < MANY)
		pool->accepting++;
	else
		in = rest(worker);
	pthread_mutex_unlock(&pool->lock);
	return in;
}

/*
 * Wait for a request.  When stopping, those that wait in the socket's queue
 * are answered, too: false when there is none left.
 */
static bool accept_one(struct worker *worker)
{
	while (!responder_accept(worker->responder))
		if (atomic_load(&worker->pool->stop))
			return false;
	return true;
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (;;) {
		bool accepted = accept_one(worker);

		step_out(worker->pool);
		if (!accepted)
			return NULL;
		responder_answer(worker->responder);
		if (!step_in(worker))
			return NULL;
	}
}

static void init(struct pool *pool, const struct server *server, long threads)
{
	pool->server = server;
	pool->count = threads;
	pthread_mutex_init(&pool->lock, NULL);
	while (threads-- > 0) {
		pool->worker[threads].pool = pool;
		pthread_cond_init(&pool->worker[threads].called, NULL);
		push(&pool->worker[threads]);
	}
}

struct pool *pool_start(const struct server *server, long threads)
{
	struct pool *pool = calloc(1, sizeof(*pool) +
				   (size_t)threads * sizeof(struct worker));
	long first = threads < MANY ? threads : MANY;

	if (!pool) {
		log_line("no memory for %ld threads", threads);
		return NULL;
	}
	init(pool, server, threads);
	pthread_mutex_lock(&pool->lock);
	while (first-- > 0)
		call_in(pool);
	first = pool->accepting;
	pthread_mutex_unlock(&pool->lock);

	if (first == 0) {
		pool_stop(pool);
		return NULL;
	}
	return pool;
}

void pool_stop(struct pool *pool)
{
	long i;

	pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->stop, true);
	for (i = 0; i < pool->count; i++)
		pthread_cond_signal(&pool->worker[i].called);
	pthread_mutex_unlock(&pool->lock);

	respond_stop();
	for (i = 0; i < pool->count; i++) {
		bury(&pool->worker[i]);
		responder_free(pool->worker[i].responder);	/* without a thread */
		pthread_cond_destroy(&pool->worker[i].called);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
