/* The reply to /api/show; see show.h. */
#include "show.h"

#include <string.h>

#define DEPTH_MAX	64		/* levels; Ollama's has five */
#define SIZE_MAX_TOKENS	2147483648U	/* a token is a positive int */

enum level { OUTER = 1, INFO, LIST };

/* As much of it as was kept. */
static struct text text(const struct show_name *name)
{
	return (struct text){ name->at, name->len < SHOW_NAME ? name->len : SHOW_NAME };
}

static void add(struct show_name *name, char c)
{
	if (name->len < SHOW_NAME)
		name->at[name->len] = c;
	name->len++;
}

static bool is_name(const struct show *show, const char *name)
{
	return text_equal(text(&show->name), (struct text){ name, strlen(name) });
}

static bool is_size(const struct show *show)
{
	static const char end[] = ".vocab_size";
	size_t len = sizeof(end) - 1;

	return show->name.len > len && show->name.len <= SHOW_NAME &&
	       !memcmp(show->name.at + show->name.len - len, end, len);
}

static bool in_object(const struct show *show)
{
	return show->depth > 0 && show->objects >> (show->depth - 1) & 1;
}

/* Ollama sorts the names: what says the kind of tokenizer has come, and types come before tokens. */
static void enter_list(struct show *show, bool is_object)
{
	show->keeps_tokens = tokenizer_kind(text(&show->model),
					    text(&show->pre)) != TOKENIZER_SAFE;
	if (is_name(show, "tokenizer.ggml.tokens")) {
		show->is_bad |= show->tokens > 0;	/* twice */
		show->in_tokens = !is_object;
	} else if (is_name(show, "tokenizer.ggml.token_type")) {
		show->in_types = !is_object && show->keeps_tokens && show->tokens == 0;
	}
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
	if (show->depth == INFO && show->in_info)
		enter_list(show, is_object);
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
		show->in_tokens = show->in_types = false;
	if (show->depth == OUTER)
		show->in_info = false;
	show->is_whole = show->depth == 0;
	show->is_key = false;
}

/* What ends a number. */
static void take_number(struct show *show)
{
	if (show->in_types && show->depth == LIST && show->number > 0 &&
	    tokenizer_add_type(&show->tokenizer, show->number))
		show->is_lost = true;
	if (show->in_size && show->number > 0 &&
	    (show->size == 0 || show->number < show->size))
		show->size = show->number;
	show->in_size = false;
	show->number = 0;
}

static bool is_token(const struct show *show)
{
	return show->in_tokens && show->depth == LIST;
}

static void begin_string(struct show *show)
{
	show->in_string = true;
	show->is_key &= in_object(show);
	show->value = NULL;
	show->token_len = 0;
	if (show->is_key && show->depth <= INFO)
		show->value = &show->name;
	else if (show->depth == INFO && show->in_info && is_name(show, "tokenizer.ggml.model"))
		show->value = &show->model;
	else if (show->depth == INFO && show->in_info && is_name(show, "tokenizer.ggml.pre"))
		show->value = &show->pre;
	if (show->value)
		show->value->len = 0;
	show->tokens += is_token(show);
}

static void put_byte(struct show *show, unsigned byte)
{
	if (show->token_len < SHOW_TOKEN)
		show->token[show->token_len++] = (char)byte;
}

/* Three bytes that may be of any kind stand for a character. */
static void put_any(struct show *show)
{
	int i;

	for (i = 0; i < STRETCH_ONE; i++)
		put_byte(show, 0x80);
}

/*
 * A byte that is no sign of Latin-1 stands as one of the characters from
 * U+0100: what precedes the blank, the blank, then 0x7f to 0xa0, and 0xad.
 */
static void put_pair(struct show *show, unsigned lead, unsigned c)
{
	unsigned sign = (lead & 0x1f) << 6 | (c & 0x3f);

	if (sign <= 0x100 + ' ')
		put_byte(show, sign & 0xff);
	else if (sign <= 0x142)
		put_byte(show, sign - 0x121 + 0x7f);
	else
		put_byte(show, 0xad);
}

/* As UTF-8, in which each byte stands for itself or is one of a pair. */
static void read_token(struct show *show, char c)
{
	unsigned char byte = (unsigned char)c;
	unsigned lead = show->lead;

	show->lead = 0;
	if (show->hex > 0)
		show->hex--;
	else if (show->in_escape) {
		put_any(show);
		show->hex = c == 'u' ? 4 : 0;
	} else if (c == '\\')
		return;
	else if (lead && (byte & 0xc0) == 0x80)
		put_pair(show, lead, byte);
	else if (byte >= 0xc2 && byte <= 0xc5)
		show->lead = byte;
	else
		put_byte(show, byte);
}

static void end_token(struct show *show)
{
	struct text token = { show->token, show->token_len };

	show->lead = 0;
	show->hex = 0;
	if (tokenizer_add(&show->tokenizer, token))
		show->is_lost = true;
}

static void read_string(struct show *show, char c)
{
	bool is_end = c == '"' && !show->in_escape;
	bool is_kept = is_token(show) && show->keeps_tokens;

	if (show->value && !is_end)
		add(show->value, c);
	if (is_kept && is_end)
		end_token(show);
	else if (is_kept)
		read_token(show, c);
	if (is_end)
		show->in_string = show->is_key = false;
	show->in_escape = c == '\\' && !show->in_escape;
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
	take_number(show);
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

enum oyster_err show_take(struct show *show, struct tokenizer *tokenizer)
{
	if (show->is_lost)
		return OYSTER_ENOMEM;
	*tokenizer = show->tokenizer;
	memset(&show->tokenizer, 0, sizeof(show->tokenizer));
	tokenizer->size = show_size(show);
	tokenizer->kind = tokenizer_kind(text(&show->model), text(&show->pre));
	return OYSTER_OK;
}

void show_clear(struct show *show)
{
	tokenizer_clear(&show->tokenizer);
}
