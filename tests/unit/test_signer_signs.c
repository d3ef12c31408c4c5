/* What the signer signs, asked by one and by many threads. */
#include <pthread.h>
#include <signal.h>

#include "tests/unit/started.h"
#include "tests/unit/tap.h"

#define THREADS	32
#define EACH	200		/* signatures a thread asks for */

static void receipts_are_over_what_was_given(void)
{
	static const char big[3 << 20];
	const struct signer_string rows[][SIGNER_STRINGS] = {
		{ { NULL, 0 }, { NULL, 0 }, { "[]", 2 }, { "", 0 }, { "[]", 2 } },
		{ { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } },
		{ { "m", 1 }, { "a\0b", 3 }, { "[]", 2 }, { "\0", 1 }, { "[1]", 3 } },
		{ { big, 512 }, { big, 65535 }, { big, 65536 }, { big, 65537 }, { big, 131073 } },
		{ { "m", 1 }, { big, sizeof(big) }, { big, sizeof(big) - 1 }, { big, sizeof(big) - 31 }, { "", 0 } },
	};
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	struct signer *signer = start();
	size_t i;

	CHECK(signs(signer, ecdsa, plain));
	for (i = 0; i < COUNT(rows); i++)
		CHECK(signs(signer, ecdsa, rows[i]));
	CHECK(signs(signer, ecdsa, plain));
	signer_free(signer);
	ecdsa_free(ecdsa);
}

static void exchanges_are_signed_as_given(void)
{
	static const char *const served[][2] = {
		{ "POST", "/api/generate" }, { "GET", "/health" }, { "HEAD", "/health" },
		{ "GET", "/oyster/signer" }, { "HEAD", "/oyster/signer" },
	};
	static const unsigned statuses[] = { 100, 200, 400, 404, 413, 500, 502, 503, 504, 999 };
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	struct signer *signer = start();
	size_t i, len;

	for (i = 0; i < COUNT(served) * COUNT(statuses); i++) {
		struct exchange exchange = { .status = statuses[i / COUNT(served)] };

		snprintf(exchange.method, sizeof(exchange.method), "%s", served[i % COUNT(served)][0]);
		snprintf(exchange.path, sizeof(exchange.path), "%s", served[i % COUNT(served)][1]);
		memset(exchange.request_digest, (int)(i * 5), sizeof(exchange.request_digest));
		memset(exchange.content_digest, (int)(i * 7 + 1), sizeof(exchange.content_digest));
		for (len = 0; len < EXCHANGE_NONCE; len += 32) {
			memset(exchange.nonce, 'n', len);
			CHECK(signs_these(signer, ecdsa, &exchange, len % 64 ? plain : NULL));
		}
	}
	signer_free(signer);
	ecdsa_free(ecdsa);
}

static void what_is_no_exchange_is_refused_and_does_no_harm(void)
{
	static const struct exchange bad[] = {
		{ .status = 0, .method = "POST", .path = "/api/generate" },
		{ .status = 99, .method = "POST", .path = "/api/generate" },
		{ .status = 1000, .method = "POST", .path = "/api/generate" },
		{ .status = 200, .method = "", .path = "/api/generate" },
		{ .status = 200, .method = "POST\n", .path = "/api/generate" },
		{ .status = 200, .method = "GET", .path = "/api/generate" },
		{ .status = 200, .method = "POST", .path = "/api/tags" },
		{ .status = 200, .method = "POST", .path = "/api/generate\"" },
		{ .status = 200, .method = "POST", .path = "/api/generate", .nonce = "a\"b" },
		{ .status = 200, .method = "POST", .path = "/api/generate", .nonce = "a\nb" },
		{ .status = 200, .method = "POST", .path = "/api/generate", .nonce = "n\xc3\xa9" },
	};
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	struct signer_signed made, untouched;
	struct signer *signer = start();
	size_t i;

	memset(&made, 0xee, sizeof(made));
	memset(&untouched, 0xee, sizeof(untouched));
	for (i = 0; i < COUNT(bad); i++) {
		CHECK(!signer_sign(signer, &made, &bad[i], NULL));
		CHECK(!signer_sign(signer, &made, &bad[i], plain));
		CHECK(!memcmp(&made, &untouched, sizeof(made)));
		CHECK(signer_ping(signer) && signs(signer, ecdsa, plain));
	}
	signer_free(signer);
	ecdsa_free(ecdsa);
}

struct asker {
	pthread_t thread;
	struct signer *signer;
	int number, wrong;
};

static void *ask_often(void *arg)
{
	struct asker *asker = arg;
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	char prompt[100], answer[2000];
	int i;

	memset(answer, 'a' + asker->number % 26, sizeof(answer));
	for (i = 0; i < EACH; i++) {
		int len = snprintf(prompt, sizeof(prompt), "%d asks for the %dth time", asker->number, i);
		const struct signer_string strings[SIGNER_STRINGS] = {
			{ "m", 1 }, { prompt, (size_t)len }, { "[]", 2 }, { answer, (size_t)(i * 10) }, { "[]", 2 },
		};

		asker->wrong += !signs(asker->signer, ecdsa, i % 3 ? strings : NULL);
		asker->wrong += i % 50 == 0 && !signer_ping(asker->signer);
	}
	ecdsa_free(ecdsa);
	return NULL;
}

static void many_threads_each_get_their_own_signature(void)
{
	struct signer *signer = start();
	struct asker askers[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){ .signer = signer, .number = i };
		CHECK(!pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		CHECK(askers[i].wrong == 0);
	}
	signer_free(signer);
}

static void killed_under_load_nobody_waits_for_ever(void)
{
	struct signer *signer = start();
	struct asker askers[8];
	int i;

	for (i = 0; i < 8; i++) {
		askers[i] = (struct asker){ .signer = signer, .number = i };
		CHECK(!pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]));
	}
	usleep(20000);
	CHECK(!kill(signer_pid(signer), SIGKILL));
	for (i = 0; i < 8; i++) {
		pthread_join(askers[i].thread, NULL);
		CHECK(askers[i].wrong > 0);
	}
	signer_free(signer);
}

int main(void)
{
	RUN(receipts_are_over_what_was_given);
	RUN(exchanges_are_signed_as_given);
	RUN(what_is_no_exchange_is_refused_and_does_no_harm);
	RUN(many_threads_each_get_their_own_signature);
	RUN(killed_under_load_nobody_waits_for_ever);
	return DONE();
}
