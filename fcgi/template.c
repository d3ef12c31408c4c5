/* The templates that the model server can be given; see template.h. */
#include "template.h"

#include <stdbool.h>
#include <string.h>

#define ACTIONS_MAX	64	/* the parser goes as deep as they are nested */
#define OUTPUTS_MAX	8	/* each of them may be as long as a request */

static const char *const fields[] = { ".System", ".Prompt", ".Suffix",
				      ".Response" };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trim(struct text text)
{
	while (text.len > 0 && is_space(text.at[0]))
		text.at++, text.len--;
	while (text.len > 0 && is_space(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* Without the marks that trim the text around an action. */
static struct text unmark(struct text text)
{
	if (text.len >= 2 && text.at[0] == '-' && is_space(text.at[1]))
		text.at++, text.len--;
	if (text.len >= 2 && text.at[text.len - 1] == '-' &&
	    is_space(text.at[text.len - 2]))
		text.len--;
	return trim(text);
}

static bool is(struct text text, const char *word)
{
	return text_equal(text, (struct text){ word, strlen(word) });
}

static bool is_field(struct text text)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (is(text, fields[i]))
			return true;
	return false;
}

/* Pass a word and the space behind it. */
static bool pass(struct text *text, const char *word)
{
	size_t len = strlen(word);

	if (text->len <= len || memcmp(text->at, word, len) ||
	    !is_space(text->at[len]))
		return false;
	text->at += len;
	text->len -= len;
	*text = trim(*text);
	return true;
}

static bool is_control(struct text action)
{
	if (is(action, "else") || is(action, "end"))
		return true;
	pass(&action, "else");
	return pass(&action, "if") && is_field(action);
}

/* The two bytes, or NULL. */
static const char *find(struct text text, const char *pair)
{
	return memmem(text.at, text.len, pair, 2);
}

enum oyster_err template_check(struct text text, size_t *outputs)
{
	int actions = 0;
	const char *open, *close;
	struct text action;

	*outputs = 0;
	while ((open = find(text, "{{")) != NULL) {
		text.len -= (size_t)(open + 2 - text.at);
		text.at = open + 2;
		close = find(text, "}}");
		if (!close)
			return OYSTER_OK;	/* it is refused in better words */
		action = (struct text){ text.at, (size_t)(close - text.at) };
		action = unmark(action);
		*outputs += is_field(action);
		if (!is_field(action) && !is_control(action))
			return OYSTER_ETEMPLATE;
		if (++actions > ACTIONS_MAX || *outputs > OUTPUTS_MAX)
			return OYSTER_EHEAVY;
		text.len -= (size_t)(close + 2 - text.at);
		text.at = close + 2;
	}
	return OYSTER_OK;
}
