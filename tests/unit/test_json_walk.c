/* Walks: slices, culprits, depth; and what looks at a slice. */
#include "tests/unit/scan.h"
#include "tests/unit/tap.h"

static bool slice_is(const struct json *json, enum json_type type, const char *text)
{
	return json->type == type && json->len == strlen(text) &&
	       !memcmp(json->at, text, json->len);
}

static void members_are_slices_in_order(void)
{
	static const struct {
		const char *key;
		enum json_type type;
		const char *value;
	} members[] = {
		{ "\"s\"", JSON_STRING, "\"x\"" }, { "\"n\"", JSON_NUMBER, "-1.5e3" },
		{ "\"t\"", JSON_TRUE, "true" }, { "\"f\"", JSON_FALSE, "false" },
		{ "\"z\"", JSON_NULL, "null" }, { "\"a\"", JSON_ARRAY, "[ 1, {} ]" },
		{ "\"o\"", JSON_OBJECT, "{ \"a\" : \"}\" }" }, { "\"\"", JSON_NUMBER, "0" },
		{ "\"s\"", JSON_STRING, "\"again\"" },
	};
	char text[] = " { \"s\":\"x\" ,\"n\" : -1.5e3,\"t\":true,\"f\":false,\"z\":null,"
		      "\"a\":[ 1, {} ],\"o\":{ \"a\" : \"}\" },\"\":0,\n\"s\":\"again\"} ";
	struct json_walk walk;
	struct json key, value;
	size_t i = 0;

	json_enter(&walk, text, sizeof(text) - 1, '{');
	while (json_member(&walk, &key, &value) && i < COUNT(members)) {
		CHECK_ROW(slice_is(&key, JSON_STRING, members[i].key), members[i].key);
		CHECK_ROW(slice_is(&value, members[i].type, members[i].value), members[i].key);
		CHECK_ROW(!key.escaped && !value.escaped, members[i].key);
		i++;
	}
	CHECK(i == COUNT(members));
	CHECK(json_end(&walk) == OYSTER_OK);
}

static void elements_are_slices_in_order(void)
{
	static const struct {
		enum json_type type;
		const char *value;
	} elements[] = {
		{ JSON_STRING, "\"a\\n\"" }, { JSON_ARRAY, "[[],[]]" }, { JSON_OBJECT, "{}" },
		{ JSON_NUMBER, "0" }, { JSON_NULL, "null" }, { JSON_STRING, "\"]\"" },
	};
	char text[] = "[\"a\\n\", [[],[]],{}\t, 0,null ,\"]\"]";
	struct json_walk walk;
	struct json value;
	size_t i = 0;

	json_enter(&walk, text, sizeof(text) - 1, '[');
	while (json_element(&walk, &value) && i < COUNT(elements)) {
		CHECK_ROW(slice_is(&value, elements[i].type, elements[i].value), elements[i].value);
		CHECK_ROW(value.escaped == (i == 0), elements[i].value);
		i++;
	}
	CHECK(i == COUNT(elements));
	CHECK(json_end(&walk) == OYSTER_OK);
}

static void a_walk_that_failed_stays_so(void)
{
	char text[] = "{\"a\":1,\"b\":x,\"c\":3}";
	struct json_walk walk;
	struct json key, value;

	json_enter(&walk, text, sizeof(text) - 1, '{');
	CHECK(json_member(&walk, &key, &value));
	CHECK(!json_member(&walk, &key, &value));
	CHECK(!json_member(&walk, &key, &value));
	CHECK(json_end(&walk) == OYSTER_EJSON && json_offset(&walk) == 11);
	CHECK(json_end(&walk) == OYSTER_EJSON && json_offset(&walk) == 11);
}

/* The culprit is the byte at which nothing can be made of the text any more. */
static void culprits_are_found_where_they_are(void)
{
	static const struct {
		const char *text;
		size_t offset;
		enum oyster_err err;
	} culprits[] = {
		{ "", 0, OYSTER_EJSON }, { "   ", 3, OYSTER_EJSON }, { "{", 1, OYSTER_EJSON }, { "x", 0, OYSTER_EJSON },
		{ "{]", 1, OYSTER_EJSON }, { "{\"a\":1,}", 7, OYSTER_EJSON }, { "{\"a\" 1}", 5, OYSTER_EJSON },
		{ "{\"a\":1 \"b\":2}", 7, OYSTER_EJSON }, { "{\"a\":1} x", 8, OYSTER_EJSON }, { "[1]]", 3, OYSTER_EJSON },
		{ "{\"a\":tru}", 5, OYSTER_EJSON }, { "[01]", 2, OYSTER_EJSON }, { "[1.]", 3, OYSTER_EJSON }, { "[1e]", 3, OYSTER_EJSON },
		{ "[-]", 2, OYSTER_EJSON }, { "[\"ab", 4, OYSTER_EJSON }, { "[\"a\nb\"]", 3, OYSTER_EJSON }, { "[\"a\\x\"]", 3, OYSTER_EJSON },
		{ "[[[1,[2,x]]]]", 8, OYSTER_EJSON }, { "[\"a\xff\"]", 3, OYSTER_EUTF8 }, { "[\"ab\\ud800\"]", 4, OYSTER_ESURROGATE },
		{ "{\"k\":[\"\xe2\x82\"]}", 7, OYSTER_EUTF8 }, { "{}{}", 2, OYSTER_EJSON }, { "[1,2", 4, OYSTER_EJSON },
		{ "[-.5]", 2, OYSTER_EJSON }, { "[.5e1]", 1, OYSTER_EJSON }, { "[1.e5]", 3, OYSTER_EJSON }, { "[-e5]", 2, OYSTER_EJSON },
	};
	enum oyster_err err;
	size_t i, offset;

	for (i = 0; i < COUNT(culprits); i++) {
		err = scan_at(culprits[i].text, strlen(culprits[i].text), &offset);
		CHECK_ROW(err == culprits[i].err, culprits[i].text);
		CHECK_ROW(offset == culprits[i].offset, culprits[i].text);
	}
}

/* Nested so deep; in arrays, objects, or both by turns. */
static char *nested(size_t depth, const char *kinds, size_t *len)
{
	char *text = must(malloc(depth * 6 + 2)), *at = text;
	size_t i, n = strlen(kinds);

	for (i = 0; i < depth; i++)
		at = stpcpy(at, kinds[i % n] == '[' ? "[" : i + 1 < depth ? "{\"\":" : "{");
	for (i = depth; i > 0; i--)
		*at++ = kinds[(i - 1) % n] == '[' ? ']' : '}';
	*len = (size_t)(at - text);
	return text;
}

static void nesting_ends_at_128(void)
{
	static const char *const kinds[] = { "[", "{", "[{", "{[", "[[{", "{{[" };
	size_t i, depth, len, offset;
	enum oyster_err err;
	char *text;

	for (i = 0; i < COUNT(kinds); i++)
		for (depth = 1; depth <= 300; depth++) {
			text = nested(depth, kinds[i], &len);
			err = scan_at(text, len, &offset);
			CHECK_ROW(err == (depth <= 128 ? OYSTER_OK : OYSTER_EDEPTH), kinds[i]);
			CHECK_ROW(depth <= 128 || text[offset] == kinds[i][128 % strlen(kinds[i])], kinds[i]);
			free(text);
		}
	text = nested(129, "[", &len);
	CHECK(scan_at(text, len, &offset) == OYSTER_EDEPTH && offset == 128);
	free(text);
}

/* Depth counts what is around a value, not what came before it. */
static void siblings_do_not_add_to_depth(void)
{
	char text[2 + 300 * 3], *at = text;
	int i;

	*at++ = '[';
	for (i = 0; i < 300; i++)
		at = stpcpy(at, i ? ",[]" : "[]");
	*at++ = ']';
	CHECK(scan(text, (size_t)(at - text)) == OYSTER_OK);
}

static struct json first(char *text)
{
	struct json_walk walk;
	struct json value = { .type = JSON_ABSENT };

	json_enter(&walk, text, strlen(text), '[');
	if (!json_element(&walk, &value))
		value.type = JSON_ABSENT;
	return value;
}

static void a_number_that_breaks_off_is_no_element(void)
{
	static const char *const broken[] = { "[1.]", "[1.e5]", "[-]", "[-.5]", "[.5]", "[1e]", "[1e+]", "[+1]" };
	size_t i;

	for (i = 0; i < COUNT(broken); i++) {
		char *copy = strdup(broken[i]);

		CHECK_ROW(first(copy).type == JSON_ABSENT, broken[i]);
		free(copy);
	}
}

/* What is no object or array at all may be as deep as what is in one. */
static void another_kind_of_text_is_told_from_one_too_deep(void)
{
	struct json_walk walk;
	size_t depth, len;
	char *text;

	for (depth = 128; depth <= 129; depth++) {
		text = nested(depth, "[", &len);
		json_enter(&walk, text, len, '{');
		CHECK(json_end(&walk) == (depth == 128 ? OYSTER_EOBJECT : OYSTER_EDEPTH));
		free(text);
	}
}

static void the_first_letter_is_one_of_ascii_or_none(void)
{
	static const struct {
		const char *text;
		char first;
	} letters[] = {
		{ "[\"model\"]", 'm' }, { "[\"\\u006dodel\"]", 'm' }, { "[\"\\u006Dodel\"]", 'm' },
		{ "[\"\\u0001\"]", 1 }, { "[\"\\u007f\"]", 0x7f }, { "[\"\\u0000\"]", 0 },
		{ "[\"\\u0080\"]", 0 }, { "[\"\\u00e9\"]", 0 }, { "[\"\\u016d\"]", 0 }, { "[\"\\ud83e\\udd80\"]", 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(letters); i++) {
		char *copy = strdup(letters[i].text);
		struct json value = first(copy);

		CHECK_ROW(value.type == JSON_STRING && json_first(&value) == letters[i].first, letters[i].text);
		free(copy);
	}
}

static void names_are_compared_decoded(void)
{
	static const struct {
		const char *text, *name;
		bool same;
	} names[] = {
		{ "[\"model\"]", "model", true }, { "[\"mod\\u0065l\"]", "model", true }, { "[\"\\u006D\\u006f\\u0064\\u0065\\u006C\"]", "model", true },
		{ "[\"Model\"]", "model", false }, { "[\"MODEL\"]", "model", false }, { "[\"model \"]", "model", false }, { "[\" model\"]", "model", false },
		{ "[\"mode\"]", "model", false }, { "[\"models\"]", "model", false }, { "[\"model\\u0000\"]", "model", false }, { "[\"mod\\u0045l\"]", "model", false },
		{ "[\"\"]", "", true }, { "[\"\"]", "model", false }, { "[\"\\u0000\"]", "", false }, { "[\"a\\/b\"]", "a/b", true }, { "[\"a\\nb\"]", "a\nb", true },
		{ "[\"\xc5\xbfystem\"]", "system", false }, { "[\"\\u017fystem\"]", "system", false }, { "[\"mo\\\\u0064el\"]", "model", false },
		{ "[\"abcdefghijklmnopqrstuvwxyzabcdef\"]", "abcdefghijklmnopqrstuvwxyzabcdef", true },
		{ "[\"abcdefghijklmnopqrstuvwxyzabcde\\u0066\"]", "abcdefghijklmnopqrstuvwxyzabcdef", true },
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		char *copy = strdup(names[i].text);
		struct json value = first(copy);

		CHECK_ROW(value.type == JSON_STRING, names[i].text);
		CHECK_ROW(json_is(&value, names[i].name) == names[i].same, names[i].text);
		free(copy);
	}
}

/* 32 escapes are the longest spelling of a name; one more is no name. */
static void long_escaped_names_are_compared_and_longer_ones_are_not(void)
{
	char text[1024] = "[\"", name[40] = "";
	struct json value;
	int i;

	for (i = 0; i < 33; i++) {
		strcat(text, "\\u0061");
		strcat(name, "a");
		if (i != 31 && i != 32)
			continue;
		strcat(text, "\"]");
		value = first(text);
		CHECK(json_is(&value, name) == (i == 31));
		text[strlen(text) - 2] = '\0';
	}
	for (; i < 150; i++)
		strcat(text, "\\u0061");
	strcat(text, "\"]");
	value = first(text);
	CHECK(!json_is(&value, name) && !json_is(&value, "a"));
}

static void blanks(void)
{
	static const char *const blank[] = {
		"[null]", "[false]", "[\"\"]", "[[]]", "[{}]", "[[ ]]", "[{ \n\t\r }]", "[[ \r\n\t ]]",
	};
	static const char *const other[] = {
		"[true]", "[0]", "[-0]", "[0.0]", "[\" \"]", "[\"\\u0000\"]", "[[0]]", "[[[]]]", "[[null]]",
		"[{\"\":0}]", "[{ \"a\" : null }]", "[\"{}\"]", "[[{}]]",
	};
	size_t i;

	for (i = 0; i < COUNT(blank); i++) {
		char *copy = strdup(blank[i]);
		struct json value = first(copy);

		CHECK_ROW(value.type && json_is_blank(&value), blank[i]);
		free(copy);
	}
	for (i = 0; i < COUNT(other); i++) {
		char *copy = strdup(other[i]);
		struct json value = first(copy);

		CHECK_ROW(value.type && !json_is_blank(&value), other[i]);
		free(copy);
	}
}

static void values_are_written_anew(void)
{
	static const struct {
		const char *text, *written;
	} values[] = {
		{ "[ \"a\" ]", "\"a\"" }, { "[1.50E+3]", "1.50E+3" }, { "[ null]", "null" }, { "[{}]", "{}" },
		{ "[{ \"a b\" : [ 1 , 2.5 , true ] , \"c\" : { \"d\" : \"\\u0041 \\/ \\u000a \" } }]",
		  "{\"a b\":[1,2.5,true],\"c\":{\"d\":\"A / \\n \"}}" },
		{ "[[\"\\\"\\\\\", \"\\ud83e\\udd80\",\"\\u0000\"]]", "[\"\\\"\\\\\",\"\xf0\x9f\xa6\x80\",\"\\u0000\"]" },
		{ "[[\"\\\\\\\"]\", \"\"]]", "[\"\\\\\\\"]\",\"\"]" }, { "[\"\\u001f\\b\"]", "\"\\u001f\\b\"" },
		{ "[[\n\t[ ]\r\n,{\t}]]", "[[],{}]" }, { "[{\"\\u0061\":1,\"a\":2}]", "{\"a\":1,\"a\":2}" },
	};
	struct buf buf = BUF_INIT(200);
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		char *copy = strdup(values[i].text);
		struct json value = first(copy);

		buf.len = 0;
		CHECK_ROW(value.type && json_put_value(&buf, &value) == OYSTER_OK, values[i].text);
		CHECK_ROW(buf.len == strlen(values[i].written) &&
			  !memcmp(buf.data, values[i].written, buf.len), values[i].text);
		CHECK_ROW(buf.len <= value.len, values[i].text);
		free(copy);
	}
	buf_clear(&buf);
}

static void a_value_does_not_outgrow_its_buffer(void)
{
	struct buf buf = BUF_INIT(7);
	char text[] = "[[1,\"ab\"]]";	/* 8 bytes */
	struct json value = first(text);

	CHECK(json_put_value(&buf, &value) == OYSTER_ETOOBIG && buf.len <= 7);
	buf_clear(&buf);
}

int main(void)
{
	RUN(members_are_slices_in_order);
	RUN(elements_are_slices_in_order);
	RUN(a_walk_that_failed_stays_so);
	RUN(culprits_are_found_where_they_are);
	RUN(nesting_ends_at_128);
	RUN(siblings_do_not_add_to_depth);
	RUN(a_number_that_breaks_off_is_no_element);
	RUN(another_kind_of_text_is_told_from_one_too_deep);
	RUN(the_first_letter_is_one_of_ascii_or_none);
	RUN(names_are_compared_decoded);
	RUN(long_escaped_names_are_compared_and_longer_ones_are_not);
	RUN(blanks);
	RUN(values_are_written_anew);
	RUN(a_value_does_not_outgrow_its_buffer);
	return DONE();
}
