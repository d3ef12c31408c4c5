/*
 * Questions that were bent, cut and made up: the signer's end of the socket
 * signs valid exchanges and receipts of the announced strings, and neither
 * can pass for the other.
 */
#include <pthread.h>

#include "tests/unit/oracle_asked.h"
#include "tests/unit/tap.h"

#define LONG		(200 << 10)	/* bytes, more than the signer holds at once */

static const struct exchange generate = { .status = 200, .method = "POST", .path = "/api/generate", .nonce = "n-1" };

static uint64_t state = 0x2545f4914f6cdd1d;

static unsigned rnd(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

static void fill(void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len-- > 0)
		*at++ = (uint8_t)rnd(256);
}

static struct exchange some_exchange(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
	unsigned one = rnd(COUNT(served)), len = rnd(3) ? rnd(EXCHANGE_NONCE) : 0, i;
	struct exchange exchange = { .status = 100 + rnd(900) };

	set_line(&exchange, served[one].method, served[one].path);
	for (i = 0; i < len; i++)
		exchange.nonce[i] = alphabet[rnd(sizeof(alphabet) - 1)];
	if (rnd(4) == 0)	/* what lies behind a NUL is nobody's */
		fill(exchange.nonce + len + 1, sizeof(exchange.nonce) - len - 1);
	fill(exchange.request_digest, sizeof(exchange.request_digest));
	fill(exchange.content_digest, sizeof(exchange.content_digest));
	return exchange;
}

/* Questions that are mostly well formed. */
static size_t some_questions(uint8_t *bytes)
{
	unsigned count = 1 + rnd(4), i;
	uint8_t *at = bytes;

	while (count-- > 0) {
		struct oracle_question question = { .what = (uint32_t)"PEBB"[rnd(4)], .exchange = some_exchange() };
		size_t total = 0;

		for (i = 0; question.what == 'B' && i < 5; i++) {
			question.len[i] = rnd(3) ? rnd(70) : rnd(2);
			total += question.len[i];
		}
		at = mempcpy(at, &question, sizeof(question));
		fill(at, total);
		at += total;
	}
	return (size_t)(at - bytes);
}

static size_t spoil(uint8_t *bytes, size_t len)
{
	unsigned from = rnd((unsigned)len), to = from + rnd((unsigned)len - from);

	switch (rnd(7)) {
	case 0:
		bytes[from] = (uint8_t)rnd(256);
		return len;
	case 1:
		bytes[from] ^= (uint8_t)(1 << rnd(8));
		return len;
	case 2:
		return from;
	case 3:
		bytes[len] = (uint8_t)rnd(256);
		return len + 1;
	case 4:		/* take some out */
		memmove(bytes + from, bytes + to, len - to);
		return len - (to - from);
	case 5:		/* twice the same */
		memmove(bytes + to, bytes + from, len - from);
		return len + to - from;
	default:
		return len;
	}
}

/* Change a byte where it counts: what is asked, and the exchange but its digests. */
static void bend(uint8_t *bytes)
{
	size_t from = rnd(8) ? offsetof(struct oracle_question, exchange) : 0;
	size_t to = offsetof(struct oracle_question, exchange) + offsetof(struct exchange, request_digest);
	static const char likely[] = "\n\"\\;: \r\t\x7f\xc3\0\0\0PEB/?GTH";

	bytes[from + rnd((unsigned)(to - from))] = (uint8_t)(rnd(4) ? (unsigned)likely[rnd(sizeof(likely))] : rnd(256));
}

static void whatever_is_asked_only_exchanges_and_receipts_are_signed(void)
{
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t questions[QUESTIONS];
	size_t kept = 0, spoiled = 0;
	int i;

	for (i = 0; i < 4000 && !tap_bad; i++) {
		uint64_t earliest = now();
		size_t len = some_questions(questions);
		struct result result;

		if (i % 2)
			bend(questions);
		else
			len = spoil(questions, len);
		result = serve(questions, len);
		CHECK(answered_as_asked(ecdsa, questions, len, result, earliest));
		*(result.ok ? &kept : &spoiled) += 1;
	}
	CHECK(kept > 1000 && spoiled > 1000);
	ecdsa_free(ecdsa);
}

static void of_made_up_bytes_nothing_is_signed(void)
{
	uint8_t questions[QUESTIONS];
	struct oracle_question question;
	struct result result;
	size_t len, k;
	int i;

	for (i = 0; i < 1000; i++) {
		len = 1 + rnd(1000);
		for (k = 0; k < len; k++)
			questions[k] = (uint8_t)(rnd(8) ? rnd(4) : (unsigned)"PEB/"[rnd(4)]);
		result = serve(questions, len);
		CHECK(!result.ok && result.len == 0);

		fill(&question, sizeof(question));
		question.what = (uint32_t)"EB"[i % 2];
		question.exchange.status = 200;
		result = serve(&question, sizeof(question));
		CHECK(!result.ok && result.len == 0);
	}
}

struct drip {
	int socket;
	const uint8_t *bytes;
	size_t len, piece;
};

static void *drip(void *arg)
{
	struct drip *drip = arg;
	size_t done, some;

	for (done = 0; done < drip->len; done += some) {
		some = drip->len - done < drip->piece ? drip->len - done : drip->piece;
		if (write(drip->socket, drip->bytes + done, some) != (ssize_t)some)
			break;
	}
	shutdown(drip->socket, SHUT_WR);
	return NULL;
}

static struct result serve_pieces(const uint8_t *questions, size_t len, size_t piece)
{
	struct ecdsa *ecdsa = must(ecdsa_new(test_secret()));
	struct result result = { false, 0 };
	struct drip dripping = { .bytes = questions, .len = len, .piece = piece };
	pthread_t thread;
	ssize_t got;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	dripping.socket = pair[0];
	if (pthread_create(&thread, NULL, drip, &dripping))
		abort();
	result.ok = oracle_serve(pair[1], ecdsa);
	ecdsa_free(ecdsa);
	close(pair[1]);
	pthread_join(thread, NULL);
	while ((got = read(pair[0], answers + result.len, sizeof(answers) - result.len)) > 0)
		result.len += (size_t)got;
	close(pair[0]);
	return result;
}

static void questions_may_come_in_any_pieces(void)
{
	static const size_t pieces[] = { 1, 271, 272, 273, 4096, 65535, 65536, 65537, LONG };
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t *questions = must(malloc(LONG)), *at = questions;
	uint64_t earliest = now();
	size_t i, len;

	while (at < questions + LONG - 70000) {
		struct oracle_question question = { .what = 'B', .exchange = some_exchange() };

		for (i = 0; i < 5; i++)
			question.len[i] = rnd(3) ? rnd(1000) : rnd(13000);
		len = question.len[0] + question.len[1] + question.len[2] + question.len[3] + question.len[4];
		at = mempcpy(at, &question, sizeof(question));
		fill(at, len);
		at += len;
	}
	len = (size_t)(at - questions);
	for (i = 0; i < COUNT(pieces); i++) {
		struct result result = serve_pieces(questions, len, pieces[i]);

		CHECK(result.ok && answered_as_asked(ecdsa, questions, len, result, earliest));
		result = serve_pieces(questions, len - 1, pieces[i]);
		CHECK(!result.ok && answered_as_asked(ecdsa, questions, len - 1, result, earliest));
	}
	free(questions);
	ecdsa_free(ecdsa);
}

/* Ask for both signatures, and check them and who says what. */
static bool are_apart(const struct ecdsa *ecdsa, const struct exchange *exchange, const char *const *strings)
{
	struct signer_string asked[SIGNER_STRINGS];
	uint8_t question[QUESTIONS], *bytes;
	struct oracle_answer answer;
	uint64_t earliest = now();
	char message[MESSAGE_MAX];
	struct result result;
	size_t len;
	bool ok;
	int i;

	for (i = 0; i < 5; i++)
		asked[i] = (struct signer_string){ strings[i], strlen(strings[i]) };
	len = (size_t)(put_question(question, 'B', exchange, strings) - question);
	result = serve(question, len);
	if (result.len != sizeof(answer) || !answered_as_asked(ecdsa, question, len, result, earliest))
		return false;
	memcpy(&answer, answers, sizeof(answer));

	bytes = receipt_bytes(&len, answer.seconds, asked);
	ok = bytes[0] == '|' && !signs_bytes(ecdsa, answer.exchange, bytes, len);
	free(bytes);
	len = print_message(message, exchange, answer.seconds);
	return ok && message[0] == 0x19 && !signs_bytes(ecdsa, answer.receipt, message, len) &&
	       memcmp(answer.receipt, answer.exchange, sizeof(answer.receipt)) != 0;
}

/*
 * What is signed begins with `|' or with 0x19 (EIP-191), whatever the strings
 * are: a receipt of strings that spell a message is no signature of it.
 */
static void a_receipt_never_passes_for_an_exchange_nor_an_exchange_for_a_receipt(void)
{
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	char message[MESSAGE_MAX], half[MESSAGE_MAX];
	uint64_t second = now();
	size_t i, k, len;

	for (i = 0; i < 3; i++) {	/* the second may be the next when it is signed */
		len = print_message(message, &generate, second + i);
		for (k = 0; k < 5; k++) {
			const char *strings[5] = { "", "", "", "", "" };

			strings[k] = message;
			CHECK(are_apart(ecdsa, &generate, strings));
			strings[k] = strchr(message, '"');	/* the base alone */
			CHECK(are_apart(ecdsa, &generate, strings));
		}
		for (k = 0; k < len; k += 37) {
			const char *const strings[5] = { half, message + k, "[]", half, message + k };

			snprintf(half, sizeof(half), "%.*s", (int)k, message);
			CHECK(are_apart(ecdsa, &generate, strings));
		}
	}
	ecdsa_free(ecdsa);
}

/* Nor is an exchange's signature one over its base, its text or its digests as they are. */
static void an_exchange_is_signed_in_one_form_only(void)
{
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	char message[MESSAGE_MAX], *base;
	struct oracle_answer answer;
	uint8_t question[QUESTIONS];
	struct exchange other = generate;
	struct result result;
	size_t len;

	result = serve(question, (size_t)(put_question(question, 'E', &generate, NULL) - question));
	CHECK(result.ok && result.len == sizeof(answer));
	memcpy(&answer, answers, sizeof(answer));
	len = print_message(message, &generate, answer.seconds);
	base = strchr(message, '"');
	CHECK(signs_bytes(ecdsa, answer.exchange, message, len));
	CHECK(!signs_bytes(ecdsa, answer.exchange, base, strlen(base)));
	CHECK(!signs_exchange(ecdsa, answer.exchange, &generate, answer.seconds + 1));
	other.status = 201;
	CHECK(!signs_exchange(ecdsa, answer.exchange, &other, answer.seconds));
	other = generate;
	other.nonce[2] = '2';
	CHECK(!signs_exchange(ecdsa, answer.exchange, &other, answer.seconds));
	other = generate;
	other.content_digest[31] ^= 1;
	CHECK(!signs_exchange(ecdsa, answer.exchange, &other, answer.seconds));
	other = generate;
	other.request_digest[0] ^= 1;
	CHECK(!signs_exchange(ecdsa, answer.exchange, &other, answer.seconds));
	ecdsa_free(ecdsa);
}

int main(void)
{
	RUN(whatever_is_asked_only_exchanges_and_receipts_are_signed);
	RUN(of_made_up_bytes_nothing_is_signed);
	RUN(questions_may_come_in_any_pieces);
	RUN(a_receipt_never_passes_for_an_exchange_nor_an_exchange_for_a_receipt);
	RUN(an_exchange_is_signed_in_one_form_only);
	return DONE();
}
