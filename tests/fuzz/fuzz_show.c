/*
 * Replies to /api/show.
 *
 * The input is a byte and the reply, which comes in pieces of that many
 * bytes.  What is found in it must not depend on the pieces; and what is
 * found in good JSON, jansson must find, too: how many tokens there are, and
 * how texts are cut.
 */
#include <jansson.h>
#include <string.h>

#include "fcgi/show.h"
#include "tests/fuzz/fuzz.h"

static struct tokenizer tokenizer_of(struct text text, size_t piece)
{
	struct show show = { 0 };
	struct tokenizer tokenizer;
	size_t i;

	for (i = 0; i < text.len; i += piece)
		show_read(&show, text.at + i, text.len - i < piece ? text.len - i : piece);
	MUST(!show_take(&show, &tokenizer));
	show_clear(&show);
	return tokenizer;
}

static bool are_equal(const struct tokenizer *a, const struct tokenizer *b)
{
	return a->kind == b->kind && a->size == b->size && a->count == b->count &&
	       (a->count == 0 || !memcmp(a->tokens, b->tokens, a->count * sizeof(*a->tokens)));
}

static uint64_t count_strings(const json_t *array)
{
	uint64_t count = 0;
	const json_t *element;
	size_t i;

	json_array_foreach(array, i, element)
		count += json_is_string(element);
	return count;
}

static uint64_t smallest_size(json_t *info)
{
	static const char end[] = ".vocab_size";
	uint64_t size = 0, one;
	const char *name;
	json_t *value;

	json_object_foreach(info, name, value) {
		size_t len = strlen(name);

		if (!json_is_integer(value) || len < sizeof(end) || strcmp(name + len - strlen(end), end))
			continue;
		one = (uint64_t)json_integer_value(value);
		if (one > 0 && (size == 0 || one < size))
			size = one;
	}
	return size;
}

/* Without doubles, which jansson reads and we do not. */
static bool has_odd_numbers(struct text text)
{
	return memchr(text.at, '.', text.len) && memmem(text.at, text.len, "vocab_size", 10) &&
	       (memchr(text.at, '-', text.len) || memchr(text.at, 'e', text.len));
}

/* A name that is spelled with escapes is not known to us. */
static bool is_kind(json_t *info, enum tokenizer_kind kind, bool has_escapes)
{
	const char *model = json_string_value(json_object_get(info, "tokenizer.ggml.model"));
	const char *pre = json_string_value(json_object_get(info, "tokenizer.ggml.pre"));
	struct text names[2] = { { model, model ? strlen(model) : 0 }, { pre, pre ? strlen(pre) : 0 } };

	return kind == tokenizer_kind(names[0], names[1]) || has_escapes;
}

static void check_beside(struct text text, const struct tokenizer *found)
{
	uint64_t size = found->size;
	json_t *theirs = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *info = json_object_get(theirs, "model_info");
	uint64_t tokens = count_strings(json_object_get(info, "tokenizer.ggml.tokens"));

	if (json_is_object(theirs) && size > 0) {
		MUST(is_kind(info, found->kind, memchr(text.at, '\\', text.len)));
		MUST(json_is_object(info));
		MUST(tokens > 0 ? size == tokens : size == smallest_size(info) || has_odd_numbers(text));
	}
	json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size };
	size_t piece = take_byte(&rest) % 64 + 1U;
	struct text text = take_all(&rest);
	struct tokenizer found = tokenizer_of(text, text.len + 1);
	struct tokenizer again = tokenizer_of(text, piece);

	MUST(are_equal(&found, &again));
	check_beside(text, &found);
	tokenizer_clear(&again);
	tokenizer_clear(&found);
	release(text);
	return 0;
}
