/*
 * Saved responses: what is one, what is none, and bytes that are anything.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#ifdef OYSTER_SANITIZED
#define MUTANTS	20000
#else
#define MUTANTS	200000
#endif

static struct response response;

/* Read a copy that ends where its memory does; NULL if it is one. */
static const char *read_copy(const char *saved, size_t len)
{
	static char *copy;

	free(copy);	/* the response points into the last one */
	copy = exact_copy(saved, len);
	return response_read(&response, (struct text){ copy, len }, NULL);
}

static bool is_text(struct text text, const char *string)
{
	return text_equal(text, text_of(string));
}

static void heads_end_in_crlf_or_lf_and_bodies_are_what_follows(void)
{
	struct text value;

	CHECK(!read_copy(LITERAL("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbo\r\ndy")));
	CHECK(response.status == 200 && response.count == 1);
	CHECK(is_text(response.body, "bo\r\ndy"));
	CHECK(!read_copy(LITERAL("HTTP/1.0 503\nA:b\nC:\t d e \t\nc: f\n\n")));
	CHECK(response.status == 503 && response.count == 3 && response.body.len == 0);
	CHECK(response_field(&response, "a", &value) == 1 && is_text(value, "b"));
	CHECK(response_field(&response, "c", &value) == 2 && is_text(value, "f"));
	CHECK(response_field(&response, "d", &value) == 0 && value.len == 0);
	CHECK(!read_copy(LITERAL("HTTP/2 200 \r\nX: \r\n\r\n")));
	CHECK(response_field(&response, "x", &value) == 1 && value.len == 0);
}

static void interim_heads_are_passed_over(void)
{
	struct text value;

	CHECK(!read_copy(LITERAL("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: x\r\n\r\n"
				 "HTTP/1.1 200 OK\r\nB: y\r\n\r\nbody")));
	CHECK(response.status == 200 && is_text(response.body, "body"));
	CHECK(response_field(&response, "a", &value) == 0);
	CHECK(!read_copy(LITERAL("HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")));
	CHECK(response.status == 101);
	CHECK(read_copy(LITERAL("HTTP/1.1 100 Continue\r\n\r\n")));
}

static void what_is_no_head_is_refused(void)
{
	static const struct {
		const char *at;
		size_t len;
	} rows[] = {
		{ LITERAL("") }, { LITERAL("\n") }, { LITERAL("{}") },
		{ LITERAL("HTTP/1.1 200 OK") },
		{ LITERAL("HTTP/1.1 200 OK\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: b\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: b\r\n\r") },
		{ LITERAL("HTTP/1.1  200 OK\r\n\r\n") },
		{ LITERAL("HTTP/1.1 20 OK\r\n\r\n") },
		{ LITERAL("HTTP/1.1 2000 OK\r\n\r\n") },
		{ LITERAL("HTTP/1.1 000 OK\r\n\r\n") },
		{ LITERAL("HTTP/1.1 +20 OK\r\n\r\n") },
		{ LITERAL("HTTP/ 200 OK\r\n\r\n") },
		{ LITERAL("http/1.1 200 OK\r\n\r\n") },
		{ LITERAL(" HTTP/1.1 200 OK\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\n: b\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA : b\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA\0: c\r\n\r\n") },
		{ LITERAL("HTTP/1.1 200 OK\r\nA: \x1b[2J\r\n\r\n") },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_ROW(read_copy(rows[i].at, rows[i].len), rows[i].at);
}

static void heads_have_limits(void)
{
	size_t i, max = RESPONSE_HEAD_MAX + 4096;
	struct buf many = BUF_INIT(max), large = BUF_INIT(max);

	CHECK(!buf_puts(&many, "HTTP/1.1 200 OK\n"));
	for (i = 0; i < RESPONSE_FIELDS; i++)
		CHECK(!buf_puts(&many, "A: b\n"));
	CHECK(!buf_puts(&many, "\n"));
	CHECK(!read_copy(many.data, many.len));
	many.len--;
	CHECK(!buf_puts(&many, "A: b\n\n"));
	CHECK(read_copy(many.data, many.len));

	CHECK(!buf_puts(&large, "HTTP/1.1 200 OK\nA: "));
	while (large.len < RESPONSE_HEAD_MAX)
		CHECK(!buf_puts(&large, "bbbbbbbb"));
	CHECK(!buf_puts(&large, "\n\n"));
	CHECK(read_copy(large.data, large.len));
	buf_clear(&many);
	buf_clear(&large);
}

static void a_head_in_a_file_of_its_own_is_all_of_it(void)
{
	static const char head[] = "HTTP/1.1 302 Found\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
	struct text body = { "b", 1 };

	CHECK(response_read(&response, text_of(head), &body));
	CHECK(!response_read(&response, text_of(head + 22), &body));
	CHECK(response.status == 200 && is_text(response.body, "b"));
}

/* All the checks, over bytes that are anything. */
static bool verifies(const char *saved, size_t saved_len, const char *request,
		     size_t request_len)
{
	char *copy = exact_copy(saved, saved_len), *asked = exact_copy(request, request_len);
	static struct evidence evidence;
	struct report report;
	bool verified = false;

	report_init(&report);
	memset(&evidence, 0, sizeof(evidence));
	evidence.request = (struct text){ asked, request_len };
	evidence.method = "POST";
	evidence.path = "/api/generate";
	evidence.source = "the test";
	if (!hex_read(evidence.address, sizeof(evidence.address),
		      text_of("1a642f0e3c3af545e7acbd38b07251b3990914f1")))
		abort();
	if (!response_read(&evidence.response, (struct text){ copy, saved_len }, NULL)) {
		check_answer(&report, &evidence);
		verified = report_verdict(&report) == REPORT_VERIFIED;
	}
	evidence_clear(&evidence);
	report_clear(&report);
	free(copy);
	free(asked);
	return verified;
}

/* Some bytes of a text become others, go, or come. */
static size_t mutate(char *text, size_t len, size_t max)
{
	static const char likely[] = "\r\n\0 :{}[]\",\\u\"sha-256=0x\xff\x80";
	int changes = (int)(random() % 4) + 1;
	size_t at, count;

	for (; changes > 0 && len > 0; changes--) {
		at = (size_t)random() % len;
		switch (random() % 4) {
		case 0:
			text[at] = (char)random();
			break;
		case 1:
			text[at] = likely[(size_t)random() % sizeof(likely)];
			break;
		case 2:
			count = (size_t)random() % (len - at) % 16;
			memmove(text + at, text + at + count, len - at - count);
			len -= count;
			break;
		default:
			count = (size_t)random() % 16;
			if (len + count > max || at + count > len)
				break;
			memmove(text + at + count, text + at, len - at);
			len += count;
		}
	}
	return len;
}

#define PART_MAX	4096	/* bytes of a mutated part */

static void anything_is_survived(void)
{
	json_t *receipts = load_vectors("tests/vectors/receipt.json");
	const json_t *one = json_array_get(json_object_get(receipts, "cases"), 0);
	static char saved[PART_MAX], asked[PART_MAX], head[PART_MAX], request[PART_MAX];
	size_t i, len, head_len, asked_len, unused;
	unsigned verified = 0;

	head_len = (size_t)snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
		"x-oyster-timestamp: 1741620242\r\nx-oyster-signature: %s\r\n\r\n%s",
		field(one, "signature", &unused), field(one, "upstream_body", &unused));
	asked_len = (size_t)snprintf(request, sizeof(request), "%s",
				     field(one, "request_body", &unused));
	CHECK(verifies(head, head_len, request, asked_len));

	srandom(9421);
	for (i = 0; i < MUTANTS; i++) {
		memcpy(saved, head, head_len);
		memcpy(asked, request, asked_len);
		len = mutate(saved, head_len, sizeof(saved));
		verified += verifies(saved, len, asked, i % 4 ? asked_len :
				     mutate(asked, asked_len, sizeof(asked)));
	}
	/* Most metrics and header fields are nobody's concern. */
	printf("# %u of %d mutants say the same\n", verified, MUTANTS);
	CHECK(verified < MUTANTS);
	json_decref(receipts);
}

int main(void)
{
	RUN(heads_end_in_crlf_or_lf_and_bodies_are_what_follows);
	RUN(interim_heads_are_passed_over);
	RUN(what_is_no_head_is_refused);
	RUN(heads_have_limits);
	RUN(a_head_in_a_file_of_its_own_is_all_of_it);
	RUN(anything_is_survived);
	return DONE();
}
