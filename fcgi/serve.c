/* The service; see serve.h. */
#include "serve.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

#define HEALTH_MS	2000	/* for the model server's /api/version */
#define VERSION_MAX	65536	/* bytes of its reply */
#define TEXT_MAX	131072	/* bytes of an error or of a reply of our own */

static const char json_type[] = "application/json; charset=utf-8";
static const char ndjson_type[] = "application/x-ndjson";

static void add_part(struct answer *answer, struct text part)
{
	answer->part[answer->parts++] = part;
}

static void add_literal(struct answer *answer, const char *literal)
{
	add_part(answer, (struct text){ literal, strlen(literal) });
}

/* An error in our own words; culprit may be empty. */
static void answer_error(struct answer *answer, enum oyster_err err,
			 const char *culprit)
{
	char sentence[256];
	int len;

	answer->status = err_status(err);
	answer->retry = err == OYSTER_EBUSY;
	answer->has_receipt = false;
	answer->type = json_type;
	answer->parts = 0;

	len = snprintf(sentence, sizeof(sentence), "%s%s%s", culprit,
		       *culprit ? " " : "", err_text(err));
	answer->text.len = 0;
	answer->text.max = TEXT_MAX;
	if (buf_puts(&answer->text, "{\"error\":") ||
	    json_put_string(&answer->text, (struct text){ sentence, (size_t)len }) ||
	    buf_puts(&answer->text, "}\n"))
		add_literal(answer, "{\"error\":\"out of memory\"}\n");
	else
		add_part(answer, (struct text){ answer->text.data, answer->text.len });
}

/* Ollama's own error, with its status and, where it gave one, its sentence. */
static void answer_upstream_error(struct answer *answer, long status)
{
	struct text sentence;
	char culprit[ERR_CULPRIT];

	if (status != 400 && status != 404 && status != 500 && status != 503) {
		snprintf(culprit, sizeof(culprit), "status %ld", status);
		answer_error(answer, OYSTER_ESTATUS, culprit);
		return;
	}
	sentence = reply_error(&answer->reply);
	if (sentence.len == 0) {
		answer_error(answer, OYSTER_EUNEXPLAINED, "");
	} else {
		answer->type = json_type;
		add_literal(answer, "{\"error\":");
		add_part(answer, sentence);
		add_literal(answer, "}\n");
	}
	answer->status = (int)status;
}

/* Every line feed outside of a string is white space: a line must have one. */
static void unfold(struct buf *body)
{
	size_t i;

	for (i = 0; i < body->len; i++)
		if (body->data[i] == '\n' || body->data[i] == '\r')
			body->data[i] = ' ';
}

/*
 * The two lines for a client that asked for a stream: the whole text in an
 * object that is not the last, and the model's own object without it.
 */
static void answer_ndjson(struct answer *answer)
{
	struct reply *reply = &answer->reply;
	struct json *response = &reply->response_json;
	const char *start = reply->body.data;
	const char *end = start + reply->body.len;
	const char *behind = response->at + response->len;

	unfold(&reply->body);
	answer->type = ndjson_type;

	add_literal(answer, "{\"model\":");
	add_part(answer, (struct text){ reply->model_json.at, reply->model_json.len });
	if (reply->created_json.type != JSON_ABSENT) {
		add_literal(answer, ",\"created_at\":");
		add_part(answer, (struct text){ reply->created_json.at,
						reply->created_json.len });
	}
	add_literal(answer, ",\"response\":");
	add_part(answer, (struct text){ response->at, response->len });
	add_literal(answer, ",\"done\":false");
	if (reply->context_json.type == JSON_ARRAY) {
		add_literal(answer, ",\"context\":");
		add_part(answer, reply->context);
	}
	add_literal(answer, "}\n");

	add_part(answer, (struct text){ start, (size_t)(response->at - start) });
	add_literal(answer, "\"\"");
	add_part(answer, (struct text){ behind, (size_t)(end - behind) });
	add_literal(answer, "\n");
}

static enum oyster_err sign(const struct server *server, struct answer *answer)
{
	const struct request *request = &answer->request;
	const struct reply *reply = &answer->reply;
	const struct text texts[SIGNER_STRINGS] = {
		[SIGNER_MODEL] = reply->model,
		[SIGNER_PROMPT] = request->prompt,
		[SIGNER_REQUEST_CONTEXT] = request->context,
		[SIGNER_RESPONSE] = reply->response,
		[SIGNER_RESPONSE_CONTEXT] = reply->context,
	};
	struct signer_string strings[SIGNER_STRINGS];
	int i;

	if (!request->covered)
		return OYSTER_OK;
	for (i = 0; i < SIGNER_STRINGS; i++)
		strings[i] = (struct signer_string){ texts[i].at, texts[i].len };
	answer->has_receipt = signer_receipt(server->signer, &answer->receipt,
					     strings);
	return answer->has_receipt ? OYSTER_OK : OYSTER_ESIGN;
}

/* The main job, in order. */
static enum oyster_err serve_generate(const struct server *server,
				      struct answer *answer, struct call *call)
{
	struct request *request = &answer->request;
	struct reply *reply = &answer->reply;
	struct relay_call relayed = { .client = call->client,
				      .deadline = call->deadline };
	enum oyster_err err;
	long status;

	err = request_parse(request, &call->body, server->config->max_token);
	if (err) {
		answer_error(answer, err, request->culprit);
		return err;
	}

	reply->body.max = (size_t)server->config->max_reply;
	relayed.body = (struct text){ request->upstream.data,
				      request->upstream.len };
	err = relay_generate(server->relay, &status, &reply->body, &relayed);
	if (err) {
		answer_error(answer, err, "");
		return err;
	}
	if (status != 200) {
		answer_upstream_error(answer, status);
		return OYSTER_OK;
	}

	err = reply_parse(reply, request->model);
	if (!err)
		err = sign(server, answer);
	if (err) {
		answer_error(answer, err, reply->culprit);
		return err;
	}

	answer->status = 200;
	answer->type = json_type;
	if (request->stream)
		answer_ndjson(answer);
	else
		add_part(answer, (struct text){ reply->body.data, reply->body.len });
	return OYSTER_OK;
}

static enum oyster_err serve_health(const struct server *server,
				    struct answer *answer, struct call *call)
{
	struct buf version = BUF_INIT(VERSION_MAX);
	enum oyster_err err = OYSTER_OK;
	long status = 0;

	(void)call;
	if (!signer_ping(server->signer))
		err = OYSTER_ENOSIGNER;
	else if (relay_get(server->relay, &status, &version, "/api/version",
			   relay_now() + HEALTH_MS) || status != 200)
		err = OYSTER_ENOMODEL;
	buf_clear(&version);
	if (err) {
		answer_error(answer, err, "");
		return err;
	}
	answer->status = 200;
	answer->type = json_type;
	add_literal(answer, "{\"status\":\"ok\",\"upstream\":\"ok\"}\n");
	return OYSTER_OK;
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
	text->max = TEXT_MAX;
	if (buf_puts(text, "{\"address\":") ||
	    put_hex(text, signer_address(server->signer), SIGNER_ADDRESS_LEN) ||
	    buf_puts(text, ",\"public_key\":") ||
	    put_hex(text, signer_public(server->signer), SIGNER_PUBLIC_LEN) ||
	    buf_puts(text, "}\n")) {
		answer_error(answer, OYSTER_ENOMEM, "");
		return OYSTER_ENOMEM;
	}
	answer->status = 200;
	answer->type = json_type;
	add_part(answer, (struct text){ text->data, text->len });
	return OYSTER_OK;
}

static const struct route {
	const char *path;
	const char *methods[2];
	const char *allow;
	enum oyster_err (*serve)(const struct server *server,
				 struct answer *answer, struct call *call);
} routes[] = {
	{ "/api/generate", { "POST", "" }, "POST", serve_generate },
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

bool serve(const struct server *server, struct answer *answer,
	   struct call *call)
{
	const struct route *route = find_route(call->target);

	memset(answer, 0, sizeof(*answer));
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
	if (call->err) {
		answer_error(answer, call->err, "");
		return true;
	}
	return route->serve(server, answer, call) != OYSTER_ECLIENT;
}

size_t answer_len(const struct answer *answer)
{
	size_t len = 0;
	int i;

	for (i = 0; i < answer->parts; i++)
		len += answer->part[i].len;
	return len;
}

void answer_clear(struct answer *answer)
{
	request_clear(&answer->request);
	reply_clear(&answer->reply);
	buf_clear(&answer->text);
}
