/* Threads that answer requests; see pool.h. */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "respond.h"

#ifdef OYSTER_SANITIZED
#define STACK		(1024 * 1024)	/* bytes; sanitizers need more */
#else
#define STACK		(128 * 1024)
#endif
#define WAKE		SIGUSR2		/* gets a thread out of accept */
#define WAKE_US		20000		/* between two tries */

struct worker {
	struct pool *pool;
	struct responder *responder;
	pthread_t thread;
	atomic_bool accepting;	/* a signal does no harm */
};

struct pool {
	atomic_bool stop;
	long count;		/* threads that run */
	struct worker worker[];
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	bool accepted;

	while (!atomic_load(&worker->pool->stop)) {
		atomic_store(&worker->accepting, true);
		accepted = responder_accept(worker->responder);
		atomic_store(&worker->accepting, false);
		if (accepted)
			responder_answer(worker->responder);
	}
	return NULL;
}

static void woken(int signal)
{
	(void)signal;
}

static bool start_worker(struct pool *pool, const struct server *server,
			 const pthread_attr_t *attr)
{
	struct worker *worker = &pool->worker[pool->count];

	worker->pool = pool;
	worker->responder = responder_new(server);
	if (!worker->responder ||
	    pthread_create(&worker->thread, attr, work, worker)) {
		responder_free(worker->responder);
		return false;
	}
	pool->count++;
	return true;
}

struct pool *pool_start(const struct server *server, long threads)
{
	struct sigaction action = { .sa_handler = woken, .sa_flags = SA_RESTART };
	struct pool *pool = calloc(1, sizeof(*pool) +
				   (size_t)threads * sizeof(struct worker));
	pthread_attr_t attr;

	if (!pool || sigaction(WAKE, &action, NULL) || pthread_attr_init(&attr)) {
		log_line("no memory for %ld threads", threads);
		free(pool);
		return NULL;
	}
	pthread_attr_setstacksize(&attr, STACK);
	while (pool->count < threads && start_worker(pool, server, &attr))
		;
	pthread_attr_destroy(&attr);

	if (pool->count < threads) {
		log_line("only %ld of %ld threads could be started",
			 pool->count, threads);
		pool_stop(pool);
		return NULL;
	}
	return pool;
}

/*
 * A thread may have looked at pool->stop just before it was set: it is woken
 * again and again until it has left accept for good.
 */
static bool wake(const struct pool *pool)
{
	bool any = false;
	long i;

	for (i = 0; i < pool->count; i++)
		if (atomic_load(&pool->worker[i].accepting)) {
			pthread_kill(pool->worker[i].thread, WAKE);
			any = true;
		}
	return any;
}

void pool_stop(struct pool *pool)
{
	long i;

	atomic_store(&pool->stop, true);
	respond_stop();
	while (wake(pool))
		usleep(WAKE_US);
	for (i = 0; i < pool->count; i++) {
		pthread_join(pool->worker[i].thread, NULL);
		responder_free(pool->worker[i].responder);
	}
	free(pool);
}
