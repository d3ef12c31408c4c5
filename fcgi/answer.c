/* What a client gets; see answer.h. */
#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

#define TEXT_MAX	4096	/* bytes of an error in our own words */

static const char json_type[] = "application/json; charset=utf-8";
static const char ndjson_type[] = "application/x-ndjson";

void answer_init(struct answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->status = 200;
	answer->type = json_type;
}

void answer_add(struct answer *answer, struct text part)
{
	answer->part[answer->parts++] = part;
}

void answer_puts(struct answer *answer, const char *string)
{
	answer_add(answer, (struct text){ string, strlen(string) });
}

void answer_error(struct answer *answer, enum oyster_err err,
		  const char *culprit)
{
	char sentence[256];
	int len;

	answer->status = err_status(err);
	answer->retry = err == OYSTER_EBUSY;
	answer->is_covered = false;
	answer->type = json_type;
	answer->parts = 0;

	len = snprintf(sentence, sizeof(sentence), "%s%s%s", culprit,
		       *culprit ? " " : "", err_text(err));
	answer->text.len = 0;
	answer->text.max = TEXT_MAX;
	if (buf_puts(&answer->text, "{\"error\":") ||
	    json_put_string(&answer->text, (struct text){ sentence, (size_t)len }) ||
	    buf_puts(&answer->text, "}\n"))
		answer_puts(answer, "{\"error\":\"out of memory\"}\n");
	else
		answer_add(answer, (struct text){ answer->text.data, answer->text.len });
}

void answer_upstream_error(struct answer *answer, long status)
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
		answer_puts(answer, "{\"error\":");
		answer_add(answer, sentence);
		answer_puts(answer, "}\n");
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

void answer_json(struct answer *answer)
{
	const struct buf *body = &answer->reply.body;

	answer_add(answer, (struct text){ body->data, body->len });
}

void answer_ndjson(struct answer *answer)
{
	struct reply *reply = &answer->reply;
	struct json *response = &reply->response_json;
	const char *start = reply->body.data;
	const char *end = start + reply->body.len;
	const char *behind = response->at + response->len;

	unfold(&reply->body);
	answer->type = ndjson_type;

	answer_puts(answer, "{\"model\":");
	answer_add(answer, (struct text){ reply->model_json.at, reply->model_json.len });
	if (reply->created_json.type != JSON_ABSENT) {
		answer_puts(answer, ",\"created_at\":");
		answer_add(answer, (struct text){ reply->created_json.at,
						reply->created_json.len });
	}
	answer_puts(answer, ",\"response\":");
	answer_add(answer, (struct text){ response->at, response->len });
	answer_puts(answer, ",\"done\":false");
	if (reply->context_json.type == JSON_ARRAY) {
		answer_puts(answer, ",\"context\":");
		answer_add(answer, reply->context);
	}
	answer_puts(answer, "}\n");

	answer_add(answer, (struct text){ start, (size_t)(response->at - start) });
	answer_puts(answer, "\"\"");
	answer_add(answer, (struct text){ behind, (size_t)(end - behind) });
	answer_puts(answer, "\n");
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
