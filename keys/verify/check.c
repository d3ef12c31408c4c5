/* The checks of one answer; see check.h. */
#include "check.h"

#include <string.h>

#include "keys/verify/encoding.h"

/* Fields of which a second one would leave open what was signed. */
static const char *const single[] = {
	"x-oyster-timestamp", "x-oyster-signature", "content-digest",
	"x-oyster-request-digest", "signature-input", "signature",
	"content-type", "content-length", "content-encoding",
};

static bool check_fields(struct report *report, const struct evidence *evidence)
{
	struct text value;
	bool ok = true;
	size_t i, found;

	for (i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		found = response_field(&evidence->response, single[i], &value);
		if (found <= 1)
			continue;
		report_fail(report, "response", "%s is there %zu times", single[i], found);
		ok = false;
	}
	return ok;
}

/* Of a response to HEAD the length is that of the body that is not there. */
static bool check_length(struct report *report, const struct evidence *evidence)
{
	const struct response *response = &evidence->response;
	struct text value;
	uint64_t len;

	if (!strcmp(evidence->method, "HEAD")) {
		if (response->body.len > 0)
			report_fail(report, "response", "to HEAD, and with a body of %zu bytes",
				    response->body.len);
		return response->body.len == 0;
	}
	if (!response_field(response, "content-length", &value))
		return true;
	if (number_read(&len, value) && len == response->body.len)
		return true;
	report_fail(report, "response",
		    "content-length says %.*s, the body has %zu bytes",
		    (int)(value.len < 32 ? value.len : 32), value.at,
		    response->body.len);
	return false;
}

static bool is_generate(const struct evidence *evidence)
{
	return !strcmp(evidence->method, "POST") &&
	       !strcmp(evidence->path, "/api/generate");
}

void check_answer(struct report *report, struct evidence *evidence)
{
	const struct response *response = &evidence->response;

	if (!check_fields(report, evidence) || !check_length(report, evidence))
		return;
	report_pass(report, "response", "status %u to %s %s, %zu bytes",
		    response->status, evidence->method, evidence->path,
		    response->body.len);
	if (is_generate(evidence) && response->status == 200)
		evidence->is_read =
			statement_read(&evidence->statement, evidence->request,
				       response->body);

	check_receipt(report, evidence);
	check_exchange(report, evidence);
	if (evidence->is_signed)
		check_age(report, evidence, "response", evidence->seconds);
	else if (!report->failed)
		report_fail(report, "response", "carries no signature of either kind");
}

bool check_signature(struct report *report, const struct evidence *evidence,
		     const char *about, const char *field,
		     const uint8_t sig[static ECDSA_SIG_LEN],
		     const uint8_t digest[static ECDSA_DIGEST_LEN])
{
	uint8_t key[ECDSA_PUBLIC_LEN], address[ECDSA_ADDRESS_LEN];
	char ours[2 * ECDSA_ADDRESS_LEN + 1], theirs[sizeof(ours)];
	enum ecdsa_fault fault = ecdsa_recover(key, sig, digest);

	if (fault != ECDSA_GOOD) {
		report_fail(report, about, "%s %s", field, ecdsa_fault_text(fault));
		return false;
	}
	ecdsa_address(address, key);
	hex_write(ours, evidence->address, sizeof(address));
	hex_write(theirs, address, sizeof(address));
	if (memcmp(address, evidence->address, sizeof(address))) {
		report_fail(report, about,
			    "%s recovers to 0x%s, the key of %s is 0x%s: another key, or another text",
			    field, theirs, evidence->source, ours);
		return false;
	}
	report_pass(report, about, "%s recovers to 0x%s, the key of %s",
		    field, theirs, evidence->source);
	return true;
}

bool check_age(struct report *report, const struct evidence *evidence,
	       const char *about, uint64_t seconds)
{
	char when[TIME_LEN];

	time_write(when, seconds);
	if (!evidence->has_max_age) {
		report_skip(report, about, "made at %s; how old that is was not checked (--max-age)", when);
		return true;
	}
	if (seconds > evidence->now && seconds - evidence->now > CHECK_SKEW) {
		report_fail(report, about, "made at %s, which is in the future", when);
		return false;
	}
	if (seconds < evidence->now && evidence->now - seconds > evidence->max_age) {
		report_fail(report, about, "made at %s, %llu seconds ago; --max-age allows %llu", when,
			    (unsigned long long)(evidence->now - seconds),
			    (unsigned long long)evidence->max_age);
		return false;
	}
	report_pass(report, about, "made at %s, not more than %llu seconds ago (--max-age)", when,
		    (unsigned long long)evidence->max_age);
	return true;
}

void evidence_clear(struct evidence *evidence)
{
	statement_clear(&evidence->statement);
}
