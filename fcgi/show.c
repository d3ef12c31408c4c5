/* The reply to /api/show; see show.h. */
#include "show.h"

#include <string.h>

#define DEPTH_MAX	64		/* levels; Ollama's has five */
#define SIZE_MAX_TOKENS	2147483648U	/* a token is a positive int */

enum level { OUTER = 1, INFO, LIST };

static bool is_name(const struct show *show, const char *name)
{
	size_t len = strlen(name);

	return show->name_len == len && !memcmp(show->name, name, len);
}

static bool is_size(const struct show *show)
{
	static const char end[] = ".vocab_size";
	size_t len = sizeof(end) - 1;

	return show->name_len > len && show->name_len <= SHOW_NAME &&
	       !memcmp(show->name + show->name_len - len, end, len);
}

static bool in_object(const struct show *show)
{
	return show->depth > 0 && show->objects >> (show->depth - 1) & 1;
}

static void enter(struct show *show, bool is_object)
{
	uint64_t bit;

	if (show->depth == DEPTH_MAX || (show->depth == 0 && show->is_whole)) {
		show->is_bad = true;
		return;
	}
	if (show->depth == OUTER)
		show->in_info = is_object && is_name(show, "model_info");
	if (show->depth == INFO && show->in_info &&
	    is_name(show, "tokenizer.ggml.tokens")) {
		show->is_bad |= show->tokens > 0;	/* twice */
		show->in_tokens = !is_object;
	}
	bit = (uint64_t)1 << show->depth++;
	show->objects = is_object ? show->objects | bit : show->objects & ~bit;
	show->is_key = is_object;
}

static void leave(struct show *show, bool is_object)
{
	if (show->depth == 0 || in_object(show) != is_object) {
		show->is_bad = true;
		return;
	}
	if (--show->depth == INFO)
		show->in_tokens = false;
	if (show->depth == OUTER)
		show->in_info = false;
	show->is_whole = show->depth == 0;
	show->is_key = false;
}

/* What ends a number. */
static void take_size(struct show *show)
{
	if (show->in_size && show->number > 0 &&
	    (show->size == 0 || show->number < show->size))
		show->size = show->number;
	show->in_size = false;
	show->number = 0;
}

static void begin_string(struct show *show)
{
	show->in_string = true;
	show->is_key &= in_object(show);
	if (show->is_key && show->depth <= INFO)
		show->name_len = 0;
	show->tokens += show->in_tokens && show->depth == LIST;
}

static void read_string(struct show *show, char c)
{
	if (show->is_key && show->depth <= INFO && c != '"') {
		if (show->name_len < SHOW_NAME)
			show->name[show->name_len] = c;
		show->name_len++;
	}
	if (show->in_escape)
		show->in_escape = false;
	else if (c == '\\')
		show->in_escape = true;
	else if (c == '"')
		show->in_string = show->is_key = false;
}

static void read_digit(struct show *show, char c)
{
	if (show->depth == INFO && show->in_info && is_size(show))
		show->in_size = true;
	if (show->number < SIZE_MAX_TOKENS)
		show->number = show->number * 10 + (uint64_t)(c - '0');
}

static void read_byte(struct show *show, char c)
{
	if (c >= '0' && c <= '9') {
		read_digit(show, c);
		return;
	}
	take_size(show);
	if (c == '"')
		begin_string(show);
	else if (c == '{' || c == '[')
		enter(show, c == '{');
	else if (c == '}' || c == ']')
		leave(show, c == '}');
	else if (c == ',')
		show->is_key = in_object(show);
}

void show_read(struct show *show, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len && !show->is_bad; i++)
		if (show->in_string)
			read_string(show, bytes[i]);
		else
			read_byte(show, bytes[i]);
}

uint64_t show_size(const struct show *show)
{
	uint64_t size = show->tokens > 0 ? show->tokens : show->size;

	return show->is_whole && !show->is_bad && size <= SIZE_MAX_TOKENS ?
	       size : 0;
}
