/* The service; see serve.h. */
#include "serve.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "spare.h"

#define HEALTH_MS	2000	/* for the model server's /api/version */
#define VERSION_MAX	65536	/* bytes of its reply */
#define LARGE		SPARE_LEAST	/* bytes of a reply */
#define SIGNER_MAX	1024	/* bytes of the answer to /oyster/signer */

/*
 * What the model's tokenizer does not bear must not get to it.  A context is
 * not looked at when OYSTER_MAX_TOKEN is set.
 */
static enum oyster_err check_tokens(const struct server *server,
				    struct answer *answer, long *status,
				    const struct relay_call *call)
{
	static const struct text none = { "[]", 2 };
	struct request *request = &answer->request;
	struct stretch texts = stretches_sum(&request->stretches);
	bool has_context = request->context.len > none.len &&
			   server->config->max_token == CONFIG_ASK;
	enum oyster_err err;

	*status = 200;
	if (!has_context && texts.alike <= STRETCH_MAX && texts.word <= STRETCH_MAX)
		return OYSTER_OK;
	err = vocabulary_check(server->vocabulary, status, &answer->reply.body,
			       request->model, has_context ? request->context : none,
			       &texts, call);
	if (err == OYSTER_ESTRETCH)
		snprintf(request->culprit, sizeof(request->culprit), "%s",
			 request->stretches.field);
	return err;
}

/* Out: status, and its body in answer->reply */
static enum oyster_err ask_model(const struct server *server,
				 struct answer *answer, long *status,
				 const struct call *call)
{
	struct reply *reply = &answer->reply;
	struct relay_call relayed = {
		.body = { answer->request.upstream.data,
			  answer->request.upstream.len },
		.client = call->client,
		.deadline = call->deadline,
	};
	enum oyster_err err;

	if (!relay_enter(server->relay))
		return OYSTER_EBUSY;
	err = check_tokens(server, answer, status, &relayed);
	if (!err && *status == 200) {
		reply->body.max = (size_t)server->config->max_reply;
		err = relay_generate(server->relay, status, &reply->body,
				     &relayed);
	}
	relay_leave(server->relay);
	return err;
}

/*
 * Large replies are read and signed one after the other.  The signer takes one
 * at a time, and what is decoded of those that wait for it would take as much
 * memory again as their bytes.
 */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void take_turn(struct answer *answer)
{
	if (answer->reply.body.len < LARGE)
		return;
	pthread_mutex_lock(&turn);
	answer->has_turn = true;
}

/* What is decoded has been signed; of a stream the context is yet to be sent. */
static void end_turn(struct answer *answer)
{
	if (!answer->has_turn)
		return;
	if (!answer->request.stream)
		buf_clear(&answer->reply.decoded);
	pthread_mutex_unlock(&turn);
}

/* The main job, in order. */
static enum oyster_err serve_generate(const struct server *server,
				      struct answer *answer, struct call *call)
{
	struct request *request = &answer->request;
	struct reply *reply = &answer->reply;
	long max_token = server->config->max_token;
	enum oyster_err err;
	long status;

	err = request_parse(request, &call->body,
			    max_token == CONFIG_ASK ? CONFIG_TOKEN_MAX : max_token);
	if (!err)
		err = ask_model(server, answer, &status, call);
	if (err) {
		answer_error(answer, err, request->culprit);
		return err;
	}
	if (status != 200) {
		answer_upstream_error(answer, status);
		return OYSTER_OK;
	}

	take_turn(answer);
	err = reply_parse(reply, request->model);
	if (err) {
		answer_error(answer, err, reply->culprit);
		return err;
	}

	answer->is_covered = request->covered;

	if (request->stream)
		answer_ndjson(answer);
	else
		answer_json(answer);
	return OYSTER_OK;
}

static enum oyster_err ask_version(const struct server *server)
{
	struct buf version = BUF_INIT(VERSION_MAX);
	enum oyster_err err;
	long status = 0;

	err = relay_get(server->relay, &status, &version, "/api/version",
			relay_now() + HEALTH_MS);
	buf_clear(&version);
	if (err == OYSTER_EBUSY)
		return err;
	return err || status != 200 ? OYSTER_ENOMODEL : OYSTER_OK;
}

static enum oyster_err serve_health(const struct server *server,
				    struct answer *answer, struct call *call)
{
	enum oyster_err err;

	(void)call;
	err = signer_ping(server->signer) ? ask_version(server) : OYSTER_ENOSIGNER;
	if (err)
		answer_error(answer, err, "");
	else
		answer_puts(answer, "{\"status\":\"ok\",\"upstream\":\"ok\"}\n");
	return err;
}

static enum oyster_err put_hex(struct buf *buf, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	enum oyster_err err = buf_puts(buf, "\"0x");
	size_t i;

	for (i = 0; !err && i < len; i++) {
		char hex[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 0xf] };

		err = buf_add(buf, hex, sizeof(hex));
	}
	return err ? err : buf_puts(buf, "\"");
}

static enum oyster_err serve_signer(const struct server *server,
				    struct answer *answer, struct call *call)
{
	struct buf *text = &answer->text;

	(void)call;
	text->max = SIGNER_MAX;
	if (buf_puts(text, "{\"address\":") ||
	    put_hex(text, signer_address(server->signer), ECDSA_ADDRESS_LEN) ||
	    buf_puts(text, ",\"public_key\":") ||
	    put_hex(text, signer_public(server->signer), ECDSA_PUBLIC_LEN) ||
	    buf_puts(text, "}\n")) {
		answer_error(answer, OYSTER_ENOMEM, "");
		return OYSTER_ENOMEM;
	}
	answer_add(answer, (struct text){ text->data, text->len });
	return OYSTER_OK;
}

static const struct route {
	const char *path;
	const char *methods[2];
	const char *allow;
	enum oyster_err (*serve)(const struct server *server,
				 struct answer *answer, struct call *call);
} routes[] = {
	{ "/api/generate", { "POST", "POST" }, "POST", serve_generate },
	{ "/health", { "GET", "HEAD" }, "GET, HEAD", serve_health },
	{ "/oyster/signer", { "GET", "HEAD" }, "GET, HEAD", serve_signer },
};

/* The path must be ours to the byte: nothing is decoded or normalised. */
static const struct route *find_route(const char *target)
{
	size_t len = strcspn(target, "?"), i;

	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strlen(routes[i].path) == len &&
		    !memcmp(routes[i].path, target, len))
			return &routes[i];
	return NULL;
}

/* What is said about a request before anybody looks at it. */
static enum oyster_err check(const struct call *call, const char **culprit)
{
	enum oyster_err err = OYSTER_OK;

	*culprit = "";
	if (call->err)
		return call->err;
	if (call->nonce && !exchange_is_nonce(call->nonce)) {
		*culprit = "x-oyster-nonce";
		return OYSTER_ENONCE;
	}
	if (call->content_digest)
		err = digest_check(call->content_digest, call->digest);
	if (err)
		*culprit = "content-digest";
	return err;
}

static void digest_answer(uint8_t bytes[static DIGEST_LEN],
			  const struct answer *answer)
{
	struct digest digest;
	int i;

	digest_init(&digest);
	for (i = 0; i < answer->parts && !answer->is_head; i++)
		digest_add(&digest, answer->part[i]);
	digest_final(&digest, bytes);
}

static void collect_strings(struct signer_string strings[static SIGNER_STRINGS],
			    const struct answer *answer)
{
	const struct text texts[SIGNER_STRINGS] = {
		[SIGNER_MODEL] = answer->reply.model,
		[SIGNER_PROMPT] = answer->request.prompt,
		[SIGNER_REQUEST_CONTEXT] = answer->request.context,
		[SIGNER_RESPONSE] = answer->reply.response,
		[SIGNER_RESPONSE_CONTEXT] = answer->reply.context,
	};
	int i;

	for (i = 0; i < SIGNER_STRINGS; i++)
		strings[i] = (struct signer_string){ texts[i].at, texts[i].len };
}

static void sign(const struct server *server, struct answer *answer,
		 const struct call *call, struct signer_signed *made)
{
	struct signer_string strings[SIGNER_STRINGS];
	struct exchange exchange = { .status = (unsigned)answer->status };
	bool ok;

	snprintf(exchange.method, sizeof(exchange.method), "%s", call->method);
	snprintf(exchange.path, sizeof(exchange.path), "%s", answer->path);
	if (call->nonce && exchange_is_nonce(call->nonce))
		snprintf(exchange.nonce, sizeof(exchange.nonce), "%s", call->nonce);
	memcpy(exchange.request_digest, call->digest, DIGEST_LEN);
	digest_answer(exchange.content_digest, answer);

	if (answer->is_covered)
		collect_strings(strings, answer);
	ok = signer_sign(server->signer, made, &exchange,
			 answer->is_covered ? strings : NULL);
	if (ok)
		answer->made = made;
	else
		answer_error(answer, OYSTER_ESIGN, "");
}

void serve_sign(const struct server *server, struct answer *answer,
		const struct call *call, struct signer_signed *made)
{
	if (answer->path)
		sign(server, answer, call, made);
	end_turn(answer);
}

bool serve(const struct server *server, struct answer *answer,
	   struct call *call)
{
	const struct route *route = find_route(call->target);
	const char *culprit;
	enum oyster_err err;

	answer_init(answer);
	answer->is_head = !strcmp(call->method, "HEAD");
	if (!route) {
		answer_error(answer, OYSTER_EPATH, "");
		return true;
	}
	if (strcmp(call->method, route->methods[0]) &&
	    strcmp(call->method, route->methods[1])) {
		answer_error(answer, OYSTER_EMETHOD, "");
		answer->allow = route->allow;
		return true;
	}

	err = check(call, &culprit);
	if (err)
		answer_error(answer, err, culprit);
	else
		err = route->serve(server, answer, call);
	if (err == OYSTER_ECLIENT)
		return false;
	if (err != OYSTER_ENOSIGNER)	/* it would only fail again */
		answer->path = route->path;
	return true;
}
