/* Characters of one kind, side by side; see stretch.h. */
#include "stretch.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

void stretch_put(struct stretch *stretch, enum stretch_kind kinds, size_t len)
{
	int i;

	stretch->all += len;
	for (i = 0; i < STRETCH_KINDS; i++) {
		stretch->here[i] = kinds >> i & 1 ? stretch->here[i] + len : 0;
		stretch->alike = larger(stretch->alike, stretch->here[i]);
	}
	stretch->here_word = kinds == STRETCH_BLANKS ? 0 : stretch->here_word + len;
	stretch->word = larger(stretch->word, stretch->here_word);
}

void stretch_put_mixed(struct stretch *stretch, size_t len, bool has_blank)
{
	int i;

	stretch_put(stretch, STRETCH_ANY, len);
	for (i = 0; i < STRETCH_KINDS; i++)
		stretch->here[i] = len;
	if (has_blank)
		stretch->here_word = len;
}

static enum stretch_kind kinds_of_ascii(char c)
{
	char lower = (char)(c | 0x20);

	if (lower >= 'a' && lower <= 'z')
		return STRETCH_LETTERS;
	if (c >= '0' && c <= '9')
		return STRETCH_DIGITS;
	if (c == '/')	/* tekken takes it for a newline behind signs */
		return STRETCH_SIGNS | STRETCH_BLANKS;
	return c == ' ' || (c >= '\t' && c <= '\r') ? STRETCH_BLANKS : STRETCH_SIGNS;
}

/* White_Space of Unicode, beyond ASCII: to some an expression's blank, to others a sign. */
static bool is_blank(unsigned sign)
{
	return sign == 0x85 || sign == 0xa0 || sign == 0x1680 ||
	       (sign >= 0x2000 && sign <= 0x200a) || sign == 0x2028 ||
	       sign == 0x2029 || sign == 0x202f || sign == 0x205f || sign == 0x3000;
}

static enum stretch_kind kinds_of(unsigned sign)
{
	if (sign >= 0x4e00 && sign <= 0x9fbf)
		return STRETCH_LETTERS;
	if ((sign >= 0xff01 && sign <= 0xff0f) || (sign >= 0xff1a && sign <= 0xff1f))
		return STRETCH_SIGNS;
	return is_blank(sign) ? STRETCH_ANY : STRETCH_TEXT;
}

/* Bytes of the character that begins with this one; 1 for what begins none. */
static size_t announced(unsigned char lead)
{
	if (lead >= 0xf0 && lead <= 0xf7)
		return 4;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xc0 && lead <= 0xdf ? 2 : 1;
}

/*
 * The first character.
 *
 * Out:     bytes  of it; 1 for a byte that is part of none
 */
static enum stretch_kind first(const char *at, const char *end, size_t *bytes)
{
	size_t len = announced((unsigned char)*at), i;
	unsigned sign = (unsigned char)*at & (0xffU >> (len + 1));

	*bytes = 1;
	if (!(*at & 0x80))
		return kinds_of_ascii(*at);
	if (len == 1 || (size_t)(end - at) < len)
		return STRETCH_ANY;
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return STRETCH_ANY;
		sign = sign << 6 | ((unsigned char)at[i] & 0x3fU);
	}
	*bytes = len;
	return kinds_of(sign);
}

/* Thirds of a character. */
static size_t thirds(char lead, size_t bytes)
{
	if (bytes == 1)
		return lead & 0x80 ? 1 : STRETCH_ONE;
	return bytes == 4 ? 4 : STRETCH_ONE;
}

void stretch_read(struct stretch *stretch, struct text text)
{
	const char *at = text.at, *end = at + text.len;
	enum stretch_kind kinds;
	size_t bytes, len;

	while (at < end) {
		len = 0;
		kinds = first(at, end, &bytes);
		do {
			len += thirds(*at, bytes);
			at += bytes;
		} while (at < end && first(at, end, &bytes) == kinds);
		stretch_put(stretch, kinds, len);
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
