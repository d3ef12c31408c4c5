/*
 * Replies to /api/show.
 *
 * The input is a byte and the reply, which comes in pieces of that many
 * bytes.  What is found in it must not depend on the pieces; and what is
 * found in good JSON, jansson must find, too.
 */
#include <jansson.h>
#include <string.h>

#include "fcgi/show.h"
#include "tests/fuzz/fuzz.h"

static uint64_t size_of(struct text text, size_t piece)
{
	struct show show = { 0 };
	size_t i;

	for (i = 0; i < text.len; i += piece)
		show_read(&show, text.at + i, text.len - i < piece ? text.len - i : piece);
	return show_size(&show);
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

static void check_beside(struct text text, uint64_t size)
{
	json_t *theirs = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *info = json_object_get(theirs, "model_info");
	uint64_t tokens = count_strings(json_object_get(info, "tokenizer.ggml.tokens"));

	if (json_is_object(theirs) && size > 0) {
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
	uint64_t found = size_of(text, text.len + 1);

	MUST(size_of(text, piece) == found);
	check_beside(text, found);
	release(text);
	return 0;
}
