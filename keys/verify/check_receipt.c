/* The checks of a receipt (x-oyster-signature); see check.h. */
#include <string.h>

#include "keys/receipt.h"
#include "keys/verify/check.h"
#include "keys/verify/encoding.h"

static const char about[] = "receipt";
static const char field[] = "x-oyster-signature";

/* 130 lower-case digits.  Clients put 0x before them, which is let pass. */
static bool read_sig(struct report *report, uint8_t sig[static ECDSA_SIG_LEN],
		     struct text value)
{
	size_t i;

	if (value.len >= 2 && value.at[0] == '0' && value.at[1] == 'x') {
		value.at += 2;
		value.len -= 2;
		report_pass(report, about, "%s has 0x in front, which is accepted", field);
	}
	for (i = 0; i < value.len; i++)
		if (value.at[i] >= 'A' && value.at[i] <= 'F') {
			report_fail(report, about, "%s is not in lower-case digits", field);
			return false;
		}
	if (hex_read(sig, ECDSA_SIG_LEN, value))
		return true;
	report_fail(report, about, "%s is not 130 hexadecimal digits", field);
	return false;
}

static bool digest(uint8_t to[static KECCAK_LEN], uint64_t seconds,
		   const struct statement *statement)
{
	const struct text strings[RECEIPT_STRINGS] = {
		statement->model, statement->prompt, statement->request_context,
		statement->response, statement->response_context,
	};
	uint64_t len[RECEIPT_STRINGS];
	struct receipt receipt;
	size_t i;

	for (i = 0; i < RECEIPT_STRINGS; i++)
		len[i] = strings[i].len;
	if (!receipt_init(&receipt, seconds, len))
		return false;
	for (i = 0; i < RECEIPT_STRINGS; i++)
		if (len[i] > 0)
			receipt_add(&receipt, strings[i].at, strings[i].len);
	receipt_final(&receipt, to);
	return true;
}

/* Everything that must be so before a signature can mean anything. */
static bool is_meaningful(struct report *report, const struct evidence *evidence)
{
	if (evidence->response.status != 200)
		report_fail(report, about, "%s on a response with status %u", field,
			    evidence->response.status);
	else if (strcmp(evidence->method, "POST") ||
		 strcmp(evidence->path, "/api/generate"))
		report_fail(report, about, "%s on a response to %s %s", field,
			    evidence->method, evidence->path);
	else if (!evidence->is_read)
		report_fail(report, about, "%s", evidence->statement.why);
	else if (!evidence->statement.covered)
		report_fail(report, about,
			    "the request asks for more than the five strings that a receipt covers");
	else
		return true;
	return false;
}

static void check(struct report *report, struct evidence *evidence,
		  struct text timestamp, struct text signature)
{
	uint8_t sig[ECDSA_SIG_LEN], hash[KECCAK_LEN];
	uint64_t seconds;

	if (!number_read(&seconds, timestamp)) {
		report_fail(report, about, "x-oyster-timestamp is no number of seconds");
		return;
	}
	if (!read_sig(report, sig, signature) || !is_meaningful(report, evidence))
		return;
	report_pass(report, about,
		    "model, prompt and context of the request, text and context of the answer, second %llu",
		    (unsigned long long)seconds);
	if (!digest(hash, seconds, &evidence->statement)) {
		report_fail(report, about, "a string is too long");
		return;
	}
	if (check_signature(report, evidence, about, field, sig, hash)) {
		evidence->is_signed = true;
		evidence->seconds = seconds;
	}
}

void check_receipt(struct report *report, struct evidence *evidence)
{
	struct text timestamp, signature;
	size_t has_timestamp, has_signature;

	has_timestamp = response_field(&evidence->response, "x-oyster-timestamp", &timestamp);
	has_signature = response_field(&evidence->response, field, &signature);

	if (has_timestamp && has_signature)
		check(report, evidence, timestamp, signature);
	else if (has_timestamp || has_signature)
		report_fail(report, about, "there is %s",
			    has_signature ? "x-oyster-signature without x-oyster-timestamp" :
					    "x-oyster-timestamp without x-oyster-signature");
	else if (evidence->need_receipt)
		report_fail(report, about, "there is none, and --require wants one");
	else
		report_skip(report, about, "there is none (x-oyster-signature)");
}
