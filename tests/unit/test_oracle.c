/*
 * The signer's end of the socket: whatever is sent to it, it signs exchanges
 * and the receipts that go with them, and nothing else.
 */
#include "tests/unit/oracle_asked.h"
#include "tests/unit/tap.h"

static const char *const strings[5] = { "llama3.2", "Why is the sky blue?", "[]", "Because.", "[1,2,3]" };

static const struct exchange good = {
	.status = 200, .method = "POST", .path = "/api/generate", .nonce = "n-1",
	.request_digest = "what was asked", .content_digest = "what was answered",
};

static void no_question_is_a_good_end(void)
{
	struct result result = serve("", 0);

	CHECK(result.ok && result.len == 0);
}

static void the_public_key_is_given_as_often_as_asked(void)
{
	struct oracle_question questions[3];
	struct result result;

	memset(questions, 0xff, sizeof(questions));	/* the rest is ignored */
	questions[0].what = questions[1].what = questions[2].what = 'P';
	result = serve(questions, sizeof(questions[0]));
	CHECK(result.ok && result.len == 64 && is_hex(answers, 64, TEST_PUBLIC));
	result = serve(questions, sizeof(questions));
	CHECK(result.ok && result.len == 192 && is_hex(answers + 128, 64, TEST_PUBLIC));
}

static void an_exchange_is_signed_and_with_it_a_receipt_of_the_same_second(void)
{
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t questions[QUESTIONS], *at = questions;
	uint64_t earliest = now();
	struct result result;

	at = put_question(at, 'E', &good, NULL);
	at = put_question(at, 'B', &good, strings);
	at = put_question(at, 'P', &good, NULL);
	at = put_question(at, 'E', &good, NULL);
	result = serve(questions, (size_t)(at - questions));
	CHECK(result.ok && result.len == 3 * sizeof(struct oracle_answer) + 64);
	CHECK(answered_as_asked(ecdsa, questions, (size_t)(at - questions), result, earliest));
	ecdsa_free(ecdsa);
}

static void every_exchange_of_the_service_is_signed(void)
{
	static const unsigned statuses[] = { 100, 200, 400, 404, 413, 500, 503, 999 };
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t question[QUESTIONS];
	size_t i, k, len, whole;

	for (i = 0; i < COUNT(served); i++)
		for (k = 0; k < COUNT(statuses); k++)
			for (len = 0; len < EXCHANGE_NONCE; len += 64) {
				struct exchange exchange = good;
				uint64_t earliest = now();
				struct result result;

				exchange.status = statuses[k];
				set_line(&exchange, served[i].method, served[i].path);
				memset(exchange.nonce, 0, sizeof(exchange.nonce));
				memset(exchange.nonce, 'n', len);
				whole = (size_t)(put_question(question, k % 2 ? 'B' : 'E', &exchange, strings) - question);
				result = serve(question, whole);
				CHECK_ROW(result.ok && result.len == sizeof(struct oracle_answer), served[i].path);
				CHECK_ROW(answered_as_asked(ecdsa, question, whole, result, earliest), served[i].path);
			}
	ecdsa_free(ecdsa);
}

/* A valid question behind the wrong one gets no answer either. */
static void is_the_end(uint32_t what, const struct exchange *exchange, const char *row)
{
	uint8_t questions[QUESTIONS], *at;
	struct result result;

	at = put_question(questions, what, exchange, what == 'B' ? strings : NULL);
	result = serve(questions, (size_t)(at - questions));
	CHECK_ROW(!result.ok && result.len == 0, row);
	at = put_question(at, 'P', &good, NULL);
	at = put_question(at, 'B', &good, strings);
	result = serve(questions, (size_t)(at - questions));
	CHECK_ROW(!result.ok && result.len == 0, row);

	at = put_question(questions, 'P', &good, NULL);
	at = put_question(at, what, exchange, what == 'B' ? strings : NULL);
	at = put_question(at, 'P', &good, NULL);
	result = serve(questions, (size_t)(at - questions));
	CHECK_ROW(!result.ok && result.len == 64, row);
}

static void other_questions_end_it_without_an_answer(void)
{
	static const uint32_t more[] = {
		'E' << 8, 'B' << 16, (uint32_t)'P' << 24, 'P' | 1 << 8, 'E' | 1U << 31, UINT32_MAX,
	};
	uint32_t what;
	char row[16];
	size_t i;

	for (what = 0; what < 256; what++) {
		snprintf(row, sizeof(row), "%u", what);
		if (what != 'P' && what != 'E' && what != 'B')
			is_the_end(what, &good, row);
	}
	for (i = 0; i < COUNT(more); i++)
		is_the_end(more[i], &good, "more");
}

static void what_is_no_exchange_ends_it_without_an_answer(void)
{
	static const struct exchange bad[] = {
		{ .status = 0 }, { .status = 99 }, { .status = 1000 }, { .status = UINT32_MAX }, { .status = 200U << 24 },
		{ .method = "POST\n" }, { .method = "PO\"ST" }, { .method = "P\xc3\x96ST" }, { .method = "post" },
		{ .method = "GET" }, { .method = "PUT" }, { .method = "POST " }, { .method = "\nPOST" },
		{ .path = "/api/generate\n" }, { .path = "/api/generat\"" }, { .path = "/api/generat\xc3" },
		{ .path = "/api/generate?" }, { .path = "/health" }, { .path = "/" }, { .path = "/api/tags" },
		{ .nonce = "a\nb" }, { .nonce = "a\"b" }, { .nonce = "n\xc3\xa9" }, { .nonce = " " }, { .nonce = "\n" },
		{ .nonce = "a\";keyid=\"0x00" }, { .nonce = "a\\b" }, { .nonce = "a;b" }, { .nonce = "\x7f" },
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct exchange exchange = bad[i];
		char row[32];

		snprintf(row, sizeof(row), "row %zu", i);
		if (i > 4)
			exchange.status = 200;
		if (!exchange.method[0])
			set_line(&exchange, "POST", exchange.path);
		if (!exchange.path[0])
			set_line(&exchange, exchange.method, "/api/generate");
		is_the_end('E', &exchange, row);
		is_the_end('B', &exchange, row);
	}
}

static void strings_without_an_end_or_with_nothing_in_them_end_it(void)
{
	struct exchange exchange = good;
	size_t i;

	memset(exchange.method, 'G', sizeof(exchange.method));
	is_the_end('E', &exchange, "method");
	is_the_end('B', &exchange, "method");
	exchange = good;
	memset(exchange.path, '/', sizeof(exchange.path));
	is_the_end('E', &exchange, "path");
	is_the_end('B', &exchange, "path");
	exchange = good;
	memset(exchange.nonce, 'n', sizeof(exchange.nonce));
	is_the_end('E', &exchange, "nonce");
	is_the_end('B', &exchange, "nonce");
	for (i = 0; i < 2; i++) {
		exchange = good;
		*(i ? exchange.path : exchange.method) = '\0';
		is_the_end('E', &exchange, "empty");
		is_the_end('B', &exchange, "empty");
	}
}

/* The shape in which transactions and digests would be asked for. */
static void a_bare_digest_is_not_signed(void)
{
	struct oracle_question question = { .what = 'E' };
	struct result result;

	memcpy(question.exchange.request_digest, "................................", 32);
	memcpy(question.exchange.content_digest, "................................", 32);
	result = serve(&question, sizeof(question));
	CHECK(!result.ok && result.len == 0);
	question.what = 'B';
	result = serve(&question, sizeof(question));
	CHECK(!result.ok && result.len == 0);
	result = serve(question.exchange.request_digest, 32);
	CHECK(!result.ok && result.len == 0);
}

static void no_part_of_a_question_is_answered(void)
{
	static const char kinds[] = "PEB";
	uint8_t question[QUESTIONS];
	struct result result;
	size_t i, whole, len;

	for (i = 0; i < 3; i++) {
		whole = (size_t)(put_question(question, (uint32_t)kinds[i], &good, i == 2 ? strings : NULL) - question);
		for (len = 1; len < whole; len++) {
			result = serve(question, len);
			CHECK(!result.ok && result.len == 0);
		}
		result = serve(question, whole);
		CHECK(result.ok && result.len == (i ? sizeof(struct oracle_answer) : 64));
	}
}

static void lengths_beyond_the_limit_end_it_at_once(void)
{
	static const uint64_t bad[] = {
		((uint64_t)1 << 40) + 1, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 31, UINT64_MAX - 63,
	};
	struct oracle_question questions[2] = { { .what = 'B', .exchange = good }, { .what = 'P' } };
	struct result result;
	size_t i, k;

	for (i = 0; i < 5; i++)
		for (k = 0; k < COUNT(bad); k++) {
			memset(questions[0].len, 0, sizeof(questions[0].len));
			questions[0].len[i] = bad[k];
			result = serve(questions, sizeof(questions));
			CHECK(!result.ok && result.len == 0);
		}
}

static void a_huge_length_that_is_allowed_waits_for_its_bytes(void)
{
	struct oracle_question questions[3] = { { .what = 'B', .exchange = good }, { .what = 'P' }, { .what = 'P' } };
	struct result result;
	int i;

	for (i = 0; i < 5; i++)
		questions[0].len[i] = (uint64_t)1 << 40;
	result = serve(questions, sizeof(questions));
	CHECK(!result.ok && result.len == 0);
}

/* An exchange alone has no strings, whatever their lengths say. */
static void lengths_of_no_receipt_are_ignored(void)
{
	struct oracle_question questions[2] = { { .what = 'E', .exchange = good }, { .what = 'P' } };
	struct result result;

	memset(questions[0].len, 0xff, sizeof(questions[0].len));
	result = serve(questions, sizeof(questions));
	CHECK(result.ok && result.len == sizeof(struct oracle_answer) + 64);
}

int main(void)
{
	RUN(no_question_is_a_good_end);
	RUN(the_public_key_is_given_as_often_as_asked);
	RUN(an_exchange_is_signed_and_with_it_a_receipt_of_the_same_second);
	RUN(every_exchange_of_the_service_is_signed);
	RUN(other_questions_end_it_without_an_answer);
	RUN(what_is_no_exchange_ends_it_without_an_answer);
	RUN(strings_without_an_end_or_with_nothing_in_them_end_it);
	RUN(a_bare_digest_is_not_signed);
	RUN(no_part_of_a_question_is_answered);
	RUN(lengths_beyond_the_limit_end_it_at_once);
	RUN(a_huge_length_that_is_allowed_waits_for_its_bytes);
	RUN(lengths_of_no_receipt_are_ignored);
	return DONE();
}
