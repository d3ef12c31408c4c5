/* Whether a tokenizer bears what is asked; see vocabulary.h. */
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
#include "tokenizer.h"

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
	struct tokenizer tokenizer;
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

/* NULL if it is not known, or not known any more. */
static const struct tokenizer *find(const struct vocabulary *vocabulary,
				    struct text model)
{
	int64_t since = relay_now() - KNOWN_MS;
	const struct known *known;
	int i;

	for (i = 0; i < KNOWN_MAX; i++) {
		known = &vocabulary->known[i];
		if (known->asked > since &&
		    text_equal((struct text){ known->model, known->len }, model))
			return &known->tokenizer;
	}
	return NULL;
}

/* In the place of the same model, or else of what was learned longest ago. */
static void remember(struct vocabulary *vocabulary, struct text model,
		     const struct tokenizer *tokenizer)
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
	tokenizer_clear(&place->tokenizer);
	place->tokenizer = *tokenizer;
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

/* Out: show, with status 200 */
static enum oyster_err ask_show(const struct vocabulary *vocabulary,
				struct show *show, long *status,
				struct buf *reply, struct text model,
				const struct relay_call *call)
{
	struct buf body = BUF_INIT(6 * REQUEST_MODEL_MAX + ASK_EXTRA);
	struct relay_call asked = { .client = call->client,
				    .deadline = earlier(call->deadline,
							relay_now() + SHOW_MS),
				    .look = look, .arg = show };
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
	return err;
}

/* Out: tokenizer, with status 200; its size is 0 when there is none */
static enum oyster_err ask(const struct vocabulary *vocabulary,
			   struct tokenizer *tokenizer, long *status,
			   struct buf *reply, struct text model,
			   const struct relay_call *call)
{
	struct show show = { 0 };
	enum oyster_err err = ask_show(vocabulary, &show, status, reply, model, call);

	if (!err && *status == 200) {
		buf_clear(reply);
		err = show_take(&show, tokenizer);
		if (!err && tokenizer->size == 0) {
			log_line("the model server does not say how many tokens "
				 "a model knows: for contexts OYSTER_MAX_TOKEN would");
			err = OYSTER_ENOVOCABULARY;
		}
	}
	show_clear(&show);
	return err;
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

/* The tokenizer, or NULL and the right to ask for it. */
static enum oyster_err wait_in_line(struct vocabulary *vocabulary,
				    const struct tokenizer **tokenizer,
				    struct text model,
				    const struct relay_call *call)
{
	enum oyster_err err = OYSTER_OK;

	while (!err && !(*tokenizer = find(vocabulary, model)) &&
	       vocabulary->is_asking)
		err = wait_for_news(vocabulary, call);
	if (!err && !*tokenizer) {
		vocabulary->is_asking = true;
		vocabulary->asked = model;
	}
	return err;
}

/*
 * What is known is looked at under the lock, since its place can be another's
 * then.  Names are anybody's to make up: few may wait behind those of others.
 *
 * Out: is_ours, to ask for
 */
static enum oyster_err check_known(struct vocabulary *vocabulary, bool *is_ours,
				   struct text model, struct text context,
				   const struct stretch *texts,
				   const struct relay_call *call)
{
	const struct tokenizer *tokenizer = NULL;
	enum oyster_err err = OYSTER_EBUSY;
	bool is_stranger;

	pthread_mutex_lock(&vocabulary->lock);
	is_stranger = !find(vocabulary, model) && vocabulary->is_asking &&
		      !text_equal(vocabulary->asked, model);
	if (!is_stranger || vocabulary->strangers < STRANGERS_MAX) {
		vocabulary->strangers += is_stranger;
		err = wait_in_line(vocabulary, &tokenizer, model, call);
		vocabulary->strangers -= is_stranger;
	}
	*is_ours = !err && !tokenizer;
	if (!err && tokenizer)
		err = tokenizer_check(tokenizer, context, texts);
	pthread_mutex_unlock(&vocabulary->lock);
	return err;
}

/* A tokenizer of no size is none. */
static void tell(struct vocabulary *vocabulary, struct text model,
		 struct tokenizer *tokenizer)
{
	pthread_mutex_lock(&vocabulary->lock);
	if (tokenizer->size > 0)
		remember(vocabulary, model, tokenizer);
	else
		tokenizer_clear(tokenizer);
	vocabulary->is_asking = false;
	pthread_cond_broadcast(&vocabulary->learned);
	pthread_mutex_unlock(&vocabulary->lock);
}

enum oyster_err vocabulary_check(struct vocabulary *vocabulary, long *status,
				 struct buf *reply, struct text model,
				 struct text context,
				 const struct stretch *texts,
				 const struct relay_call *call)
{
	struct tokenizer learned = { 0 };
	enum oyster_err err;
	bool is_ours;

	*status = 200;
	err = check_known(vocabulary, &is_ours, model, context, texts, call);
	if (!is_ours)
		return err;
	reply->max = ERROR_MAX;
	err = ask(vocabulary, &learned, status, reply, model, call);
	if (!err && *status == 200)
		err = tokenizer_check(&learned, context, texts);
	tell(vocabulary, model, &learned);
	return err;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
	int i;

	if (!vocabulary)
		return;
	for (i = 0; i < KNOWN_MAX; i++)
		tokenizer_clear(&vocabulary->known[i].tokenizer);
	pthread_cond_destroy(&vocabulary->learned);
	pthread_mutex_destroy(&vocabulary->lock);
	free(vocabulary);
}
