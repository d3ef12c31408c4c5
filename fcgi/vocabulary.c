/* Whether the model knows the tokens of a context; see vocabulary.h. */
#include "vocabulary.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "log.h"
#include "request.h"
#include "show.h"

#define KNOWN_MAX	64	/* models */
#define KNOWN_MS	60000	/* before it is asked again */
#define SHOW_MS		10000	/* for an answer: others with a context wait for it */
#define STRANGERS_MAX	64	/* requests that wait for another model's answer */
#define LOOK_MS		500	/* between two looks for a client that waits */
#define ERROR_MAX	65536	/* bytes of a refusal */
#define ASK_EXTRA	64	/* bytes of the question beside the name */

struct known {
	char model[REQUEST_MODEL_MAX];
	size_t len;	/* bytes; 0 for none */
	uint64_t size;	/* tokens */
	int64_t asked;	/* relay_now() */
};

struct vocabulary {
	pthread_mutex_t lock;
	pthread_cond_t learned;
	bool is_asking;
	struct text asked;	/* the model, then */
	int strangers;
	struct relay *relay;
	struct known known[KNOWN_MAX];
};

struct vocabulary *vocabulary_new(struct relay *relay)
{
	struct vocabulary *vocabulary = calloc(1, sizeof(*vocabulary));
	pthread_condattr_t monotonic;

	if (!vocabulary)
		return NULL;
	vocabulary->relay = relay;
	pthread_mutex_init(&vocabulary->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&vocabulary->learned, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return vocabulary;
}

/* 0 if it is not known, or not known any more. */
static uint64_t find(const struct vocabulary *vocabulary, struct text model)
{
	int64_t since = relay_now() - KNOWN_MS;
	const struct known *known;
	int i;

	for (i = 0; i < KNOWN_MAX; i++) {
		known = &vocabulary->known[i];
		if (known->asked > since &&
		    text_equal((struct text){ known->model, known->len }, model))
			return known->size;
	}
	return 0;
}

/* In the place of the same model, or else of what was learned longest ago. */
static void remember(struct vocabulary *vocabulary, struct text model,
		     uint64_t size)
{
	struct known *place = vocabulary->known, *known;
	int i;

	for (i = 0; i < KNOWN_MAX; i++) {
		known = &vocabulary->known[i];
		if (text_equal((struct text){ known->model, known->len }, model)) {
			place = known;
			break;
		}
		if (known->asked < place->asked)
			place = known;
	}
	memcpy(place->model, model.at, model.len);
	place->len = model.len;
	place->size = size;
	place->asked = relay_now();
}

static void look(void *show, const char *bytes, size_t len)
{
	show_read(show, bytes, len);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Out: size, with status 200 */
static enum oyster_err ask(const struct vocabulary *vocabulary, uint64_t *size,
			   long *status, struct buf *reply, struct text model,
			   const struct relay_call *call)
{
	struct buf body = BUF_INIT(6 * REQUEST_MODEL_MAX + ASK_EXTRA);
	struct show show = { 0 };
	struct relay_call asked = { .client = call->client,
				    .deadline = earlier(call->deadline,
							relay_now() + SHOW_MS),
				    .look = look, .arg = &show };
	enum oyster_err err = buf_puts(&body, "{\"model\":");

	if (!err)
		err = json_put_string(&body, model);
	if (!err)
		err = buf_puts(&body, ",\"verbose\":true}");
	if (!err) {
		asked.body = (struct text){ body.data, body.len };
		err = relay_show(vocabulary->relay, status, reply, &asked);
	}
	buf_clear(&body);
	if (err || *status != 200)
		return err;
	buf_clear(reply);
	*size = show_size(&show);
	if (*size > 0)
		return OYSTER_OK;
	log_line("the model server does not say how many tokens a model knows: "
		 "OYSTER_MAX_TOKEN would");
	return OYSTER_ENOVOCABULARY;
}

/* Whether all tokens of a context, without white space, are below size. */
static bool knows(uint64_t size, struct text context)
{
	uint64_t token = 0;
	size_t i;

	for (i = 0; i < context.len; i++) {
		char c = context.at[i];

		token = c >= '0' && c <= '9' ? 10 * token + (uint64_t)(c - '0') : 0;
		if (token >= size)
			return false;
	}
	return true;
}

/* Until somebody has learned something, or there is no use in it any more. */
static enum oyster_err wait_for_news(struct vocabulary *vocabulary,
				     const struct relay_call *call)
{
	int64_t end = earlier(call->deadline, relay_now() + LOOK_MS);
	struct timespec until = { .tv_sec = end / 1000,
				  .tv_nsec = end % 1000 * 1000000 };

	if (relay_now() >= call->deadline)
		return OYSTER_ETIMEOUT;
	pthread_cond_timedwait(&vocabulary->learned, &vocabulary->lock, &until);
	return relay_is_gone(call->client) ? OYSTER_ECLIENT : OYSTER_OK;
}

/* The size, or the right to ask for it. */
static enum oyster_err wait_in_line(struct vocabulary *vocabulary,
				    uint64_t *size, struct text model,
				    const struct relay_call *call)
{
	enum oyster_err err = OYSTER_OK;

	while (!err && (*size = find(vocabulary, model)) == 0 &&
	       vocabulary->is_asking)
		err = wait_for_news(vocabulary, call);
	if (!err && *size == 0) {
		vocabulary->is_asking = true;
		vocabulary->asked = model;
	}
	return err;
}

/* Names are anybody's to make up: few may wait behind those of others. */
static enum oyster_err learn(struct vocabulary *vocabulary, uint64_t *size,
			     struct text model, const struct relay_call *call)
{
	enum oyster_err err = OYSTER_EBUSY;
	bool is_stranger;

	pthread_mutex_lock(&vocabulary->lock);
	is_stranger = find(vocabulary, model) == 0 && vocabulary->is_asking &&
		      !text_equal(vocabulary->asked, model);
	if (!is_stranger || vocabulary->strangers < STRANGERS_MAX) {
		vocabulary->strangers += is_stranger;
		err = wait_in_line(vocabulary, size, model, call);
		vocabulary->strangers -= is_stranger;
	}
	pthread_mutex_unlock(&vocabulary->lock);
	return err;
}

static void tell(struct vocabulary *vocabulary, struct text model, uint64_t size)
{
	pthread_mutex_lock(&vocabulary->lock);
	if (size > 0)
		remember(vocabulary, model, size);
	vocabulary->is_asking = false;
	pthread_cond_broadcast(&vocabulary->learned);
	pthread_mutex_unlock(&vocabulary->lock);
}

enum oyster_err vocabulary_check(struct vocabulary *vocabulary, long *status,
				 struct buf *reply, struct text model,
				 struct text context,
				 const struct relay_call *call)
{
	uint64_t size, learned = 0;
	enum oyster_err err;

	*status = 200;
	err = learn(vocabulary, &size, model, call);
	if (err)
		return err;
	if (size == 0) {
		reply->max = ERROR_MAX;
		err = ask(vocabulary, &learned, status, reply, model, call);
		tell(vocabulary, model, learned);
		if (err || *status != 200)
			return err;
		size = learned;
	}
	return knows(size, context) ? OYSTER_OK : OYSTER_EVOCABULARY;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
	if (!vocabulary)
		return;
	pthread_cond_destroy(&vocabulary->learned);
	pthread_mutex_destroy(&vocabulary->lock);
	free(vocabulary);
}
