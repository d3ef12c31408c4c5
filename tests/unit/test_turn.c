/* Large replies are read and signed one after the other, others beside each other. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/dialed.h"
#include "tests/unit/tap.h"

#define CLIENTS	4
#define LARGE	131072	/* bytes; fcgi/spare.h */

static size_t size;	/* of the replies */
static atomic_int inside, most;

enum oyster_err __wrap_relay_generate(struct relay *relay, long *status, struct buf *reply, const struct relay_call *call);

enum oyster_err __wrap_relay_generate(struct relay *relay, long *status, struct buf *reply, const struct relay_call *call)
{
	(void)relay, (void)call;
	*status = 200;
	reply->max = size;
	if (buf_reserve(reply, size))
		return OYSTER_ENOMEM;
	memset(reply->data, 'x', size);
	reply->len = size;
	return OYSTER_OK;
}

enum oyster_err __real_reply_parse(struct reply *reply, struct text model);
enum oyster_err __wrap_reply_parse(struct reply *reply, struct text model);

/* Long enough for another to come, who does when he may. */
enum oyster_err __wrap_reply_parse(struct reply *reply, struct text model)
{
	int now = ++inside, tries = size < LARGE ? 5000 : 100;

	if (now > most)
		most = now;
	while (most < 2 && tries-- > 0)
		usleep(1000);
	inside--;
	return __real_reply_parse(reply, model);
}

static void *ask_one(void *arg)
{
	struct signer_signed made;
	struct answer answer;

	if (!serve(&server, &answer, arg))
		return arg;
	serve_sign(&server, &answer, arg, &made);
	if (answer.status != 502 || !answer.made)
		return arg;
	answer_clear(&answer);
	return NULL;
}

/* Returns: how many were read at once, at most */
static int ask_all(size_t bytes)
{
	pthread_t threads[CLIENTS];
	struct call calls[CLIENTS];
	void *wrong;
	int i;

	size = bytes;
	most = 0;
	for (i = 0; i < CLIENTS; i++) {
		calls[i] = dial("POST", "/api/generate", GOOD);
		CHECK(!pthread_create(&threads[i], NULL, ask_one, &calls[i]));
	}
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], &wrong);
		CHECK(!wrong);
		buf_clear(&calls[i].body);
	}
	return most;
}

static void large_replies_wait_for_each_other(void)
{
	CHECK(ask_all(LARGE) == 1);
	CHECK(ask_all(LARGE) == 1);
}

static void others_do_not(void)
{
	CHECK(ask_all(LARGE - 1) > 1);
}

int main(void)
{
	set_up();
	RUN(large_replies_wait_for_each_other);
	RUN(others_do_not);
	tear_down();
	return DONE();
}
