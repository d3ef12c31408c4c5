/* Characters of one kind, side by side; see stretch.h. */
#include "stretch.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

void stretch_put(struct stretch *stretch, enum stretch_kind kind, size_t len)
{
	bool is_alike = kind == stretch->kind || kind == STRETCH_ANY ||
			stretch->kind == STRETCH_ANY;

	stretch->all += len;
	stretch->here = (is_alike ? stretch->here : stretch->any) + len;
	stretch->any = kind == STRETCH_ANY ? stretch->any + len : 0;
	if (kind != STRETCH_ANY)
		stretch->kind = kind;
	stretch->here_word = kind == STRETCH_BLANKS ? 0 : stretch->here_word + len;
	stretch->alike = larger(stretch->alike, stretch->here);
	stretch->word = larger(stretch->word, stretch->here_word);
}

void stretch_put_mixed(struct stretch *stretch, size_t len, bool has_blank)
{
	stretch_put(stretch, STRETCH_ANY, len);
	stretch->here = stretch->any = len;
	stretch->kind = STRETCH_ANY;
	if (has_blank)
		stretch->here_word = len;
}

static enum stretch_kind kind_of_ascii(char c)
{
	char lower = (char)(c | 0x20);

	if (lower >= 'a' && lower <= 'z')
		return STRETCH_LETTERS;
	if (c >= '0' && c <= '9')
		return STRETCH_DIGITS;
	if (c == '/')	/* tekken takes it for a newline behind signs */
		return STRETCH_ANY;
	return c == ' ' || (c >= '\t' && c <= '\r') ? STRETCH_BLANKS : STRETCH_SIGNS;
}

/* Of the three bytes of a Chinese character; of all others it may be any. */
static enum stretch_kind kind_of_three(const char *at, const char *end)
{
	const unsigned char *byte = (const unsigned char *)at;
	unsigned sign;

	if (end - at < 3 || (byte[0] & 0xf0) != 0xe0 ||
	    (byte[1] & 0xc0) != 0x80 || (byte[2] & 0xc0) != 0x80)
		return STRETCH_ANY;
	sign = (byte[0] & 0xfU) << 12 | (byte[1] & 0x3fU) << 6 | (byte[2] & 0x3fU);
	if (sign >= 0x4e00 && sign <= 0x9fbf)
		return STRETCH_LETTERS;
	if ((sign >= 0xff01 && sign <= 0xff0f) || (sign >= 0xff1a && sign <= 0xff1f))
		return STRETCH_SIGNS;
	return STRETCH_ANY;
}

static bool is_pair(const char *at, const char *end)
{
	return end - at >= 2 && (at[0] & 0xe0) == 0xc0 && (at[1] & 0xc0) == 0x80;
}

/* Out: bytes of the first character, or 1, of any longer one that may be any */
static enum stretch_kind first(const char *at, const char *end, size_t *bytes)
{
	enum stretch_kind kind;

	*bytes = 1;
	if (!(*at & 0x80))
		return kind_of_ascii(*at);
	kind = kind_of_three(at, end);
	if (kind != STRETCH_ANY)
		*bytes = 3;
	else if (is_pair(at, end))
		*bytes = 2;
	return kind;
}

void stretch_read(struct stretch *stretch, struct text text)
{
	const char *at = text.at, *end = at + text.len;
	enum stretch_kind kind;
	size_t bytes, len;

	while (at < end) {
		len = 0;
		kind = first(at, end, &bytes);
		do {
			len += *at & 0x80 && bytes == 1 ? 1 : STRETCH_ONE;
			at += bytes;
		} while (at < end && first(at, end, &bytes) == kind);
		stretch_put(stretch, kind, len);
	}
}

void stretch_join(struct stretch *sum, const struct stretch *one, size_t times)
{
	sum->alike += times * one->alike;
	sum->word += times * one->word;
}

static void add(struct stretches *stretches, struct stretch *sum,
		const char *name, const struct stretch *one)
{
	stretch_join(sum, one, 1);
	if (one->alike < stretches->most)
		return;
	stretches->most = one->alike;
	stretches->field = name;
}

void stretches_add(struct stretches *stretches, const char *name,
		   struct text text)
{
	struct stretch one = { 0 };

	stretch_read(&one, text);
	add(stretches, &stretches->fields, name, &one);
}

void stretches_add_format(struct stretches *stretches, const char *name,
			  struct text text)
{
	struct stretch one = { 0 };

	stretch_read(&one, text);
	add(stretches, &stretches->rest, name, &one);
}

void stretches_add_template(struct stretches *stretches, const char *name,
			    struct text text, size_t outputs)
{
	struct stretch one = { 0 };

	stretch_put(&one, STRETCH_ANY, STRETCH_ONE * text.len);
	stretches->times = outputs;
	add(stretches, &stretches->rest, name, &one);
}

struct stretch stretches_sum(const struct stretches *stretches)
{
	struct stretch sum = stretches->rest;

	stretch_join(&sum, &stretches->fields,
		     stretches->times > 1 ? stretches->times : 1);
	return sum;
}
