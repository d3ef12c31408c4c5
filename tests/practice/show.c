/*
 * show.c - what a model is, as /api/show tells it.
 */
#include "practice.h"

static void put_list(struct buf *out, const char *name, const char *element, const char *other,
		     unsigned long count)
{
	buf_printf(out, ",\"tokenizer.ggml.%s\":[", name);
	for (unsigned long i = 0; i < count; i++) {
		buf_str(out, i ? "," : "");
		buf_str(out, i % 2 ? other : element);
	}
	buf_str(out, "]");
}

static void put_lists(struct buf *out, const struct ask *ask, const struct twist *t)
{
	unsigned long tokens = t->vocabulary ? t->vocabulary : VOCABULARY;

	if (!ask->verbose || t->tokenless) {
		buf_str(out, ",\"tokenizer.ggml.merges\":null,\"tokenizer.ggml.tokens\":null");
		return;
	}
	put_list(out, "merges", "\"a b\"", "\"a b\"", 3);
	put_list(out, "token_type", "1", "1", tokens);
	if (t->pre)
		put_list(out, "tokens", "\"letter\"", "\"\xc4\xa0" "and\"", tokens);
	else
		put_list(out, "tokens", "\"\\u003c[\\\"{,\"", "\"\\u003c[\\\"{,\"", tokens);
}

void show_make(struct buf *out, const struct ask *ask, const struct twist *t)
{
	if (t->body == BODY_TEXT) {
		buf_str(out, t->text);
		return;
	}
	buf_str(out, "{\"license\":\"{\\\"model_info\\\":{\\\"x.vocab_size\\\":1}}\",\"template\":\"{{ .Prompt }}\","
		"\"details\":{\"format\":\"gguf\",\"family\":\"llama\",\"families\":[\"llama\"]},"
		"\"model_info\":{\"general.architecture\":\"llama\",\"llama.context_length\":131072");
	if (t->sized)
		buf_printf(out, ",\"llama.vocab_size\":%lu", t->vocabulary ? t->vocabulary : VOCABULARY);
	buf_printf(out, ",\"tokenizer.ggml.model\":\"gpt2\",\"tokenizer.ggml.pre\":\"%s\"",
		   t->pre ? t->pre : "llama-bpe");
	put_lists(out, ask, t);
	buf_str(out, "},\"projector_info\":{\"clip.vocab_size\":7,\"tokenizer.ggml.tokens\":[\"x\"]},"
		"\"modified_at\":\"2026-11-22T19:49:26.411193619Z\"}");
}
