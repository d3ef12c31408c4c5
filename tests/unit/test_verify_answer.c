/*
 * The checks of a saved answer: every recorded receipt and exchange passes,
 * and none passes with a byte of any of its parts changed.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#define HEAD_MAX	4096	/* bytes */

/* An answer to be checked; each part can be spoilt. */
struct answer {
	char *head;
	size_t head_len;
	char *body;
	size_t body_len;
	char *request;
	size_t request_len;
	const char *method, *path, *nonce, *address;
	bool need_receipt, need_exchange;
};

struct result {
	enum report_verdict verdict;
	bool is_read;		/* the head was one */
	bool says;		/* what was looked for is in the report */
};

static struct result verify(const struct answer *answer, const char *what)
{
	static struct evidence evidence;
	struct text body = { answer->body, answer->body_len };
	struct text head = { answer->head, answer->head_len };
	struct result result = { .verdict = REPORT_FAILED };
	struct report report;

	report_init(&report);
	memset(&evidence, 0, sizeof(evidence));
	evidence.request = (struct text){ answer->request, answer->request_len };
	evidence.method = answer->method;
	evidence.path = answer->path;
	evidence.nonce = answer->nonce;
	evidence.need_receipt = answer->need_receipt;
	evidence.need_exchange = answer->need_exchange;
	evidence.source = "--address";
	if (!hex_read(evidence.address, ECDSA_ADDRESS_LEN, text_of(answer->address + 2)))
		abort();
	if (!response_read(&evidence.response, head, &body)) {
		result.is_read = true;
		check_answer(&report, &evidence);
		result.verdict = report_verdict(&report);
		result.says = report.lines.len &&
			      memmem(report.lines.data, report.lines.len, what, strlen(what));
		if (!result.says && *what)
			printf("# %.*s", (int)report.lines.len, report.lines.data);
	}
	evidence_clear(&evidence);
	report_clear(&report);
	return result;
}

static bool passes(const struct answer *answer)
{
	return verify(answer, "").verdict == REPORT_VERIFIED;
}

/* Refused, and the report says why. */
static bool is_refused(const struct answer *answer, const char *why)
{
	struct result result = verify(answer, why);

	return result.is_read && result.verdict == REPORT_FAILED && result.says;
}

/* The key of all recorded receipts and exchanges. */
static const char signer[] = "0x1a642f0e3c3af545e7acbd38b07251b3990914f1";

static char head_space[HEAD_MAX];

__attribute__((format(printf, 2, 3)))
static void set_head(struct answer *answer, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(head_space, sizeof(head_space), format, args);
	va_end(args);
	answer->head = head_space;
	answer->head_len = (size_t)len;
}

static void set_part(char **to, size_t *to_len, const json_t *object, const char *name)
{
	*to = exact_copy(field(object, name, to_len), json_string_length(json_object_get(object, name)));
}

static struct answer from_receipt(const json_t *recorded)
{
	struct answer answer = {
		.method = "POST", .path = "/api/generate", .address = signer,
		.need_receipt = true,
	};

	set_part(&answer.body, &answer.body_len, recorded, "upstream_body");
	set_part(&answer.request, &answer.request_len, recorded, "request_body");
	set_head(&answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
		 "x-oyster-timestamp: %lld\r\nx-oyster-signature: %s\r\n\r\n",
		 (long long)json_integer_value(json_object_get(recorded, "timestamp")),
		 json_string_value(json_object_get(recorded, "signature")));
	return answer;
}

static const char *string_in(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static struct answer from_exchange(const json_t *recorded)
{
	struct answer answer = {
		.method = string_in(recorded, "method"),
		.path = string_in(recorded, "path"),
		.nonce = string_in(recorded, "nonce"),
		.address = string_in(recorded, "address"),
		.need_exchange = true,
	};

	set_part(&answer.body, &answer.body_len, recorded, "response_body");
	set_part(&answer.request, &answer.request_len, recorded, "request_body");
	set_head(&answer, "HTTP/1.1 %d X\ncontent-digest: %s\nx-oyster-request-digest: %s\n"
		 "signature-input: %s\nsignature: %s\n\n",
		 (int)json_integer_value(json_object_get(recorded, "status")),
		 string_in(recorded, "content_digest"), string_in(recorded, "request_digest"),
		 string_in(recorded, "signature_input"), string_in(recorded, "signature"));
	return answer;
}

static void release(struct answer *answer)
{
	free(answer->body);
	free(answer->request);
}

static json_t *receipts, *exchanges;

/* Signed by the program before this one, but no answers to what was asked. */
static const struct {
	const char *name;
	const char *why;
} misleading[] = {
	{ "model_unicode", "model is another in the model server's reply" },
	{ "resp_extra_fields", "remote_model is set" },
};

static const char *why_misleading(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(misleading); i++)
		if (!strcmp(name, misleading[i].name))
			return misleading[i].why;
	return NULL;
}

static void every_recorded_receipt_verifies(void)
{
	const json_t *recorded;
	const char *name, *why;
	size_t i;

	CHECK(json_array_size(json_object_get(receipts, "cases")) >= 40);
	json_array_foreach(json_object_get(receipts, "cases"), i, recorded) {
		struct answer answer = from_receipt(recorded);

		name = string_in(recorded, "name");
		why = why_misleading(name);
		CHECK_ROW(why ? is_refused(&answer, why) : passes(&answer), name);
		release(&answer);
	}
}

static void every_recorded_exchange_verifies(void)
{
	const json_t *recorded;
	size_t i;

	CHECK(json_array_size(exchanges) >= 4);
	json_array_foreach(exchanges, i, recorded) {
		struct answer answer = from_exchange(recorded);

		CHECK_ROW(passes(&answer), string_in(recorded, "name"));
		release(&answer);
	}
}

/* Changes of single bytes of a part that leave the answer verified. */
static int survivors(const struct answer *answer, char *part, size_t len)
{
	static const char flips[] = { 0x01, 0x20, 0x40 };
	int count = 0;
	size_t i, j;

	for (i = 0; i < len; i++)
		for (j = 0; j < sizeof(flips); j++) {
			part[i] ^= flips[j];
			count += passes(answer);
			part[i] ^= flips[j];
		}
	return count;
}

/* Where the value of a header field lies in the head. */
static char *value_in(const struct answer *answer, const char *name, size_t *len)
{
	char *at = memmem(answer->head, answer->head_len, name, strlen(name));

	at += strlen(name) + 2;
	*len = strcspn(at, "\r\n");
	return at;
}

static void an_exchange_with_one_byte_changed_is_refused(void)
{
	static const char *const names[] = {
		"content-digest", "x-oyster-request-digest", "signature-input", "\nsignature:",
	};
	const json_t *recorded;
	size_t i, j, len;
	char *value;

	json_array_foreach(exchanges, i, recorded) {
		struct answer answer = from_exchange(recorded);

		CHECK(survivors(&answer, answer.body, answer.body_len) == 0);
		CHECK(survivors(&answer, answer.request, answer.request_len) == 0);
		CHECK(survivors(&answer, answer.head + 9, 3) == 0);	/* the status */
		for (j = 0; j < COUNT(names); j++) {
			value = value_in(&answer, names[j], &len);
			CHECK_ROW(survivors(&answer, value, len) == 0, names[j]);
		}
		release(&answer);
	}
}

/* Bytes of the two bodies that say nothing may change; those that do may not. */
static void a_receipt_with_one_byte_changed_is_refused(void)
{
	static const char *const said[] = { "llama3.2", "Because of Rayleigh scattering.", "[1,2,3]" };
	static const char *const asked[] = { "llama3.2", "Why is the sky blue?" };
	struct answer answer = from_receipt(json_array_get(json_object_get(receipts, "cases"), 0));
	char *part;
	size_t i, len;

	for (i = 0; i < COUNT(said); i++) {
		part = memmem(answer.body, answer.body_len, said[i], strlen(said[i]));
		CHECK_ROW(part && survivors(&answer, part, strlen(said[i])) == 0, said[i]);
	}
	for (i = 0; i < COUNT(asked); i++) {
		part = memmem(answer.request, answer.request_len, asked[i], strlen(asked[i]));
		CHECK_ROW(part && survivors(&answer, part, strlen(asked[i])) == 0, asked[i]);
	}
	part = value_in(&answer, "x-oyster-timestamp", &len);
	CHECK(survivors(&answer, part, len) == 0);
	part = value_in(&answer, "x-oyster-signature", &len);
	CHECK(len == 130 && survivors(&answer, part, len) == 0);
	release(&answer);
}

/* The first recorded receipt, whose signature is so and so. */
static bool refused_with(const char *signature, const char *why)
{
	const json_t *recorded = json_array_get(json_object_get(receipts, "cases"), 0);
	struct answer answer = from_receipt(recorded);
	bool refused;

	set_head(&answer, "HTTP/1.1 200 OK\r\nx-oyster-timestamp: 1741620242\r\n"
		 "x-oyster-signature: %s\r\n\r\n", signature);
	refused = is_refused(&answer, why);
	release(&answer);
	return refused;
}

#define R	"9f3534ff25256bffb5db91d12a4359c135fc248b1df9632c979e083e181b3d27"
#define S	"3944dc8fdcd5b0a259aedd7d8c1cc954ea05de8c1816169fb5d86a4374d605cb"
#define HIGH_S	"c6bb2370232a4f5da651228273e336aad0a8fe5a97328d9c09f9f4495b603b76"
#define ORDER	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ZERO	"0000000000000000000000000000000000000000000000000000000000000000"

static void a_signature_in_another_spelling_is_refused(void)
{
	CHECK(refused_with(R HIGH_S "1c", "high s"));
	CHECK(refused_with(R HIGH_S "1b", "high s"));
	CHECK(refused_with(R S "1c", "recovers to"));
	CHECK(refused_with(R S "00", "neither 27 nor 28"));
	CHECK(refused_with(R S "01", "neither 27 nor 28"));
	CHECK(refused_with(R S "1d", "neither 27 nor 28"));
	CHECK(refused_with(R S "ff", "neither 27 nor 28"));
	CHECK(refused_with(ZERO S "1b", "an r that is zero"));
	CHECK(refused_with(ORDER S "1b", "not below the curve's order"));
	CHECK(refused_with(R ZERO "1b", "an s that is zero"));
	CHECK(refused_with(R ORDER "1b", "an s that is zero or not below"));
	CHECK(refused_with(R S "1", "not 130"));
	CHECK(refused_with(R S, "not 130"));
	CHECK(refused_with(R S "1b00", "not 130"));
	CHECK(refused_with(R S "1B", "lower-case"));
	CHECK(refused_with("0X" R S "1b", "not 130"));
	CHECK(refused_with("", "not 130"));
}

static void what_a_signature_may_have_in_front_is_0x(void)
{
	struct answer answer = from_receipt(json_array_get(json_object_get(receipts, "cases"), 0));
	struct result result;

	set_head(&answer, "HTTP/1.1 200 OK\r\nX-Oyster-Timestamp: 1741620242\r\n"
		 "X-OYSTER-SIGNATURE:0x" R S "1b\t\r\n\r\n");
	result = verify(&answer, "has 0x in front");
	CHECK(result.verdict == REPORT_VERIFIED && result.says);
	release(&answer);
}

#define RECEIPT	"x-oyster-timestamp: 1741620242\r\nx-oyster-signature: " R S "1b\r\n"

/* Heads that go with the first receipt, and what is said of them. */
static const struct {
	const char *head;
	const char *why;
} heads[] = {
	{ "HTTP/1.1 404 Not Found\r\n" RECEIPT "\r\n", "status 404" },
	{ "HTTP/1.1 200 OK\r\n" RECEIPT "x-oyster-signature: " R S "1b\r\n\r\n", "there 2 times" },
	{ "HTTP/1.1 200 OK\r\n" RECEIPT "X-Oyster-Timestamp: 1741620242\r\n\r\n", "there 2 times" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-timestamp: 1741620242\r\n\r\n", "without x-oyster-signature" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-signature: " R S "1b\r\n\r\n", "without x-oyster-timestamp" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-signature: " R S "1b\r\nx-oyster-timestamp: 01741620242\r\n\r\n", "no number" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-signature: " R S "1b\r\nx-oyster-timestamp: 1741620242.0\r\n\r\n", "no number" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-signature: " R S "1b\r\nx-oyster-timestamp: 18446744073709551616\r\n\r\n", "no number" },
	{ "HTTP/1.1 200 OK\r\nx-oyster-signature: " R S "1b\r\nx-oyster-timestamp: 1741620243\r\n\r\n", "recovers to" },
	{ "HTTP/1.1 200 OK\r\n" RECEIPT "content-length: 5\r\n\r\n", "content-length says 5" },
	{ "HTTP/1.1 200 OK\r\n" RECEIPT "signature: oyster=:AA==:\r\n\r\n", "content-digest is missing" },
	{ "HTTP/1.1 200 OK\r\n" RECEIPT "content-digest: sha-256=:AA==:\r\n\r\n", "x-oyster-request-digest is missing" },
	{ "HTTP/1.1 200 OK\r\n\r\n", "there is none, and --require" },
};

static void a_receipt_in_the_wrong_place_is_refused(void)
{
	struct answer answer = from_receipt(json_array_get(json_object_get(receipts, "cases"), 0));
	size_t i;

	for (i = 0; i < COUNT(heads); i++) {
		set_head(&answer, "%s", heads[i].head);
		CHECK_ROW(is_refused(&answer, heads[i].why), heads[i].why);
	}
	answer.need_receipt = false;
	CHECK(is_refused(&answer, "no signature of either kind"));
	set_head(&answer, "HTTP/1.1 200 OK\r\n" RECEIPT "\r\n");
	CHECK(passes(&answer));
	answer.need_exchange = true;
	CHECK(is_refused(&answer, "--require"));
	answer.need_exchange = false;
	answer.nonce = "n-1";
	CHECK(is_refused(&answer, "--nonce"));
	answer.nonce = NULL;
	answer.path = "/health";
	CHECK(is_refused(&answer, "response to POST /health"));
	release(&answer);
}

static struct answer recorded_exchange(size_t which)
{
	return from_exchange(json_array_get(exchanges, which));
}

static void another_method_path_nonce_or_key_is_refused(void)
{
	struct answer answer = recorded_exchange(1);

	CHECK(passes(&answer));
	answer.method = "GET";
	CHECK(is_refused(&answer, "GET /api/generate is nothing that is signed"));
	answer.path = "/health";
	CHECK(is_refused(&answer, "recovers to"));
	answer.method = "POST";
	answer.path = "/api/generate";
	answer.nonce = "n-2";
	CHECK(is_refused(&answer, "nonce is n-1, --nonce is n-2"));
	answer.nonce = "";
	CHECK(is_refused(&answer, "nonce is n-1, --nonce is none"));
	answer.nonce = NULL;
	CHECK(passes(&answer));
	answer.address = "0x1a642f0e3c3af545e7acbd38b07251b3990914f2";
	CHECK(is_refused(&answer, "keyid is"));
	answer.address = signer;
	answer.need_receipt = true;
	CHECK(is_refused(&answer, "--require"));
	release(&answer);

	answer = recorded_exchange(0);
	answer.nonce = "n-1";
	CHECK(is_refused(&answer, "nonce is none, --nonce is n-1"));
	release(&answer);
}

/* The first exchange with one of its fields spelled otherwise. */
static bool respelled(const char *from, const char *to, const char *why)
{
	struct answer answer = recorded_exchange(0);
	char *at = strstr(head_space, from), rest[HEAD_MAX];
	bool refused;

	if (!at)
		return false;
	snprintf(rest, sizeof(rest), "%s", at + strlen(from));
	snprintf(at, sizeof(head_space) - (size_t)(at - head_space), "%s%s", to, rest);
	answer.head_len = strlen(head_space);
	refused = is_refused(&answer, why);
	release(&answer);
	return refused;
}

static void the_fields_of_an_exchange_have_one_spelling(void)
{
	CHECK(respelled("oyster=(", "sig1=(", "another label"));
	CHECK(respelled("\"@status\" ", "", "other components"));
	CHECK(respelled("\"@method\";req", "\"@method\"", "other components"));
	CHECK(respelled("\"@status\" \"@method\";req", "\"@method\";req \"@status\"", "other components"));
	CHECK(respelled("created=", "created=0", "no created"));
	CHECK(respelled(";created=1741620242", "", "no created"));
	CHECK(respelled(";keyid", ";nonce=\"\";keyid", "a nonce that is none"));
	CHECK(respelled(";keyid", ";nonce=\"a b\";keyid", "a nonce that is none"));
	CHECK(respelled(";keyid", ";nonce=\"n\";keyid", "recovers to"));
	CHECK(respelled("keyid=\"0x1a", "keyid=\"0x1A", "keyid is"));
	CHECK(respelled(";tag=\"oyster\"", "", "tag"));
	CHECK(respelled(";tag=\"oyster\"", ";tag=\"oyster\";alg=\"x\"", "tag"));
	CHECK(respelled("signature: oyster=:", "signature: other=:", "signature is not"));
	CHECK(respelled("signature: oyster=:", "signature: oyster=: ", "signature is not"));
	CHECK(respelled("SRw=:", "SRx=:", "signature is not"));	/* bits that are not read */
	CHECK(respelled("SRw=:", "SRw:", "signature is not"));
	CHECK(respelled("SRw=:", "SRw=:, b=:AA==:", "signature is not"));
	CHECK(respelled("SRw=:", "SQA=:", "neither 27 nor 28"));
	CHECK(respelled("content-digest: sha-256=", "content-digest: SHA-256=", "content-digest is not"));
	CHECK(respelled("content-digest: ", "content-digest: sha-512=:AA==:, ", "content-digest is not"));
	CHECK(respelled("signature: ", "x-signature: ", "signature is missing"));
	CHECK(respelled("signature-input: ", "x-oyster-timestamp: 5\nsignature-input: ",
			"created is 1741620242, x-oyster-timestamp is 5"));
}

int main(void)
{
	receipts = load_vectors("tests/vectors/receipt.json");
	exchanges = load_vectors("tests/vectors/exchange.json");

	RUN(every_recorded_receipt_verifies);
	RUN(every_recorded_exchange_verifies);
	RUN(an_exchange_with_one_byte_changed_is_refused);
	RUN(a_receipt_with_one_byte_changed_is_refused);
	RUN(a_signature_in_another_spelling_is_refused);
	RUN(what_a_signature_may_have_in_front_is_0x);
	RUN(a_receipt_in_the_wrong_place_is_refused);
	RUN(another_method_path_nonce_or_key_is_refused);
	RUN(the_fields_of_an_exchange_have_one_spelling);

	json_decref(receipts);
	json_decref(exchanges);
	return DONE();
}
