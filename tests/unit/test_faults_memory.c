/*
 * Every time that something is put into a buffer there may be no memory for
 * it: the request is answered with that, or the answer says so.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "fcgi/answer.h"
#include "fcgi/json.h"
#include "fcgi/show.h"
#include "fcgi/vocabulary.h"
#include "tests/unit/ask.h"
#include "tests/unit/dialed.h"
#include "tests/unit/faults.h"

FAULT(enum oyster_err, buf_reserve, (struct buf *buf, size_t len), (buf, len))
FAULT(enum oyster_err, buf_add, (struct buf *buf, const void *bytes, size_t len), (buf, bytes, len))
FAULT(enum oyster_err, buf_puts, (struct buf *buf, const char *string), (buf, string))
FAULT(enum oyster_err, json_put_string, (struct buf *buf, struct text decoded), (buf, decoded))
FAULT(enum oyster_err, json_put_value, (struct buf *buf, const struct json *value), (buf, value))
FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(void *, malloc, (size_t size), (size))
FAULT(void *, realloc, (void *old, size_t size), (old, size))

static const char *const names[] = { "buf_reserve", "buf_add", "buf_puts", "json_put_string", "json_put_value", "malloc", "realloc" };

static long failure(const char *name)
{
	return strcmp(name, "malloc") && strcmp(name, "realloc") ? OYSTER_ENOMEM : 0;
}

/*
 * Have each call of each function fail, until there are no more of them;
 * each time what is tried must tell.  Returns how many there were.
 */
static int fail_each(bool tells(const char *text), const char *text)
{
	int count = 0, turn;
	size_t i;
	bool told;

	for (i = 0; i < COUNT(names); i++)
		for (turn = 1;; turn++) {
			fault_set(names[i], turn, ENOMEM, failure(names[i]));
			told = tells(text);
			if (!fault_came())
				break;
			CHECK_ROW(told, text);
			count++;
		}
	return count;
}

static bool request_tells(const char *body)
{
	struct asked asked = ask(body);
	bool ok = asked.err == OYSTER_ENOMEM;

	forget(&asked);
	return ok;
}

static void requests_are_relayed_whole_or_not_at_all(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"prompt\":\"hi\"}",
		"{\"model\":\"m\",\"prompt\":\"h\\ni\",\"context\":[1,2]}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"images\":[\"aGk=\",\"aGk=\"]}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"options\":{\"seed\":1,\"num_gpu\":null,\"top_k\":null,\"stop\":[\"a\",\"b\"]}}",
		"{\"model\":\"m\",\"prompt\":\"hi\",\"system\":\"s\",\"format\":\"json\",\"raw\":true}",
	};
	size_t i;

	for (i = 0; i < COUNT(bodies); i++) {
		struct asked asked = ask(bodies[i]);

		CHECK_ROW(asked.err == OYSTER_OK, bodies[i]);
		forget(&asked);
		CHECK_ROW(fail_each(request_tells, bodies[i]) >= 5, bodies[i]);
	}
}

static bool reply_tells(const char *body)
{
	struct reply reply = { 0 };
	bool ok;

	reply.body.data = exact_copy(body, strlen(body));
	reply.body.len = reply.body.cap = reply.body.max = strlen(body);
	ok = reply_parse(&reply, (struct text){ "m", 1 }) == OYSTER_ENOMEM && !reply.response.at;
	reply_clear(&reply);
	return ok;
}

static void a_reply_is_taken_whole_or_not_at_all(void)
{
	CHECK(fail_each(reply_tells, "{\"model\":\"m\",\"response\":\"a\",\"context\":[1,2],\"done\":true}") >= 1);
}

static bool error_tells(const char *sentence)
{
	struct answer answer;
	char body[128];
	bool ok;

	answer_init(&answer);
	answer_error(&answer, OYSTER_ETOOBIG, sentence);
	join(body, sizeof(body), &answer);
	ok = answer.status == 413 && !strcmp(body, "{\"error\":\"out of memory\"}\n");
	answer_clear(&answer);
	return ok;
}

static void an_error_that_finds_no_memory_says_that(void)
{
	CHECK(fail_each(error_tells, "culprit") >= 4);
}

static bool signer_tells(const char *target)
{
	struct call call = { .method = "GET", .target = target, .client = -1 };
	struct signer_signed made;
	struct answer answer;
	char body[128];
	bool ok;

	CHECK(serve(&server, &answer, &call));
	serve_sign(&server, &answer, &call, &made);
	join(body, sizeof(body), &answer);
	ok = answer.status == 500 && answer.made && !strcmp(body, "{\"error\":\"out of memory\"}\n");
	answer_clear(&answer);
	return ok;
}

static void who_signs_is_said_whole_or_not_at_all(void)
{
	set_up();
	CHECK(fail_each(signer_tells, "/oyster/signer") >= 9);
	tear_down();
}

/* Milliseconds that the monotonic clock is ahead. */
static int64_t ahead;

int64_t __real_relay_now(void);
int64_t __wrap_relay_now(void);

int64_t __wrap_relay_now(void)
{
	return __real_relay_now() + ahead;
}

/* A model whose vocabulary cannot be asked for. */
static struct vocabulary *vocabulary;
static struct relay *nobody;

static enum oyster_err check_for(const char *model, int client, int64_t left)
{
	struct relay_call call = { .client = client, .deadline = relay_now() + left };
	struct buf reply = { .max = 0 };
	enum oyster_err err;
	long status;

	err = vocabulary_check(vocabulary, &status, &reply, (struct text){ model, strlen(model) }, (struct text){ "[1]", 3 },
			       &(struct stretch){ 0 }, &call);
	CHECK(status == 200);
	buf_clear(&reply);
	return err;
}

static enum oyster_err check_context(int64_t left)
{
	return check_for("m", -1, left);
}

static bool vocabulary_tells(const char *unused)
{
	(void)unused;
	return check_context(5000) == OYSTER_ENOMEM;
}

static void a_model_is_asked_for_in_whole_words_or_not_at_all(void)
{
	nobody = relay_new("http://127.0.0.1:1", 1);
	fault_set("calloc", 1, ENOMEM, 0);
	CHECK(!vocabulary_new(nobody) && fault_came());
	vocabulary = vocabulary_new(nobody);
	CHECK(fail_each(vocabulary_tells, "") >= 3);
	vocabulary_free(vocabulary);
	vocabulary_free(NULL);
	relay_free(nobody);
}

static bool show_tells(const char *text)
{
	struct show show = { 0 };
	struct tokenizer tokenizer;
	enum oyster_err err;

	show_read(&show, text, strlen(text));
	err = show_take(&show, &tokenizer);
	show_clear(&show);
	if (!err)
		tokenizer_clear(&tokenizer);
	return err == OYSTER_ENOMEM;
}

static void a_tokenizer_is_known_with_all_its_tokens_or_not_at_all(void)
{
	CHECK(fail_each(show_tells, "{\"model_info\":{\"tokenizer.ggml.tokens\":[\"a\",\"b\"]}}") >= 1);
	CHECK(fail_each(show_tells, "{\"model_info\":{\"tokenizer.ggml.token_type\":[1,1],\"tokenizer.ggml.tokens\":[\"a\",\"b\"]}}") >= 1);
}

/* The question is on its way until the other end is closed. */
static int on_its_way[2];
static atomic_bool is_asked;

enum oyster_err __wrap_relay_show(struct relay *relay, long *status, struct buf *reply, const struct relay_call *call);

enum oyster_err __wrap_relay_show(struct relay *relay, long *status, struct buf *reply, const struct relay_call *call)
{
	static const char shows[] = "{\"model_info\":{\"tokenizer.ggml.tokens\":[\"a\",\"b\"]}}";
	char byte;

	(void)relay, (void)reply;
	if (!on_its_way[0])
		return OYSTER_ECONNECT;
	atomic_store(&is_asked, true);
	if (read(on_its_way[0], &byte, 1) < 0)
		abort();
	call->look(call->arg, shows, strlen(shows));
	*status = 200;
	return OYSTER_OK;
}

static void *ask_first(void *err)
{
	*(enum oyster_err *)err = check_context(60000);
	return NULL;
}

static void who_waits_for_another_ones_question_waits_no_longer_than_he_may(void)
{
	enum oyster_err first = OYSTER_ENOMEM;
	pthread_t thread;
	int turn;

	CHECK(!pipe(on_its_way));
	nobody = relay_new("http://127.0.0.1:1", 1);
	vocabulary = vocabulary_new(nobody);
	CHECK(!pthread_create(&thread, NULL, ask_first, &first));
	while (!atomic_load(&is_asked))
		usleep(1000);
	CHECK(check_context(20) == OYSTER_ETIMEOUT);
	CHECK(check_context(-1) == OYSTER_ETIMEOUT);
	close(on_its_way[1]);
	pthread_join(thread, NULL);
	CHECK(first == OYSTER_OK);
	CHECK(check_context(-1) == OYSTER_OK);	/* it is known now */
	atomic_store(&is_asked, false);
	CHECK(check_context(5000) == OYSTER_OK && !atomic_load(&is_asked));
	ahead = 61000;	/* for a minute */
	atomic_store(&is_asked, false);
	for (turn = 1; (fault_set("malloc", turn, ENOMEM, 0), first = check_context(5000), fault_came()); turn++)
		CHECK(first == OYSTER_ENOMEM);
	CHECK(turn > 1 && first == OYSTER_OK && atomic_load(&is_asked));
	ahead = 122000;
	atomic_store(&is_asked, false);
	CHECK(check_context(5000) == OYSTER_OK && atomic_load(&is_asked));
	ahead = 0;
	vocabulary_free(vocabulary);
	relay_free(nobody);
	close(on_its_way[0]);
	on_its_way[0] = 0;
}

#define STRANGERS	64

/* Until there is a place: who looks whether they all wait takes one, too. */
static void *ask_as_stranger(void *err)
{
	while ((*(enum oyster_err *)err = check_for("n", -1, 60000)) == OYSTER_EBUSY)
		usleep(1000);
	return NULL;
}

static void few_wait_behind_another_name_and_nobody_for_a_client_that_is_gone(void)
{
	enum oyster_err first = OYSTER_ENOMEM, errs[STRANGERS], err = OYSTER_ETIMEOUT;
	pthread_t thread, strangers[STRANGERS];
	int gone[2], i;

	CHECK(!pipe(on_its_way) && !socketpair(AF_UNIX, SOCK_STREAM, 0, gone));
	close(gone[1]);
	nobody = relay_new("http://127.0.0.1:1", 1);
	vocabulary = vocabulary_new(nobody);
	atomic_store(&is_asked, false);
	CHECK(!pthread_create(&thread, NULL, ask_first, &first));
	while (!atomic_load(&is_asked))
		usleep(1000);
	CHECK(check_for("m", gone[0], 60000) == OYSTER_ECLIENT);
	CHECK(check_for("n", gone[0], 60000) == OYSTER_ECLIENT);
	for (i = 0; i < STRANGERS; i++)
		CHECK(!pthread_create(&strangers[i], NULL, ask_as_stranger, &errs[i]));
	for (i = 0; i < 2000 && err == OYSTER_ETIMEOUT; i++) {	/* until all of them wait */
		usleep(20000);	/* who was turned away because of us gets our place */
		err = check_for("o", -1, 10);
	}
	CHECK(err == OYSTER_EBUSY);
	CHECK(check_context(10) == OYSTER_ETIMEOUT);	/* the same name waits as before */
	close(on_its_way[1]);
	pthread_join(thread, NULL);
	CHECK(first == OYSTER_OK);
	for (i = 0; i < STRANGERS; i++) {
		pthread_join(strangers[i], NULL);
		CHECK(errs[i] == OYSTER_OK);
	}
	CHECK(check_for("o", -1, 5000) == OYSTER_OK);
	vocabulary_free(vocabulary);
	relay_free(nobody);
	close(on_its_way[0]);
	close(gone[0]);
	on_its_way[0] = 0;
}

#ifndef OYSTER_SANITIZED	/* sanitizers have a realloc() of their own */

static void nothing_is_left_of_what_becomes_nothing(void)
{
	CHECK(!__real_realloc(must(malloc(10)), 0));
}

#endif

static void no_buffer_grows_beyond_all_memory(void)
{
	struct buf buf = { .max = SIZE_MAX };

	CHECK(!buf_add(&buf, "x", 1));
	buf.cap = buf.len = SIZE_MAX / 2 + 1;	/* as it will never be */
	fault_set("malloc", 1, ENOMEM, 0);
	CHECK(buf_add(&buf, "x", 1) == OYSTER_ENOMEM && fault_came());
	buf.cap = buf.len = 1;
	buf_clear(&buf);
}

int main(void)
{
	RUN(requests_are_relayed_whole_or_not_at_all);
	RUN(a_reply_is_taken_whole_or_not_at_all);
	RUN(an_error_that_finds_no_memory_says_that);
	RUN(a_model_is_asked_for_in_whole_words_or_not_at_all);
	RUN(a_tokenizer_is_known_with_all_its_tokens_or_not_at_all);
	RUN(who_waits_for_another_ones_question_waits_no_longer_than_he_may);
	RUN(few_wait_behind_another_name_and_nobody_for_a_client_that_is_gone);
	RUN(no_buffer_grows_beyond_all_memory);
#ifndef OYSTER_SANITIZED
	RUN(nothing_is_left_of_what_becomes_nothing);
#endif
	RUN(who_signs_is_said_whole_or_not_at_all);
	return DONE();
}
