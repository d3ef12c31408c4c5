/* The checks of an exchange signature (RFC 9421); see check.h. */
#include <stdio.h>
#include <string.h>

#include "fcgi/digest.h"
#include "keys/exchange.h"
#include "keys/verify/check.h"
#include "keys/verify/encoding.h"

static const char about[] = "exchange";

enum field_id { CONTENT_DIGEST, REQUEST_DIGEST, INPUT, SIGNATURE, FIELDS };

static const char *const names[FIELDS] = {
	"content-digest", "x-oyster-request-digest", "signature-input", "signature",
};

/* Take literal off the front. */
static bool take(struct text *rest, const char *literal)
{
	size_t len = strlen(literal);

	if (rest->len < len || memcmp(rest->at, literal, len))
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

/* Take what comes before the stop, and the stop. */
static bool take_until(struct text *rest, char stop, struct text *taken)
{
	const char *end = rest->len ? memchr(rest->at, stop, rest->len) : NULL;

	if (!end)
		return false;
	*taken = (struct text){ rest->at, (size_t)(end - rest->at) };
	rest->at += taken->len + 1;
	rest->len -= taken->len + 1;
	return true;
}

/* `sha-256=:…:' alone, as the responder writes it */
static bool read_digest(uint8_t digest[static EXCHANGE_DIGEST], struct text field)
{
	struct text base64;

	return take(&field, "sha-256=:") && take_until(&field, ':', &base64) &&
	       field.len == 0 && base64_read(digest, EXCHANGE_DIGEST, base64);
}

static void make_digest(uint8_t to[static DIGEST_LEN], struct text bytes)
{
	struct digest digest;

	digest_init(&digest);
	digest_add(&digest, bytes);
	digest_final(&digest, to);
}

/* `curl -d @FILE' sends a file without its line ends: the commonest mistake. */
static bool is_without_lines(const uint8_t claimed[static DIGEST_LEN], struct text bytes)
{
	static const char ends[] = "\r\n";
	const char *at = bytes.at, *end = at + bytes.len, *start;
	uint8_t ours[DIGEST_LEN];
	struct digest digest;

	digest_init(&digest);
	while (at < end) {
		start = at;
		while (at < end && *at != ends[0] && *at != ends[1])
			at++;
		digest_add(&digest, (struct text){ start, (size_t)(at - start) });
		if (at < end)
			at++;
	}
	digest_final(&digest, ours);
	return !memcmp(ours, claimed, sizeof(ours));
}

/* Hold the digest that a field claims against the bytes that there are. */
static bool check_digest(struct report *report, uint8_t claimed[static EXCHANGE_DIGEST],
			 enum field_id id, struct text field, struct text bytes,
			 const char *of)
{
	uint8_t ours[DIGEST_LEN];

	if (!read_digest(claimed, field)) {
		report_fail(report, about, "%s is not sha-256=:BASE64: alone", names[id]);
		return false;
	}
	make_digest(ours, bytes);
	if (memcmp(ours, claimed, sizeof(ours))) {
		report_fail(report, about, "%s does not match the %s (%zu bytes)%s",
			    names[id], of, bytes.len,
			    is_without_lines(claimed, bytes) ?
			    "; it does without line ends, as `curl -d' sends it: use --data-binary" : "");
		return false;
	}
	report_pass(report, about, "%s matches the %s (%zu bytes)",
		    names[id], of, bytes.len);
	return true;
}

struct input {
	uint64_t created;
	char nonce[EXCHANGE_NONCE];	/* empty if there is none */
	struct text keyid;
};

/* signature-input in the one spelling that is made; NULL, or what is wrong. */
static const char *read_input(struct input *input, struct text rest)
{
	struct text number, nonce;

	if (!take(&rest, "oyster="))
		return "has another label than oyster";
	if (!take(&rest, "(\"@status\" \"@method\";req \"@path\";req "
			 "\"content-digest\" \"x-oyster-request-digest\")"))
		return "covers other components, or in another order";
	if (!take(&rest, ";created=") || !take_until(&rest, ';', &number) ||
	    !number_read(&input->created, number))
		return "has no created in seconds";
	input->nonce[0] = '\0';
	if (take(&rest, "nonce=\"")) {
		if (!take_until(&rest, '"', &nonce) || nonce.len >= sizeof(input->nonce))
			return "has a nonce that is none";
		memcpy(input->nonce, nonce.at, nonce.len);
		input->nonce[nonce.len] = '\0';
		if (!exchange_is_nonce(input->nonce) || !take(&rest, ";"))
			return "has a nonce that is none";
	}
	if (!take(&rest, "keyid=\"") || !take_until(&rest, '"', &input->keyid))
		return "has no keyid";
	if (!take(&rest, ";tag=\"oyster\"") || rest.len > 0)
		return "does not end in the tag oyster";
	return NULL;
}

static bool check_keyid(struct report *report, const struct evidence *evidence,
			struct text keyid)
{
	char ours[2 + 2 * ECDSA_ADDRESS_LEN + 1] = "0x";

	hex_write(ours + 2, evidence->address, ECDSA_ADDRESS_LEN);
	if (text_equal(keyid, text_of(ours))) {
		report_pass(report, about, "keyid is %s, the key of %s", ours, evidence->source);
		return true;
	}
	report_fail(report, about, "keyid is %.*s, the key of %s is %s",
		    (int)(keyid.len < 64 ? keyid.len : 64), keyid.at,
		    evidence->source, ours);
	return false;
}

static bool check_nonce(struct report *report, const struct evidence *evidence,
			const char *nonce)
{
	const char *none = "none", *found = *nonce ? nonce : none;

	if (!evidence->nonce)
		report_skip(report, about, "nonce is %s, not compared with the one sent (--nonce)", found);
	else if (strcmp(nonce, evidence->nonce))
		report_fail(report, about, "nonce is %s, --nonce is %s", found,
			    *evidence->nonce ? evidence->nonce : none);
	else
		report_pass(report, about, "nonce is %s, as --nonce says", found);
	return !evidence->nonce || !strcmp(nonce, evidence->nonce);
}

/* A receipt of this answer has the same second. */
static bool check_second(struct report *report, const struct evidence *evidence,
			 uint64_t created)
{
	struct text value;
	uint64_t seconds;

	if (!response_field(&evidence->response, "x-oyster-timestamp", &value))
		return true;
	if (number_read(&seconds, value) && seconds == created) {
		report_pass(report, about, "created is %llu, as x-oyster-timestamp",
			    (unsigned long long)created);
		return true;
	}
	report_fail(report, about, "created is %llu, x-oyster-timestamp is %.*s",
		    (unsigned long long)created,
		    (int)(value.len < 32 ? value.len : 32), value.at);
	return false;
}

static bool read_sig(struct report *report, uint8_t sig[static ECDSA_SIG_LEN],
		     struct text field)
{
	struct text base64;

	if (take(&field, "oyster=:") && take_until(&field, ':', &base64) &&
	    field.len == 0 && base64_read(sig, ECDSA_SIG_LEN, base64))
		return true;
	report_fail(report, about, "signature is not oyster=:BASE64 of 65 bytes:");
	return false;
}

static bool describe(struct report *report, struct exchange *exchange,
		     const struct evidence *evidence, const struct input *input)
{
	exchange->status = evidence->response.status;
	snprintf(exchange->method, sizeof(exchange->method), "%s", evidence->method);
	snprintf(exchange->path, sizeof(exchange->path), "%s", evidence->path);
	memcpy(exchange->nonce, input->nonce, sizeof(exchange->nonce));
	if (exchange_valid(exchange) &&
	    !strcmp(exchange->method, evidence->method) &&
	    !strcmp(exchange->path, evidence->path))
		return true;
	report_fail(report, about, "%s %s is nothing that is signed",
		    evidence->method, evidence->path);
	return false;
}

/* The signature is checked over the digests as claimed: both lines tell then. */
static void check(struct report *report, struct evidence *evidence,
		  const struct text *fields)
{
	struct exchange exchange = { 0 };
	uint8_t sig[ECDSA_SIG_LEN], hash[KECCAK_LEN];
	struct input input = { 0 };
	const char *why;
	bool ok;

	ok = check_digest(report, exchange.content_digest, CONTENT_DIGEST,
			  fields[CONTENT_DIGEST], evidence->response.body,
			  "response's body");
	ok &= check_digest(report, exchange.request_digest, REQUEST_DIGEST,
			   fields[REQUEST_DIGEST], evidence->request,
			   "request's body");
	why = read_input(&input, fields[INPUT]);
	if (why) {
		report_fail(report, about, "signature-input %s", why);
		return;
	}
	ok &= check_nonce(report, evidence, input.nonce);
	ok &= check_second(report, evidence, input.created);
	ok &= check_keyid(report, evidence, input.keyid);
	if (!describe(report, &exchange, evidence, &input) ||
	    !read_sig(report, sig, fields[SIGNATURE]))
		return;
	exchange_digest(hash, &exchange, input.created, evidence->address);
	ok &= check_signature(report, evidence, about, names[SIGNATURE], sig, hash);
	if (ok) {
		evidence->is_signed = true;
		evidence->seconds = input.created;
	}
}

void check_exchange(struct report *report, struct evidence *evidence)
{
	struct text fields[FIELDS];
	bool has[FIELDS];
	enum field_id id;

	for (id = 0; id < FIELDS; id++)
		has[id] = response_field(&evidence->response, names[id], &fields[id]);

	if (!has[CONTENT_DIGEST] && !has[REQUEST_DIGEST] && !has[INPUT] && !has[SIGNATURE]) {
		if (evidence->need_exchange || (evidence->nonce && *evidence->nonce))
			report_fail(report, about, "there is no signature of it, and %s wants one",
				    evidence->need_exchange ? "--require" : "--nonce");
		else
			report_skip(report, about, "there is no signature of it (signature-input)");
		return;
	}
	for (id = 0; id < FIELDS; id++) {
		if (has[id])
			continue;
		report_fail(report, about, "%s is missing", names[id]);
		return;
	}
	check(report, evidence, fields);
}
