/* The options of a request; see options.h. */
#include "options.h"

#include <stdint.h>
#include <string.h>

#define MIROSTAT_MAX	2	/* the model ends at another */
#define LAST_MAX	1048576	/* tokens that repeat_last_n makes room for */

static const char *const sampling[] = {
	"num_keep", "seed", "num_predict", "top_k", "top_p", "min_p",
	"typical_p", "repeat_last_n", "temperature", "repeat_penalty",
	"presence_penalty", "frequency_penalty", "mirostat", "mirostat_tau",
	"mirostat_eta", "stop", "penalize_newline", "draft_num_predict",
};

/* One client must not reload everybody's model. */
static const char *const runner[] = {
	"num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa",
	"low_vram", "f16_kv", "logits_all", "vocab_only", "use_mmap",
	"use_mlock",
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* The index of the name that key decodes to, or count. */
static size_t find(const char *const *names, size_t count, const struct json *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (json_is(key, names[i]))
			break;
	return i;
}

/* Whether the model survives it; what is no number does not get to it. */
static bool is_bearable(const char *name, const struct json *value)
{
	if (value->type != JSON_NUMBER)
		return true;
	if (!strcmp(name, "mirostat"))
		return json_is_integer(value, MIROSTAT_MAX);
	if (!strcmp(name, "repeat_last_n"))
		return json_is_integer(value, LAST_MAX) ||
		       (value->len == 2 && !memcmp(value->at, "-1", 2));
	return true;
}

static enum oyster_err put(struct buf *to, const char *comma, const char *name,
			   const struct json *value)
{
	enum oyster_err err;

	if (!is_bearable(name, value))
		return OYSTER_EHEAVY;
	err = buf_puts(to, comma);
	if (!err)
		err = json_put_string(to, (struct text){ name, strlen(name) });
	if (!err)
		err = buf_puts(to, ":");
	return err ? err : json_put_value(to, value);
}

enum oyster_err options_put(struct buf *to, const char **culprit,
			    const struct json *object)
{
	bool seen[COUNT(sampling)] = { false };
	enum oyster_err err = buf_puts(to, "{");
	const char *comma = "";
	struct json_walk walk;
	struct json key, value;
	size_t i;

	json_enter(&walk, object->at, object->len, '{');
	while (!err && json_member(&walk, &key, &value)) {
		i = find(runner, COUNT(runner), &key);
		if (i < COUNT(runner) && value.type != JSON_NULL) {
			*culprit = runner[i];
			return OYSTER_ERUNNER;
		}
		i = find(sampling, COUNT(sampling), &key);
		if (i == COUNT(sampling))
			continue;
		*culprit = sampling[i];
		if (seen[i])
			return OYSTER_ETWICE;
		seen[i] = true;
		if (value.type == JSON_NULL)
			continue;
		err = put(to, comma, sampling[i], &value);
		comma = ",";
	}
	return err ? err : buf_puts(to, "}");
}
