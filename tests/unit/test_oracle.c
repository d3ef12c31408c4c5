/*
 * The signer's end of the socket: whatever is sent to it, it signs receipts
 * and nothing else.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "keys/oracle.h"
#include "tests/unit/child.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define QUESTIONS	4096	/* bytes of questions, which a socket takes at once */
#define ANSWERS		65536

static uint8_t answers[ANSWERS];

struct result {
	bool ok;	/* the questions ended where they may */
	size_t len;	/* bytes of answers */
};

/* Put questions, close the asking half, and only then have them answered. */
static struct result serve(const void *questions, size_t len)
{
	struct result result = { false, 0 };
	ssize_t got;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    write(pair[0], questions, len) != (ssize_t)len || shutdown(pair[0], SHUT_WR))
		abort();
	result.ok = oracle_serve(pair[1], test_secret());
	close(pair[1]);
	while ((got = read(pair[0], answers + result.len, sizeof(answers) - result.len)) > 0)
		result.len += (size_t)got;
	close(pair[0]);
	return result;
}

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
	int shift;

	for (shift = 56; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(number >> shift);
	return at;
}

static uint64_t get_number(const uint8_t *at)
{
	uint64_t number = 0;
	int i;

	for (i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

/* `R', five lengths, and the strings; returns its end. */
static uint8_t *put_receipt(uint8_t *at, const char *const strings[static 5])
{
	int i;

	*at++ = 'R';
	for (i = 0; i < 5; i++)
		at = put_number(at, strlen(strings[i]));
	for (i = 0; i < 5; i++)
		at = mempcpy(at, strings[i], strlen(strings[i]));
	return at;
}

static const char *const strings[5] = { "llama3.2", "Why is the sky blue?", "[]", "Because.", "[1,2,3]" };

static void no_question_is_a_good_end(void)
{
	struct result result = serve("", 0);

	CHECK(result.ok && result.len == 0);
}

static void the_public_key_is_given_as_often_as_asked(void)
{
	struct result result = serve("P", 1);

	CHECK(result.ok && result.len == 64 && is_hex(answers, 64, TEST_PUBLIC));
	result = serve("PPP", 3);
	CHECK(result.ok && result.len == 192 && is_hex(answers + 128, 64, TEST_PUBLIC));
}

static void other_letters_end_it_without_an_answer(void)
{
	uint8_t question[200];
	unsigned letter;

	for (letter = 0; letter < 256; letter++) {
		struct result result;

		if (letter == 'P' || letter == 'R')
			continue;
		memset(question, 0, sizeof(question));
		question[0] = (uint8_t)letter;
		result = serve(question, 1);
		CHECK(!result.ok && result.len == 0);
		result = serve(question, sizeof(question));
		CHECK(!result.ok && result.len == 0);
	}
}

/* The shape in which transactions and digests would be asked for. */
static void a_bare_digest_is_not_signed(void)
{
	uint8_t question[1 + 32] = "R";
	struct result result = serve(question, sizeof(question));

	CHECK(!result.ok && result.len == 0);
	result = serve(question + 1, 32);
	CHECK(!result.ok && result.len == 0);
}

static void no_part_of_a_question_is_answered(void)
{
	uint8_t question[QUESTIONS];
	size_t whole = (size_t)(put_receipt(question, strings) - question), len;
	struct result result;

	for (len = 1; len < whole; len++) {
		result = serve(question, len);
		CHECK(!result.ok && result.len == 0);
	}
	result = serve(question, whole);
	CHECK(result.ok && result.len == 73);
}

static void lengths_beyond_the_limit_end_it_at_once(void)
{
	static const uint64_t bad[] = {
		((uint64_t)1 << 40) + 1, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 31, UINT64_MAX - 63,
	};
	uint8_t question[QUESTIONS];
	size_t i, k, n;

	for (i = 0; i < 5; i++)
		for (k = 0; k < COUNT(bad); k++) {
			uint8_t *at = question;
			struct result result;

			*at++ = 'R';
			for (n = 0; n < 5; n++)
				at = put_number(at, n == i ? bad[k] : 0);
			memset(at, 'P', 100);
			result = serve(question, (size_t)(at + 100 - question));
			CHECK(!result.ok && result.len == 0);
		}
}

static void a_huge_length_that_is_allowed_waits_for_its_bytes(void)
{
	uint8_t question[QUESTIONS] = "R";
	uint8_t *at = question + 1;
	struct result result;
	int i;

	for (i = 0; i < 5; i++)
		at = put_number(at, (uint64_t)1 << 40);
	memset(at, 'x', 1000);
	result = serve(question, (size_t)(at + 1000 - question));
	CHECK(!result.ok && result.len == 0);
}

/*
 * Read the stream of questions as the protocol says, and hold every byte of
 * the answers against it.
 */
static bool answered_as_asked(const struct ecdsa *ecdsa, const uint8_t *at, size_t len,
			      struct result result, uint64_t earliest)
{
	const uint8_t *end = at + len, *answer = answers, *last = answers + result.len;
	struct signer_string asked[SIGNER_STRINGS];
	int i;

	while (at < end) {
		const uint8_t *numbers = at + 1;

		if (*at == 'P') {
			if (last - answer < 64 || !is_hex(answer, 64, TEST_PUBLIC))
				return false;
			answer += 64;
			at++;
			continue;
		}
		if (*at != 'R' || end - numbers < 40)
			return !result.ok && answer == last;
		at = numbers + 40;
		for (i = 0; i < 5; i++) {
			uint64_t want = get_number(numbers + 8 * i);

			if (want > (uint64_t)(end - at))
				return !result.ok && answer == last;
			asked[i] = (struct signer_string){ (const char *)at, (size_t)want };
			at += want;
		}
		if (last - answer < 73 || get_number(answer) < earliest ||
		    get_number(answer) > now() ||
		    !is_signature(ecdsa, answer + 8, get_number(answer), asked))
			return false;
		answer += 73;
	}
	return result.ok && answer == last;
}

static uint64_t state = 0x2545f4914f6cdd1d;

static unsigned rnd(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

/* Questions that are mostly well formed. */
static size_t some_questions(uint8_t *bytes)
{
	uint8_t *at = bytes;
	unsigned count = 1 + rnd(4), i;
	size_t len, total;

	while (count-- > 0) {
		if (rnd(4) == 0) {
			*at++ = 'P';
			continue;
		}
		*at++ = 'R';
		for (i = 0, total = 0; i < 5; i++) {
			len = rnd(3) ? rnd(70) : rnd(2);
			at = put_number(at, len);
			total += len;
		}
		while (total-- > 0)
			*at++ = (uint8_t)rnd(256);
	}
	return (size_t)(at - bytes);
}

static size_t spoil(uint8_t *bytes, size_t len)
{
	switch (rnd(5)) {
	case 0:
		bytes[rnd((unsigned)len)] = (uint8_t)rnd(256);
		return len;
	case 1:
		bytes[rnd((unsigned)len)] ^= (uint8_t)(1 << rnd(8));
		return len;
	case 2:
		return rnd((unsigned)len + 1);
	case 3:
		bytes[len] = (uint8_t)rnd(256);
		return len + 1;
	default:
		return len;
	}
}

static void whatever_is_asked_only_receipts_are_signed(void)
{
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint64_t earliest = now();
	uint8_t questions[QUESTIONS];
	struct result result;
	size_t len, kept = 0, spoiled = 0;
	int i;

	for (i = 0; i < 3000; i++) {
		len = some_questions(questions);
		len = spoil(questions, len);
		result = serve(questions, len);
		CHECK(answered_as_asked(ecdsa, questions, len, result, earliest));
		*(result.ok ? &kept : &spoiled) += 1;
	}
	for (i = 0; i < 1000; i++) {
		len = rnd(300);
		for (size_t k = 0; k < len; k++)
			questions[k] = (uint8_t)(rnd(8) ? rnd(4) : (unsigned)"PR"[rnd(2)]);
		result = serve(questions, len);
		CHECK(answered_as_asked(ecdsa, questions, len, result, earliest));
	}
	CHECK(kept > 300 && spoiled > 300);
	ecdsa_free(ecdsa);
}

static int serve_bad_key(void *secret)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    write(pair[0], "P", 1) != 1)
		return 2;
	return oracle_serve(pair[1], secret) ? 1 : 0;
}

static void without_a_key_of_the_curve_nothing_is_served(void)
{
	uint8_t secret[ECDSA_SECRET_LEN] = { 0 };
	struct child child = run_child(serve_bad_key, secret);

	CHECK(child.status == 0 && lines_with(child.said, "key") == 1);
	memset(secret, 0xff, sizeof(secret));
	child = run_child(serve_bad_key, secret);
	CHECK(child.status == 0 && lines_with(child.said, "key") == 1);
}

int main(void)
{
	RUN(no_question_is_a_good_end);
	RUN(the_public_key_is_given_as_often_as_asked);
	RUN(other_letters_end_it_without_an_answer);
	RUN(a_bare_digest_is_not_signed);
	RUN(no_part_of_a_question_is_answered);
	RUN(lengths_beyond_the_limit_end_it_at_once);
	RUN(a_huge_length_that_is_allowed_waits_for_its_bytes);
	RUN(whatever_is_asked_only_receipts_are_signed);
	RUN(without_a_key_of_the_curve_nothing_is_served);
	return DONE();
}
