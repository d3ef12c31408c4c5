/*
 * What oyster-verify says of an answer's parts, each in all the forms that it
 * must not have; and its report when memory is short.
 */
#include "fcgi/json.h"
#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "tests/unit/bytes.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(enum oyster_err, buf_add, (struct buf *buf, const void *bytes, size_t len), (buf, bytes, len))
FAULT(enum oyster_err, buf_puts, (struct buf *buf, const char *string), (buf, string))
FAULT(enum oyster_err, json_put_string, (struct buf *buf, struct text decoded), (buf, decoded))

#define ASKED	"{\"model\":\"m\",\"prompt\":\"p\",\"stream\":true}"
#define LAST	"{\"model\":\"m\",\"response\":\"\",\"done\":true,\"context\":[1,2]}\n"

static bool is_read(struct statement *statement, const char *answered)
{
	char *bytes = exact_copy(answered, strlen(answered));
	bool ok = statement_read(statement, text_of(ASKED), (struct text){ bytes, strlen(answered) });

	free(bytes);
	return ok;
}

static void two_lines_say_the_same_or_are_none(void)
{
	static const struct {
		const char *answered, *why;	/* NULL: they are read */
	} rows[] = {
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n" LAST, NULL },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"context\":[1,2]}\n" LAST, NULL },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"context\":null,\"error\":\"\",\"x\":1}\n" LAST, NULL },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"context\":[1]}\n" LAST, "context is not that" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"context\":1}\n" LAST, "context is not that" },
		{ "{\"model\":\"m\",\"model\":\"m\",\"response\":\"r\",\"done\":false}\n" LAST, "model is there twice" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false\n" LAST, "the first line: is not a JSON object" },
		{ "{\"model\":1,\"response\":\"r\",\"done\":false}\n" LAST, "model is not the request's" },
		{ "{\"model\":\"n\",\"response\":\"r\",\"done\":false}\n" LAST, "model is not the request's" },
		{ "{\"model\":\"m\",\"response\":1,\"done\":false}\n" LAST, "response is no string" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":true}\n" LAST, "done is not false" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"error\":\"e\"}\n" LAST, "error is set" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false,\"remote_host\":\"e\"}\n" LAST, "remote_host is set" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n{\"model\":\"m\",\"response\":\"x\",\"done\":true}\n",
		  "the last line: response is not empty" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n{\"model\":\"m\",\"response\":\"\"}\n", "the body is not an answer" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n{}", "is not lines of NDJSON" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n\n", "is not two lines of NDJSON" },
		{ LAST LAST LAST, "is not two lines of NDJSON" },
		{ "", "the body is not an answer" },
		{ "{\"model\":\"m\",\"response\":\"r\",\"done\":true}", NULL },
	};
	struct statement statement;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		bool ok = is_read(&statement, rows[i].answered);

		CHECK_ROW(ok == !rows[i].why, rows[i].answered);
		CHECK_ROW(ok || (rows[i].why && strstr(statement.why, rows[i].why)), statement.why);
		CHECK_ROW(!ok || text_equal(statement.response, text_of("r")), rows[i].answered);
		statement_clear(&statement);
	}
}

static void without_memory_nothing_is_read(void)
{
	static const char answered[] = "{\"model\":\"m\",\"response\":\"r\",\"done\":false}\n" LAST;
	struct statement statement;
	int turn;
	bool came = true;

	for (turn = 1; came; turn++) {
		bool ok;

		fault_set("buf_add", turn, ENOMEM, OYSTER_ENOMEM);
		ok = is_read(&statement, answered);
		came = fault_came();
		CHECK(ok == !came && (ok || strstr(statement.why, "out of memory")));
		statement_clear(&statement);
	}
	CHECK(turn > 4);	/* request, its JSON, and both lines */
}

/* A report with what was said in it. */
static char said[8192];

static enum report_verdict finish(struct report *report)
{
	enum report_verdict verdict = report_verdict(report);

	snprintf(said, sizeof(said), "%.*s", (int)report->lines.len, report->lines.len ? report->lines.data : "");
	report_clear(report);
	return verdict;
}

#define DIGEST	"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"	/* of no bytes */
#define COVERS	"oyster=(\"@status\" \"@method\";req \"@path\";req \"content-digest\" \"x-oyster-request-digest\")"
#define ZEROS20	"0000000000000000000000000000000000000000"
#define KEYID	"keyid=\"0x" ZEROS20 "\";tag=\"oyster\""

/* Check an exchange without bodies; all that is there is wrong is told. */
static enum report_verdict check_input(const char *method, const char *path, const char *fields)
{
	static struct evidence evidence;
	enum report_verdict verdict;
	struct report report;
	struct text none = { "", 0 };
	static char head[4096];

	memset(&evidence, 0, sizeof(evidence));
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\n", fields);
	report_init(&report);
	evidence.request = none;
	evidence.method = method;
	evidence.path = path;
	evidence.source = "--address";
	if (response_read(&evidence.response, text_of(head), &none))
		abort();
	check_exchange(&report, &evidence);
	verdict = finish(&report);
	evidence_clear(&evidence);
	return verdict;
}

#define FIELDS(input, signature) \
	"content-digest: " DIGEST "\r\nx-oyster-request-digest: " DIGEST "\r\n" \
	"signature-input: " input "\r\nsignature: " signature "\r\n"
#define NO_SIG	"oyster=:x:"

static void parameters_have_one_spelling(void)
{
	static const struct {
		const char *fields, *says;
	} rows[] = {
		{ FIELDS("x", NO_SIG), "has another label than oyster" },
		{ FIELDS("oyster=()", NO_SIG), "covers other components" },
		{ FIELDS(COVERS, NO_SIG), "has no created in seconds" },
		{ FIELDS(COVERS ";created=", NO_SIG), "has no created in seconds" },
		{ FIELDS(COVERS ";created=1", NO_SIG), "has no created in seconds" },
		{ FIELDS(COVERS ";created=x;" KEYID, NO_SIG), "has no created in seconds" },
		{ FIELDS(COVERS ";created=1;nonce=\"", NO_SIG), "has a nonce that is none" },
		{ FIELDS(COVERS ";created=1;nonce=\"n", NO_SIG), "has a nonce that is none" },
		{ FIELDS(COVERS ";created=1;nonce=\"!\";" KEYID, NO_SIG), "has a nonce that is none" },
		{ FIELDS(COVERS ";created=1;nonce=\"" ZEROS20 ZEROS20 ZEROS20 "000000000\";" KEYID, NO_SIG), "has a nonce that is none" },
		{ FIELDS(COVERS ";created=1;nonce=\"n\"" KEYID, NO_SIG), "has a nonce that is none" },
		{ FIELDS(COVERS ";created=1;x", NO_SIG), "has no keyid" },
		{ FIELDS(COVERS ";created=1;keyid=\"0x", NO_SIG), "has no keyid" },
		{ FIELDS(COVERS ";created=1;keyid=\"0x\"", NO_SIG), "does not end in the tag oyster" },
		{ FIELDS(COVERS ";created=1;" KEYID ";x", NO_SIG), "does not end in the tag oyster" },
		{ FIELDS(COVERS ";created=1;" KEYID, NO_SIG), "signature is not oyster=:BASE64 of 65 bytes:" },
		{ FIELDS(COVERS ";created=1;keyid=\"0x" ZEROS20 ZEROS20 "\";tag=\"oyster\"", NO_SIG), "keyid is 0x" ZEROS20 "0000000000000000000000," },
		{ "x-oyster-timestamp: 0" ZEROS20 "\r\n" FIELDS(COVERS ";created=1;" KEYID, NO_SIG), "x-oyster-timestamp is " "00000000000000000000000000000000\n" },
		{ "x-oyster-timestamp: 2\r\n" FIELDS(COVERS ";created=1;" KEYID, NO_SIG), "x-oyster-timestamp is 2\n" },
		{ "signature: x\r\n", "content-digest is missing" }, { "signature-input: x\r\n", "content-digest is missing" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(check_input("POST", "/api/generate", rows[i].fields) == REPORT_FAILED, rows[i].says);
		CHECK_ROW(strstr(said, rows[i].says), said);
	}
	CHECK(check_input("POST", "/api/generatex", FIELDS(COVERS ";created=1;" KEYID, NO_SIG)) == REPORT_FAILED &&
	      strstr(said, "POST /api/generatex is nothing that is signed"));
	/* Names that would be others if they were cut. */
	CHECK(check_input("HEAD/HEAD/HEAD/HEAD", "/health", FIELDS(COVERS ";created=1;" KEYID, NO_SIG)) == REPORT_FAILED &&
	      strstr(said, "is nothing that is signed"));
}

static void a_string_that_no_receipt_can_hold_is_said(void)
{
	static struct evidence evidence;
	struct report report;
	struct text none = { "", 0 };
	char head[400];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nx-oyster-timestamp: 1\r\nx-oyster-signature: " ZEROS20 ZEROS20 ZEROS20 "0000000000\r\n\r\n");
	report_init(&report);
	evidence.method = "POST";
	evidence.path = "/api/generate";
	evidence.source = "--address";
	evidence.is_read = true;
	evidence.statement.covered = true;
	evidence.statement.prompt.len = (size_t)-1;
	CHECK(!response_read(&evidence.response, text_of(head), &none));
	check_receipt(&report, &evidence);
	CHECK(finish(&report) == REPORT_FAILED && strstr(said, "a string is too long"));
}

static enum report_verdict check_body(const char *method, const char *fields, const char *body)
{
	static struct evidence evidence;
	struct text bytes = text_of(body);
	enum report_verdict verdict;
	struct report report;
	char head[400];

	memset(&evidence, 0, sizeof(evidence));
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\n", fields);
	report_init(&report);
	evidence.method = method;
	evidence.path = "/health";
	evidence.source = "--address";
	CHECK(!response_read(&evidence.response, text_of(head), &bytes));
	check_answer(&report, &evidence);
	verdict = finish(&report);
	evidence_clear(&evidence);
	return verdict;
}

static void a_length_is_that_of_the_body(void)
{
	CHECK(check_body("HEAD", "content-length: 5\r\n", "hello") == REPORT_FAILED &&
	      strstr(said, "to HEAD, and with a body of 5 bytes"));
	CHECK(check_body("GET", "content-length: 4\r\n", "hello") == REPORT_FAILED &&
	      strstr(said, "content-length says 4, the body has 5 bytes"));
	CHECK(check_body("GET", "content-length: x\r\n", "hello") == REPORT_FAILED &&
	      strstr(said, "content-length says x, the body has 5 bytes"));
	CHECK(check_body("GET", "content-length: " ZEROS20 "5\r\n", "hello") == REPORT_FAILED &&
	      strstr(said, "content-length says 00000000000000000000000000000000, the"));
	CHECK(!strstr(said, "000000000000000000000000000000000,"));
}

static void a_name_has_no_nul(void)
{
	static const char head[] = "HTTP/1.1 200 OK\r\na\0b: c\r\n\r\n";
	static struct response response;
	struct text body = { "", 0 };

	CHECK(response_read(&response, (struct text){ head, sizeof(head) - 1 }, &body) != NULL);
}

static void another_clock_may_be_ahead_by_a_minute(void)
{
	struct evidence evidence = { .has_max_age = true, .max_age = 10, .now = 1000 };
	static const struct {
		uint64_t seconds;
		bool ok;
	} rows[] = { { 989, false }, { 990, true }, { 1000, true }, { 1001, true }, { 1060, true }, { 1061, false } };
	struct report report;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		report_init(&report);
		CHECK(check_age(&report, &evidence, "response", rows[i].seconds) == rows[i].ok);
		CHECK((finish(&report) == REPORT_VERIFIED) == rows[i].ok);
	}
}

static void print(char *to, size_t size, const struct report *report)
{
	FILE *file = fmemopen(to, size, "w");

	report_print_text(report, file);
	fclose(file);
}

static void a_report_that_is_not_whole_has_failed(void)
{
	static const char *const names[] = { "buf_puts", "json_put_string" };
	struct report report;
	char text[200] = "";
	size_t i;

	report_init(&report);
	print(text, sizeof(text), &report);
	CHECK(!strcmp(text, "FAILED: 0 of 0 checks\n") && finish(&report) == REPORT_FAILED);
	for (i = 0; i < COUNT(names); i++) {
		report_init(&report);
		fault_set(names[i], 1, ENOMEM, OYSTER_ENOMEM);
		report_pass(&report, "about", "passed");
		CHECK(fault_came());
		report_pass(&report, "about", "passed");
		print(text, sizeof(text), &report);
		CHECK_ROW(strstr(text, "FAILED: out of memory\n"), text);
		CHECK(finish(&report) == REPORT_FAILED);
	}
	report_init(&report);
	report_pass(&report, "about", "%s", "a\x7f\xc3\x1f~ ");
	CHECK(finish(&report) == REPORT_VERIFIED && !strcmp(said, "PASS  about: a???~ \n"));
}

int main(void)
{
	RUN(two_lines_say_the_same_or_are_none);
	RUN(without_memory_nothing_is_read);
	RUN(parameters_have_one_spelling);
	RUN(a_string_that_no_receipt_can_hold_is_said);
	RUN(a_length_is_that_of_the_body);
	RUN(a_name_has_no_nul);
	RUN(another_clock_may_be_ahead_by_a_minute);
	RUN(a_report_that_is_not_whole_has_failed);
	return DONE();
}
