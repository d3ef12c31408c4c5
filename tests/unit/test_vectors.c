/*
 * The receipts that the program before this one signed, made again with
 * everything that has a part in them: request, reply, receipt, signature.
 */
#include "tests/unit/vectors.h"

#include "fcgi/reply.h"
#include "keys/ecdsa.h"
#include "keys/receipt.h"
#include "tests/unit/ask.h"
#include "tests/unit/tap.h"

/*
 * Signed by that program, but nothing to sign: the reply is another model's,
 * or says that another host's model made it.
 */
static const struct {
	const char *name;
	enum oyster_err err;
} unsignable[] = {
	{ "model_unicode", OYSTER_EREPLYMODEL },
	{ "resp_extra_fields", OYSTER_EREPLYREMOTE },
};

struct recorded {
	const char *name, *request, *upstream_request, *reply, *signature;
	size_t request_len, upstream_request_len, reply_len, unused;
	uint64_t seconds;
};

static struct recorded read_case(const json_t *one)
{
	struct recorded recorded;

	recorded.name = field(one, "name", &recorded.unused);
	recorded.request = field(one, "request_body", &recorded.request_len);
	recorded.upstream_request = field(one, "upstream_request_body", &recorded.upstream_request_len);
	recorded.reply = field(one, "upstream_body", &recorded.reply_len);
	recorded.signature = field(one, "signature", &recorded.unused);
	recorded.seconds = (uint64_t)json_integer_value(json_object_get(one, "timestamp"));
	return recorded;
}

static bool sign(uint8_t sig[static ECDSA_SIG_LEN], uint64_t seconds,
		 const struct text strings[static RECEIPT_STRINGS])
{
	uint8_t secret[ECDSA_SECRET_LEN], digest[KECCAK_LEN];
	uint64_t len[RECEIPT_STRINGS];
	struct receipt receipt;
	struct ecdsa *ecdsa;
	bool ok;
	int i;

	for (i = 0; i < RECEIPT_STRINGS; i++)
		len[i] = strings[i].len;
	if (!receipt_init(&receipt, seconds, len))
		return false;
	for (i = 0; i < RECEIPT_STRINGS; i++)
		if (strings[i].len)
			receipt_add(&receipt, strings[i].at, strings[i].len);
	receipt_final(&receipt, digest);

	memset(secret, 1, sizeof(secret));
	ecdsa = ecdsa_new(secret);
	ok = ecdsa && ecdsa_sign(ecdsa, sig, digest);
	ecdsa_free(ecdsa);
	return ok;
}

static enum oyster_err expected(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(unsignable); i++)
		if (!strcmp(name, unsignable[i].name))
			return unsignable[i].err;
	return OYSTER_OK;
}

static void check_case(const struct recorded *recorded)
{
	struct asked asked = ask_limited(recorded->request, recorded->request_len, ANY_TOKEN);
	const struct request *request = &asked.request;
	struct reply reply = { .body = BUF_INIT(1 << 20) };
	uint8_t sig[ECDSA_SIG_LEN] = { 0 };
	enum oyster_err err;

	CHECK_ROW(asked.err == OYSTER_OK && request->covered, recorded->name);
	CHECK_ROW(request->upstream.len == recorded->upstream_request_len &&
		  !memcmp(request->upstream.data, recorded->upstream_request, request->upstream.len),
		  recorded->name);
	CHECK(buf_add(&reply.body, recorded->reply, recorded->reply_len) == OYSTER_OK);
	err = reply_parse(&reply, request->model);
	CHECK_ROW(err == expected(recorded->name), recorded->name);
	if (!err) {
		const struct text strings[RECEIPT_STRINGS] = {
			reply.model, request->prompt, request->context, reply.response, reply.context,
		};

		CHECK_ROW(sign(sig, recorded->seconds, strings), recorded->name);
		CHECK_ROW(is_hex(sig, sizeof(sig), recorded->signature), recorded->name);
	}
	CHECK_ROW(reply.body.len == recorded->reply_len &&
		  !memcmp(reply.body.data, recorded->reply, reply.body.len), recorded->name);
	reply_clear(&reply);
	forget(&asked);
}

static void requests_replies_and_receipts_are_those_of_the_program_before(void)
{
	json_t *root = load_vectors("tests/vectors/receipt.json");
	const json_t *cases = json_object_get(root, "cases");
	size_t i;

	CHECK(json_array_size(cases) >= 44);
	for (i = 0; i < json_array_size(cases); i++) {
		struct recorded recorded = read_case(json_array_get(cases, i));

		check_case(&recorded);
	}
	json_decref(root);
}

int main(void)
{
	RUN(requests_replies_and_receipts_are_those_of_the_program_before);
	return DONE();
}
