/* The schemas that the model server can be given; see schema.h. */
#include "schema.h"

#include <stdbool.h>
#include <string.h>

#define BYTES_MAX	16384	/* of a schema; its grammar is cut at 32768 */
#define MEMBERS_MAX	256	/* of an object: the work is their square */
#define KEY_MAX		256	/* bytes of a name: the converter goes as deep */
#define REFERENCES_MAX	16	/* in all: the work can be 3 to the third of it */
#define LENGTH_MAX	5000	/* of a string or an array */
#define DEPTH_MAX	32	/* objects and arrays in each other: what they leave on the stack is wiped */

struct schema {
	int references;
	int depth;
	const char *culprit;
};

static enum oyster_err check_value(struct schema *schema,
				   const struct json *value);

static enum oyster_err blame(struct schema *schema, const char *name,
			     enum oyster_err err)
{
	schema->culprit = name;
	return err;
}

/* A list of types makes a copy of the schema for each. */
static bool is_list_of_types(const struct json *array)
{
	int objects = 0, arrays = 0;
	struct json_walk walk;
	struct json type;

	json_enter(&walk, array->at, array->len, '[');
	while (json_element(&walk, &type)) {
		if (type.type != JSON_STRING)
			return false;
		objects += json_is(&type, "object");
		arrays += json_is(&type, "array");
	}
	return objects <= 1 && arrays <= 1;
}

static enum oyster_err check_length(struct schema *schema,
				    const struct json *key,
				    const struct json *value)
{
	static const char *const names[] = { "minItems", "maxItems",
					     "minLength", "maxLength" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_is(key, names[i]) && value->type == JSON_NUMBER &&
		    !json_is_integer(value, LENGTH_MAX))
			return blame(schema, names[i], OYSTER_EHEAVY);
	return OYSTER_OK;
}

/* Also where it is no keyword but the name of a property. */
static enum oyster_err check_member(struct schema *schema,
				    const struct json *key,
				    const struct json *value)
{
	enum oyster_err err;

	if (value->type == JSON_STRING && json_is(key, "pattern"))
		return blame(schema, "pattern", OYSTER_EHARM);
	if (value->type & (JSON_ARRAY | JSON_OBJECT) && json_is(key, "allOf"))
		return blame(schema, "allOf", OYSTER_EHARM);
	if (value->type == JSON_STRING && json_is(key, "$ref") &&
	    ++schema->references > REFERENCES_MAX)
		return blame(schema, "$ref", OYSTER_EHEAVY);
	if (value->type == JSON_ARRAY && json_is(key, "type") &&
	    !is_list_of_types(value))
		return blame(schema, "type", OYSTER_EHEAVY);
	err = check_length(schema, key, value);
	return err ? err : check_value(schema, value);
}

static enum oyster_err check_object(struct schema *schema,
				    const struct json *object)
{
	enum oyster_err err = OYSTER_OK;
	struct json_walk walk;
	struct json key, value;
	int members = 0;

	json_enter(&walk, object->at, object->len, '{');
	while (!err && json_member(&walk, &key, &value)) {
		if (++members > MEMBERS_MAX || key.len > KEY_MAX + 2)
			return blame(schema, "", OYSTER_EHEAVY);
		err = check_member(schema, &key, &value);
	}
	return err;
}

static enum oyster_err check_array(struct schema *schema,
				   const struct json *array)
{
	enum oyster_err err = OYSTER_OK;
	struct json_walk walk;
	struct json value;

	json_enter(&walk, array->at, array->len, '[');
	while (!err && json_element(&walk, &value))
		err = check_value(schema, &value);
	return err;
}

static enum oyster_err check_value(struct schema *schema,
				   const struct json *value)
{
	enum oyster_err err;

	if (!(value->type & (JSON_ARRAY | JSON_OBJECT)))
		return OYSTER_OK;
	if (++schema->depth > DEPTH_MAX)
		return blame(schema, "", OYSTER_EHEAVY);
	if (value->type == JSON_OBJECT)
		err = check_object(schema, value);
	else
		err = check_array(schema, value);
	schema->depth--;
	return err;
}

enum oyster_err schema_check(const struct json *object, const char **culprit)
{
	struct schema schema = { .culprit = "" };
	enum oyster_err err = OYSTER_EHEAVY;

	if (object->len <= BYTES_MAX)
		err = check_value(&schema, object);
	*culprit = schema.culprit;
	return err;
}
