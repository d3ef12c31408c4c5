/*
 * Saved answers before oyster-verify.
 *
 * The input is a byte of options, the request and the nonce with their lengths
 * in front, and the response as `curl -si' saves it.  Answers that verify
 * must be read alike by jansson; and with a nonce demanded, the nonce must
 * stand in them.
 */
#include <string.h>

#include "keys/exchange.h"
#include "keys/verify/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/second.h"

enum {
	NONCE	 = 1 << 0,	/* --nonce */
	RECEIPT	 = 1 << 1,	/* --require */
	EXCHANGE = 1 << 2,
	MAX_AGE	 = 1 << 3,
	GET	 = 1 << 4,	/* --method, --path */
	HEAD	 = 1 << 5,
	IN_TWO	 = 1 << 6	/* --headers, --body: the body is the request again */
};

#define NOW	1741620242	/* of the vectors, as is the address */

/* The key is 32 bytes of 0x01. */
static const uint8_t address[ECDSA_ADDRESS_LEN] = {
	0x1a, 0x64, 0x2f, 0x0e, 0x3c, 0x3a, 0xf5, 0x45, 0xe7, 0xac,
	0xbd, 0x38, 0xb0, 0x72, 0x51, 0xb3, 0x99, 0x09, 0x14, 0xf1,
};

static void set_rules(struct evidence *evidence, unsigned options,
		      struct text request, const char *nonce)
{
	memset(evidence, 0, sizeof(*evidence));
	memcpy(evidence->address, address, sizeof(address));
	evidence->has_key = true;
	evidence->source = "--address";
	evidence->request = request;
	evidence->method = options & GET ? "GET" : options & HEAD ? "HEAD" : "POST";
	evidence->path = options & (GET | HEAD) ? "/health" : "/api/generate";
	evidence->nonce = options & NONCE ? nonce : NULL;
	evidence->need_receipt = options & RECEIPT;
	evidence->need_exchange = options & EXCHANGE;
	evidence->has_max_age = options & MAX_AGE;
	evidence->max_age = 60;
	evidence->now = NOW;
}

/* Each field of a response must lie in it. */
static void check_slices(const struct response *response, struct text saved)
{
	size_t i;

	MUST(response->count <= RESPONSE_FIELDS);
	for (i = 0; i < response->count; i++) {
		const struct response_field *field = &response->field[i];

		MUST(field->name.len > 0 && field->name.at >= saved.at);
		MUST(field->name.at + field->name.len < field->value.at);
		MUST(field->value.at + field->value.len < saved.at + saved.len);
		MUST(!memchr(field->value.at, '\n', field->value.len));
	}
}

/* The last object of the answer, and the first, which has the text. */
static void check_strings(const struct evidence *evidence)
{
	const struct statement *statement = &evidence->statement;
	struct text body = evidence->response.body, first = body;
	json_t *asked = second_read(evidence->request), *theirs;
	const char *end = memchr(body.at, '\n', body.len);

	if (statement->first.data)
		first.len = (size_t)(end - body.at);
	theirs = second_read(first);
	if (asked) {
		MUST(second_is_string(asked, "model", statement->model));
		MUST(second_is_string(asked, "prompt", statement->prompt));
		MUST(second_is_array(asked, "context", statement->request_context));
	}
	if (theirs) {
		MUST(second_is_string(theirs, "model", statement->model));
		MUST(second_is_string(theirs, "response", statement->response));
		MUST((statement->first.data && !json_object_get(theirs, "context")) ||
		     second_is_array(theirs, "context", statement->response_context));
	}
	json_decref(asked);
	json_decref(theirs);
}

static void check_verdict(const struct report *report, const struct evidence *evidence)
{
	bool verified = report_verdict(report) == REPORT_VERIFIED;
	struct text input, value;

	if (!verified)
		return;
	MUST(evidence->is_signed && !report->unpinned);
	MUST(!evidence->need_receipt ||
	     response_field(&evidence->response, "x-oyster-signature", &value) == 1);
	if (!evidence->need_exchange && !(evidence->nonce && *evidence->nonce))
		return;
	MUST(response_field(&evidence->response, "signature", &value) == 1);
	MUST(response_field(&evidence->response, "signature-input", &input) == 1);
	MUST(!evidence->nonce || !*evidence->nonce ||
	     memmem(input.at, input.len, evidence->nonce, strlen(evidence->nonce)));
}

static void print(const struct report *report)
{
	static FILE *nowhere;

	if (!nowhere)
		nowhere = must(fopen("/dev/null", "w"));
	report_print_text(report, nowhere);
	report_print_json(report, nowhere);
}

static void check(unsigned options, struct text request, const char *nonce,
		  struct text saved)
{
	const struct text *body = options & IN_TWO ? &request : NULL;
	static struct evidence evidence;
	struct report report;

	report_init(&report);
	set_rules(&evidence, options, request, nonce);
	if (!response_read(&evidence.response, saved, body)) {
		check_slices(&evidence.response, saved);
		check_answer(&report, &evidence);
		if (evidence.is_read)
			check_strings(&evidence);
		check_verdict(&report, &evidence);
		print(&report);
	}
	MUST(!report.broken);
	evidence_clear(&evidence);
	report_clear(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size };
	unsigned options = take_byte(&rest);
	struct text request = take_part(&rest), word = take_part(&rest);
	struct text saved = take_all(&rest);
	char nonce[EXCHANGE_NONCE];

	snprintf(nonce, sizeof(nonce), "%.*s", (int)word.len, word.at);
	check(options, request, nonce, saved);
	release(request);
	release(word);
	release(saved);
	return 0;
}
