/*
 * oyster-verify: checks a saved answer, or an attestation document, offline.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "keys/verify/attestation.h"
#include "keys/verify/check.h"
#include "keys/verify/encoding.h"
#include "keys/verify/input.h"
#include "keys/verify/key.h"
#include "keys/verify/options.h"

#define BODY_MAX	(64U * 1024 * 1024)	/* bytes, likewise of a request */
#define KEY_FILE_MAX	4096			/* bytes */
#define ROOT_MAX	65536			/* bytes */

enum { VERIFIED, NOT_VERIFIED, UNUSABLE };	/* exit statuses */

struct inputs {
	struct buf head, body, request, key, root;
};

static void inputs_clear(struct inputs *inputs)
{
	buf_clear(&inputs->head);
	buf_clear(&inputs->body);
	buf_clear(&inputs->request);
	buf_clear(&inputs->key);
	buf_clear(&inputs->root);
}

/* A file that was not named stays empty. */
static bool read_if(struct buf *buf, const char *path, size_t max)
{
	buf->max = max;
	return !path || input_read(buf, path);
}

static bool read_inputs(struct inputs *inputs, const struct options *options)
{
	const char *head = options->headers ? options->headers : options->response;
	const char *key = options->attestation ? options->attestation : options->public_key;
	size_t key_max = options->attestation ? ATTESTATION_MAX : KEY_FILE_MAX;

	return read_if(&inputs->head, head, RESPONSE_HEAD_MAX + BODY_MAX) &&
	       read_if(&inputs->body, options->body, BODY_MAX) &&
	       read_if(&inputs->request, options->request, BODY_MAX) &&
	       read_if(&inputs->key, key, key_max) &&
	       read_if(&inputs->root, options->root, ROOT_MAX);
}

static bool read_response(struct evidence *evidence, const struct inputs *inputs,
			  const struct options *options)
{
	struct text body = input_text(&inputs->body);
	const char *why;

	if (!options_has_response(options))
		return true;
	why = response_read(&evidence->response, input_text(&inputs->head),
			    options->body ? &body : NULL);
	if (why)
		warnx("the response %s", why);
	return !why;
}

/* An empty file is no root, and does not stand for AWS's. */
static bool read_root(struct chain_root *root, const struct inputs *inputs)
{
	if (chain_root_read(root, input_text(&inputs->root)))
		return true;
	warnx("--root is neither a certificate nor a key of P-384");
	return false;
}

static bool take_attested_key(struct report *report, struct evidence *evidence,
			      const struct inputs *inputs, const struct options *options)
{
	struct chain_root other = { 0 };
	struct attestation attestation = {
		.document = input_text(&inputs->key),
		.root = options->root ? &other : &chain_aws,
		.pins = &options->pins,
		.now = options->now,
		.has_max_age = options->has_max_age,
		.max_age = options->max_age,
		.need_key = options_has_response(options),
	};

	if (options->root && !read_root(&other, inputs))
		return false;
	attestation_check(report, &attestation);
	evidence->has_key = attestation.is_good && attestation.has_key;
	if (evidence->has_key)
		ecdsa_address(evidence->address, attestation.public_key);
	return true;
}

static bool take_key(struct report *report, struct evidence *evidence,
		     const struct inputs *inputs, const struct options *options)
{
	if (options->attestation) {
		evidence->source = "--attestation";
		return take_attested_key(report, evidence, inputs, options);
	}
	evidence->has_key = true;
	if (options->public_key) {
		evidence->source = "--public-key";
		return key_from_file(evidence->address, input_text(&inputs->key));
	}
	evidence->source = "--address";
	return key_from_address(evidence->address, options->address);
}

static void take_rules(struct evidence *evidence, const struct inputs *inputs,
		       const struct options *options)
{
	evidence->request = input_text(&inputs->request);
	evidence->method = options->method;
	evidence->path = options->path;
	evidence->nonce = options->nonce;
	evidence->need_receipt = options->need_receipt;
	evidence->need_exchange = options->need_exchange;
	evidence->has_max_age = options->has_max_age;
	evidence->max_age = options->max_age;
	evidence->now = options->now;
}

static void add_facts(struct report *report, const struct evidence *evidence)
{
	char address[2 + 2 * ECDSA_ADDRESS_LEN + 1] = "0x", when[TIME_LEN];

	if (evidence->has_key) {
		hex_write(address + 2, evidence->address, ECDSA_ADDRESS_LEN);
		report_fact(report, "address", address);
		report_fact(report, "address_from", evidence->source);
	}
	if (evidence->is_signed) {
		time_write(when, evidence->seconds);
		report_fact(report, "signed_at", when);
	}
}

static bool run(struct report *report, struct evidence *evidence,
		const struct inputs *inputs, const struct options *options)
{
	if (!read_response(evidence, inputs, options) ||
	    !take_key(report, evidence, inputs, options))
		return false;
	take_rules(evidence, inputs, options);
	if (options_has_response(options) && evidence->has_key)
		check_answer(report, evidence);
	else if (options_has_response(options))
		report_skip(report, "response", "not checked: there is no key to check it with");
	else
		report_skip(report, "response", "none was given: the document alone is checked");
	add_facts(report, evidence);
	return true;
}

/* The model's text, and the checks where they do not get into it. */
static bool print_answer(const struct report *report, const struct evidence *evidence,
			 bool verified)
{
	report_print_text(report, stderr);
	if (!verified)
		return false;
	if (!evidence->is_read) {
		warnx("there is no text in this answer, which has status %u%s%s",
		      evidence->response.status,
		      *evidence->statement.why ? ": " : "", evidence->statement.why);
		return false;
	}
	fwrite(evidence->statement.response.at, 1, evidence->statement.response.len,
	       stdout);
	return true;
}

static int conclude(const struct report *report, const struct evidence *evidence,
		    const struct options *options)
{
	enum report_verdict verdict = report_verdict(report);
	bool ok = verdict == REPORT_VERIFIED ||
		  (verdict == REPORT_UNPINNED && options->allow_unpinned);

	if (options->answer)
		ok = print_answer(report, evidence, ok);
	else if (options->json)
		report_print_json(report, stdout);
	else if (!options->quiet)
		report_print_text(report, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		warn("cannot write");
		return UNUSABLE;
	}
	return ok ? VERIFIED : NOT_VERIFIED;
}

int main(int argc, char **argv)
{
	static struct evidence evidence;
	struct inputs inputs = { 0 };
	struct options options;
	struct report report;
	int status = UNUSABLE;

	report_init(&report);
	if (!options_read(&options, argc, argv)) {
		fputs("oyster-verify --help lists the options\n", stderr);
	} else if (options.help) {
		fputs(options_usage, stdout);
		status = VERIFIED;
	} else if (read_inputs(&inputs, &options)) {
		report.allow_unpinned = options.allow_unpinned;
		if (run(&report, &evidence, &inputs, &options))
			status = conclude(&report, &evidence, &options);
	}
	evidence_clear(&evidence);
	report_clear(&report);
	inputs_clear(&inputs);
	return status;
}
