/*
 * What is JSON and what is not (RFC 8259).  The lists follow the cases of
 * JSONTestSuite: y_ must be taken, n_ must be refused; of its i_ ones, where
 * a parser may choose, a strict one's choice is stated.
 */
#include "tests/unit/scan.h"
#include "tests/unit/tap.h"

struct text_row {
	const char *text;
	size_t len;
};

#define T(text)	{ LITERAL(text) }

static const struct text_row taken[] = {
	T("[]"), T("{}"), T("[ ]"), T("{ }"), T(" [] "), T("\t\r\n [\t\r\n ]\t\r\n "), T("[[]   ]"),
	T("[\"\"]"), T("[\"a\"]"), T("[false]"), T("[null]"), T("[true]"), T("[1]"), T("[1\n]"), T(" [1]"),
	T("[null, 1, \"1\", {}]"), T("[1,null,null,null,2]"), T("[2] "), T("[[[[[[1]]]],[],{}]]"),
	/* numbers */
	T("[0]"), T("[-0]"), T("[123e65]"), T("[0e+1]"), T("[0e1]"), T("[ 4]"), T("[20e1]"), T("[-1]"),
	T("[-123]"), T("[1E22]"), T("[1E-2]"), T("[1E+2]"), T("[123e45]"), T("[123.456e78]"), T("[1e-2]"),
	T("[1e+2]"), T("[123]"), T("[123.456789]"), T("[0.0]"), T("[-0.0]"), T("[0.00]"), T("[1e00]"), T("[0E0]"),
	T("[-0e-0]"), T("[1e01]"),
	T("[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]"),
	T("[100000000000000000000]"), T("[123123123123123123123123123123]"), T("[-123123123123123123123123123123]"),
	T("[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999]"),
	T("[123.456e-789]"), T("[1.5e+9999]"), T("[-1e+9999]"), T("[1e9999]"), T("[-1e9999]"), T("[123123e100000]"),
	T("[123e-10000000]"),
	/* objects */
	T("{\"asd\":\"sdf\", \"dfg\":\"fgh\"}"), T("{\"asd\":\"sdf\"}"), T("{\"a\":\"b\",\"a\":\"c\"}"),
	T("{\"a\":\"b\",\"a\":\"b\"}"), T("{\"\":0}"), T("{\"foo\\u0000bar\": 42}"), T("{ \"min\": -1.0e+28, \"max\": 1.0e+28 }"),
	T("{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": \"x\"}"), T("{\"a\":[]}"),
	T("{\n\"a\": \"b\"\n}"), T("{\"a\" : 1}"), T("{\"a\"\t:\r\n1\t,\n\"b\" :2 }"), T("{\"a\":{\"b\":{\"c\":{}}}}"),
	/* strings */
	T("[\"\\u0060\\u012a\\u12AB\"]"), T("[\"\\uD801\\udc37\"]"), T("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
	T("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), T("[\"\\\\u0000\"]"), T("[\"\\\"\"]"), T("[\"a/*b*/c/*d//e\"]"), T("[\"\\\\a\"]"),
	T("[\"\\\\n\"]"), T("[\"\\u0012\"]"), T("[\"\\uFFFF\"]"), T("[ \"asd\"]"), T("[\"\\uDBFF\\uDFFF\"]"),
	T("[\"new\\u00A0line\"]"), T("[\"\xf4\x8f\xbf\xbf\"]"), T("[\"\xef\xbf\xbf\"]"), T("[\"\\u0000\"]"), T("[\"\\u002c\"]"),
	T("[\"\xcf\x80\"]"), T("[\"\xf0\x9b\xbf\xbf\"]"), T("[\"asd \"]"), T("[\"\\uD834\\uDd1e\"]"), T("[\"\\u0821\"]"),
	T("[\"\xe2\x80\xa8\"]"), T("[\"\xe2\x80\xa9\"]"), T("[\"\\u0061\\u30af\\u30EA\\u30b9\"]"), T("[\"new\\u000Aline\"]"),
	T("[\"\x7f\"]"), T("[\"\\uA66D\"]"), T("[\"\\u005C\"]"), T("[\"\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x82\"]"),
	T("[\"\\u200B\"]"), T("[\"\\u2064\"]"), T("[\"\\uFDD0\"]"), T("[\"\\uFFFE\"]"), T("[\"\\uDBFF\\uDFFE\"]"),
	T("[\"\\u0022\"]"), T("[\"a\x7f" "a\"]"), T("[\"\xef\xbb\xbf\"]"),
};

static const struct text_row refused[] = {
	/* arrays */
	T("[1 true]"), T("[a\xe5]"), T("[\"\": 1]"), T("[\"\"],"), T("[,1]"), T("[1,,2]"), T("[\"x\",,]"), T("[\"x\"]]"),
	T("[\"\",]"), T("[\"x\""), T("[x"), T("[3[4]]"), T("[\xff]"), T("[1:2]"), T("[,]"), T("[-]"), T("[   , \"\"]"),
	T("[\"a\",\n4\n,1,"), T("[1,]"), T("[1,,]"), T("[\"\x0b" "a\"\\f]"), T("[*]"), T("[\"\""), T("[1,"), T("[1,\n1\n,1"),
	T("[{}"), T("[1 2]"), T("[\"a\" \"b\"]"), T("[[]{}]"), T("[1;2]"), T("[1,]]"), T("[1}"), T("[[1}]"), T("[}"), T("[(1)]"),
	/* words */
	T("[fals]"), T("[nul]"), T("[tru]"), T("[True]"), T("[TRUE]"), T("[Null]"), T("[FALSE]"), T("[nulll]"), T("[truee]"),
	T("[true1]"), T("[undefined]"), T("[nil]"), T("[None]"), T("[t]"), T("[f]"), T("[n]"), T("[n"), T("[tru"), T("[tr\0e]"),
	T("[true\0]"), T("[trueyes]"), T("[nullnull]"),
	/* numbers */
	T("[++1234]"), T("[+1]"), T("[+0]"), T("[+Inf]"), T("[-01]"), T("[-1.0.]"), T("[-2.]"), T("[-NaN]"), T("[.-1]"), T("[.2e-3]"),
	T("[0.1.2]"), T("[0.3e+]"), T("[0.3e]"), T("[0.e1]"), T("[0E+]"), T("[0E]"), T("[0e+]"), T("[0e]"), T("[1.0e+]"), T("[1.0e-]"),
	T("[1.0e]"), T("[1 000.0]"), T("[1_000]"), T("[1eE2]"), T("[1ee2]"), T("[2.e+3]"), T("[2.e-3]"), T("[2.e3]"), T("[9.e+]"), T("[Inf]"),
	T("[NaN]"), T("[\xef\xbc\x91]"), T("[1+2]"), T("[0x1]"), T("[0x42]"), T("[0X1]"), T("[0b1]"), T("[0o7]"), T("[Infinity]"),
	T("[-Infinity]"), T("[0e+-1]"), T("[-123.123foo]"), T("[123\xe5]"), T("[1e1\xe5]"), T("[0\xe5]"), T("[-foo]"), T("[- 1]"), T("[-012]"),
	T("[-.123]"), T("[-1x]"), T("[1ea]"), T("[1e\xe5]"), T("[1.]"), T("[.123]"), T("[1.2a-3]"), T("[1.8011670033376514H-308]"), T("[012]"),
	T("[00]"), T("[-00]"), T("[000]"), T("[01.5]"), T("[1e1.5]"), T("[1e]"), T("[1e+]"), T("[1E-]"), T("[1.e]"), T("[.]"), T("[.5]"), T("[-.5]"),
	T("[e5]"), T("[E5]"), T("[--1]"), T("[-+1]"), T("[1-]"), T("[1-1]"), T("[1f]"), T("[1L]"), T("[1,5.]"), T("[1."), T("[1e"), T("[-"), T("[1e+"),
	T("[1\0]"), T("[1.\0]"), T("[0x]"), T("[1.-5]"), T("[0.0.0]"), T("[$1]"), T("[1%]"), T("[\xe2\x88\x92" "1]"), T("[1/2]"), T("[1e 5]"), T("[1 e5]"),
	T("[1. 5]"), T("[1 .5]"),
	/* objects */
	T("{\"x\", null}"), T("{\"x\"::\"b\"}"), T("{\xf0\x9f\x87\xa8\xf0\x9f\x87\xad}"), T("{\"a\":\"a\" 123}"), T("{key: 'value'}"),
	T("{\"\xb9\":\"0\",}"), T("{\"a\" b}"), T("{:\"b\"}"), T("{\"a\" \"b\"}"), T("{\"a\":"), T("{\"a\""), T("{1:1}"), T("{9999E9999:1}"),
	T("{null:null,null:null}"), T("{\"id\":0,,,,,}"), T("{'a':0}"), T("{\"id\":0,}"), T("{\"a\":\"b\"}/**/"), T("{\"a\":\"b\"}/**//"),
	T("{\"a\":\"b\"}//"), T("{\"a\":\"b\"}/"), T("{\"a\":\"b\",,\"c\":\"d\"}"), T("{a: \"b\"}"), T("{\"a\":\"a"), T("{ \"foo\" : \"bar\", \"a\" }"),
	T("{\"a\":\"b\"}#"), T("[\"x\", truth]"), T("{[: \"x\"}\n"), T("{\"a\":/*comment*/\"b\"}"), T("{\"a\": true} \"x\""), T("{,}"),
	T("{\"a\"}"), T("{\"a\":}"), T("{\"a\":,}"), T("{\"a\":1 \"b\":2}"), T("{\"a\":1;\"b\":2}"), T("{\"a\"=1}"), T("{\"a\"=>1}"), T("{true:1}"),
	T("{[]:1}"), T("{{}:1}"), T("{\"a\":1,\"b\"}"), T("{\"a\":1]"), T("{]"), T("{\"a\":{}"), T("{\"a\":[}"), T("{\"a\":[]"), T("{\"a\":1}}"),
	T("{\"a\":1}{\"a\":1}"), T("{} {}"), T("{},"), T("{}\n{}"), T("{}[]"), T("{\"a\":1}1"), T("{}null"), T("{\"a\":1,}"), T("{,\"a\":1}"), T("{{}}"),
	T("{{"), T("{\"a\":1,"), T("{\"a\":1,\"b"), T("{\"a\":1,\"b\""), T("{\"a\":1,\"b\":"), T("{ "), T("{\"a\": "), T("{\"a\":1 "), T("{\"a\":-}"),
	/* strings */
	T("[\"\\uD800\\\"]"), T("[\"\\uD800\\u\"]"), T("[\"\\uD800\\u1\"]"), T("[\"\\uD800\\u1x\"]"), T("[\xc3\xa9]"), T("[\"\\\0\"]"),
	T("[\"\\x00\"]"), T("[\"\\\\\\\"]"), T("[\"\\\t\"]"), T("[\"\\\xf0\x9f\x8c\x80\"]"), T("[\"\\\"]"), T("[\"\\u00A\"]"),
	T("[\"\\uD834\\uDd\"]"), T("[\"\\uD800\\uD800\\x\"]"), T("[\"\\u\xe5\"]"), T("[\"\\a\"]"), T("[\"\\uqqqq\"]"), T("[\"\\\xe5\"]"),
	T("[\\u0020\"asd\"]"), T("[\\n]"), T("['single quote']"), T("[\"\\"), T("[\"a\0a\"]"), T("[\"new\nline\"]"), T("[\"\t\"]"), T("[\"\r\"]"),
	T("[\"\\UA66D\"]"), T("[\"\"x]"), T("[\"asd]"), T("[\""), T("[\"\\u"), T("[\"\\u0"), T("[\"\\u00"), T("[\"\\u000"), T("[\"\\u0000"),
	T("[\"\\u000g\"]"), T("[\"\\u-001\"]"), T("[\"\\u+001\"]"), T("[\"\\u 001\"]"), T("[\"\\u0x1\"]"), T("[\"\\u00\0" "0\"]"), T("[\"\\'\"]"),
	T("[\"\\v\"]"), T("[\"\\0\"]"), T("[\"\\e\"]"), T("[\"\\ \"]"), T("[\"\\N\"]"), T("[\"\\u{41}\"]"), T("[\"\\U0001F600\"]"),
	T("[\"\x1f\"]"), T("[\"\x01\"]"), T("[\"a\" + \"b\"]"), T("[`a`]"), T("[\xe2\x80\x9c" "a\xe2\x80\x9d]"), T("[\"\\u003\xc2\xb9\"]"),
	T("[\"\\u:123\"]"), T("[\"\\u/123\"]"), T("[\"\\u@123\"]"), T("[\"\\uG123\"]"), T("[\"\\u`123\"]"), T("[\"\\u\x10" "123\"]"), T("[\"\\u\x19" "123\"]"),
	/* structure */
	T(""), T(" "), T("\n"), T(" \t\r\n"), T("\xef\xbb\xbf"), T("\xef\xbb\xbf{}"), T("\xef\xbb\xbf[]"), T("\xef\xbb{}"), T("\xef\xbb"),
	T("\xe2\x81\xa0"), T("<.>"), T("[<null>]"), T("[1]x"), T("[1]]"), T("a\xc3\xa5"), T("{\"x\": true,"), T("[][]"), T("]"), T("}"), T("\xe5"),
	T("["), T("{"), T("[\0]"), T("[]\0"), T("{}\0"), T("{\"a\":1}\0"), T("\0{}"), T("\0"), T("{}}"), T("{\"\":"), T("['"), T("[,"), T("[{"), T("[\"a"),
	T("{,"), T("{["), T("{\"a"), T("{'a'"), T("[\"\\{[\"\\{[\"\\{[\"\\{"), T("\xe9"), T("*"), T("{\"a\":\"b\"}#{}"), T("[\\u000A\"\"]"), T("[1"),
	T("[ false, nul"), T("[ true, fals"), T("[ false, tru"), T("{\"asd\":\"asd\""), T("\xc3\xa5"), T("[\xe2\x81\xa0]"), T("[\f]"), T("\f[]"), T("[]\f"),
	T("[\v]"), T("[1\f]"), T("{\f}"), T("{\"a\"\f:1}"), T("[\xc2\xa0]"), T("\xc2\xa0[]"), T("[]\xc2\xa0"), T("[\x85]"), T("[\b]"), T("[1]/**/"), T("/**/[1]"),
	T("//\n[1]"), T("#\n[1]"), T("[1]//"), T("[1]\x1a"), T("\x1e[1]"), T("[1]\x04"), T("[1],[2]"), T("[1]\n[2]"), T(")]}'\n[1]"), T("while(1);[1]"),
	T("\xff\xfe[\0]\0"), T("\xfe\xff\0[\0]"), T("[\0\"\0\xe9\0\"\0]\0"), T("\0[\0\"\0\xe9\0\"\0]"), T("[\xff]"), T("\xff[]"), T("[]\xff"), T("&"), T("\\[]"),
};

static void valid_texts_are_taken(void)
{
	size_t i, offset;

	for (i = 0; i < COUNT(taken); i++) {
		CHECK_ROW(scan_at(taken[i].text, taken[i].len, &offset) == OYSTER_OK, taken[i].text);
		CHECK_ROW(offset == taken[i].len, taken[i].text);
	}
}

static void other_texts_are_refused(void)
{
	enum oyster_err err;
	size_t i, offset;

	for (i = 0; i < COUNT(refused); i++) {
		err = scan_at(refused[i].text, refused[i].len, &offset);
		CHECK_ROW(err != OYSTER_OK && err != OYSTER_EOBJECT, refused[i].text);
		CHECK_ROW(offset <= refused[i].len, refused[i].text);
	}
}

/* They are JSON, or begin as JSON, but nothing that a walk could enter. */
static void scalars_are_no_objects(void)
{
	static const char *const scalars[] = {
		"null", "true", "false", "0", "-1.5e3", "\"\"", "\"a\"", " null ", "123", "1]", "2@",
		"\"\"x", "[]", "[1,{}]", "[[]]",
	};
	struct json_walk walk;
	struct json key, value;
	size_t i;

	for (i = 0; i < COUNT(scalars); i++) {
		char *copy = exact_copy(scalars[i], strlen(scalars[i]));

		json_enter(&walk, copy, strlen(scalars[i]), '{');
		CHECK_ROW(!json_member(&walk, &key, &value), scalars[i]);
		CHECK_ROW(json_end(&walk) == OYSTER_EOBJECT, scalars[i]);
		free(copy);
	}
}

static void what_is_not_even_a_scalar_is_not_json(void)
{
	static const struct text_row texts[] = {
		T("nul"), T("abc"), T("\""), T("\"a"), T("'a'"), T("-"), T("NaN"), T("]"), T("*"), T(""),
		T("model=llama3.2"), T("<html>"), T("GET / HTTP/1.1"), T("+1"), T("tru"), T("[1,]"), T("\\u007b\\u007d"),
	};
	struct json_walk walk;
	struct json key, value;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		char *copy = exact_copy(texts[i].text, texts[i].len);

		json_enter(&walk, copy, texts[i].len, '{');
		CHECK_ROW(!json_member(&walk, &key, &value), texts[i].text);
		CHECK_ROW(json_end(&walk) == OYSTER_EJSON, texts[i].text);
		free(copy);
	}
}

static const char whole[] =
	"{\"model\":\"caf\xc3\xa9\\u00e9\\ud83e\\udd80\xf0\x9f\xa6\x80\",\"n\":[-0,1.5e+10,2E-3,true,false,null],"
	"\"o\":{\"\":{},\"a\":[[],[{}]]},\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}";

static void no_prefix_of_an_object_is_taken(void)
{
	size_t len;

	CHECK(scan(whole, sizeof(whole) - 1) == OYSTER_OK);
	for (len = 0; len < sizeof(whole) - 1; len++)
		CHECK_ROW(scan(whole, len) != OYSTER_OK, whole + len);
}

/* Any byte but white space behind or before a text spoils it. */
static void no_byte_more_is_taken(void)
{
	char text[sizeof(whole) + 1];
	int c;

	for (c = 0; c < 256; c++) {
		bool blank = c && strchr(" \t\r\n", c);

		memcpy(text, whole, sizeof(whole) - 1);
		text[sizeof(whole) - 1] = (char)c;
		CHECK((scan(text, sizeof(whole)) == OYSTER_OK) == blank);
		text[0] = (char)c;
		memcpy(text + 1, whole, sizeof(whole) - 1);
		CHECK((scan(text, sizeof(whole)) == OYSTER_OK) == blank);
	}
}

int main(void)
{
	RUN(valid_texts_are_taken);
	RUN(other_texts_are_refused);
	RUN(scalars_are_no_objects);
	RUN(what_is_not_even_a_scalar_is_not_json);
	RUN(no_prefix_of_an_object_is_taken);
	RUN(no_byte_more_is_taken);
	return DONE();
}
