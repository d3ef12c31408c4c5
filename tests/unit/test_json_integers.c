/* Integers and arrays of them, as a context is signed. */
#include "tests/unit/scan.h"
#include "tests/unit/tap.h"

static struct json first(char *text, size_t len)
{
	struct json_walk walk;
	struct json value = { .type = JSON_ABSENT };

	json_enter(&walk, text, len, '[');
	if (!json_element(&walk, &value))
		value.type = JSON_ABSENT;
	return value;
}

static const struct {
	const char *text;
	uint64_t max;
	const char *written;	/* NULL: refused */
} arrays[] = {
	{ "[[]]", 10, "[]" }, { "[[ ]]", 10, "[]" }, { "[[\t\r\n]]", 10, "[]" }, { "[[1]]", 10, "[1]" }, { "[[0]]", 10, "[0]" }, { "[[0]]", 0, "[0]" },
	{ "[[ 1 , 2\n,\t3\r]]", 10, "[1,2,3]" }, { "[[1,2,3]]", 3, "[1,2,3]" }, { "[[10]]", 10, "[10]" }, { "[[11]]", 10, NULL }, { "[[1,11]]", 10, NULL },
	{ "[[11,1]]", 10, NULL }, { "[[9]]", 9, "[9]" }, { "[[10]]", 9, NULL }, { "[[99]]", 99, "[99]" }, { "[[100]]", 99, NULL }, { "[[101]]", 100, NULL },
	{ "[[-0]]", 10, NULL }, { "[[-1]]", 10, NULL }, { "[[-5]]", 10, NULL }, { "[[1.0]]", 10, NULL }, { "[[1.5]]", 10, NULL }, { "[[1e0]]", 10, NULL },
	{ "[[1e2]]", 1000, NULL }, { "[[1E2]]", 1000, NULL }, { "[[0.0]]", 10, NULL }, { "[[0e0]]", 10, NULL }, { "[[\"1\"]]", 10, NULL }, { "[[\"\"]]", 10, NULL },
	{ "[[null]]", 10, NULL }, { "[[true]]", 10, NULL }, { "[[false]]", 10, NULL }, { "[[[]]]", 10, NULL }, { "[[[1]]]", 10, NULL }, { "[[{}]]", 10, NULL },
	{ "[[1,[2]]]", 10, NULL }, { "[[1,[]]]", 10, NULL }, { "[[1,{\"a\":2}]]", 10, NULL }, { "[[1,null]]", 10, NULL }, { "[[1,\"2\"]]", 10, NULL },
	{ "[[1 ,2]]", 10, "[1,2]" }, { "[[1 ]]", 10, "[1]" }, { "[[1\n]]", 10, "[1]" }, { "[[0,0,0]]", 0, "[0,0,0]" }, { "[[0,1]]", 0, NULL },
	{ "[[2147483647]]", 2147483647, "[2147483647]" }, { "[[2147483648]]", 2147483647, NULL }, { "[[2147483650]]", 2147483647, NULL },
	{ "[[4294967296]]", 2147483647, NULL }, { "[[4294967297]]", 2147483647, NULL }, { "[[21474836470]]", 2147483647, NULL },
	{ "[[18446744073709551615]]", UINT64_MAX, "[18446744073709551615]" }, { "[[18446744073709551616]]", UINT64_MAX, NULL },
	{ "[[18446744073709551617]]", UINT64_MAX, NULL }, { "[[18446744073709551620]]", UINT64_MAX, NULL }, { "[[184467440737095516150]]", UINT64_MAX, NULL },
	{ "[[340282366920938463463374607431768211455]]", UINT64_MAX, NULL }, { "[[340282366920938463463374607431768211456]]", UINT64_MAX, NULL },
	{ "[[18446744073709551616]]", 2147483647, NULL }, { "[[36893488147419103233]]", 2147483647, NULL },
};

static void arrays_of_integers_lose_their_white_space(void)
{
	char to[256] = "";
	size_t i, len;

	for (i = 0; i < COUNT(arrays); i++) {
		char *copy = exact_copy(arrays[i].text, strlen(arrays[i].text));
		struct json array = first(copy, strlen(arrays[i].text));
		int place;

		for (place = 0; place < 2; place++) {
			char *where = place ? array.at : to;

			CHECK_ROW(array.type == JSON_ARRAY, arrays[i].text);
			len = json_integers(where, &array, arrays[i].max);
			if (arrays[i].written)
				CHECK_ROW(len == strlen(arrays[i].written) &&
					  !memcmp(where, arrays[i].written, len), arrays[i].text);
			else
				CHECK_ROW(len == 0, arrays[i].text);
		}
		free(copy);
	}
}

/* Every maximum up to 120, and every number up to 130. */
static void a_number_is_taken_up_to_the_maximum_and_not_beyond(void)
{
	char text[16], row[64], to[16];
	unsigned max, number;
	struct json array, inner;
	int len;

	for (max = 0; max <= 120; max++)
		for (number = 0; number <= 130; number++) {
			len = snprintf(text, sizeof(text), "[[%u]]", number);
			snprintf(row, sizeof(row), "%u of at most %u", number, max);
			array = first(text, (size_t)len);
			CHECK_ROW((json_integers(to, &array, max) > 0) == (number <= max), row);
			inner = first(array.at, array.len);
			CHECK_ROW(json_is_integer(&inner, max) == (number <= max), row);
		}
}

static void integers(void)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is;
	} numbers[] = {
		{ "[0]", 5, true }, { "[5]", 100, true }, { "[-0]", 5, false }, { "[1.0]", 5, false }, { "[1e0]", 5, false }, { "[\"1\"]", 5, false },
		{ "[true]", 5, false }, { "[null]", 5, false }, { "[[1]]", 5, false }, { "[[]]", 5, false }, { "[{}]", 5, false }, { "[\"\"]", 5, false },
		{ "[2147483647]", 2147483647, true }, { "[2147483648]", 2147483647, false }, { "[18446744073709551616]", UINT64_MAX, false },
	};
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		char *copy = exact_copy(numbers[i].text, strlen(numbers[i].text));
		struct json value = first(copy, strlen(numbers[i].text));

		CHECK_ROW(json_is_integer(&value, numbers[i].max) == numbers[i].is, numbers[i].text);
		free(copy);
	}
}

/* 10^6 elements with white space, against a text written by hand. */
static void a_million_integers(void)
{
	size_t size = 2 + 1000000 * 12 + 2, len;
	char *text = must(malloc(size)), *want = must(malloc(size));
	char *at = stpcpy(text, "[["), *to = stpcpy(want, "[");
	struct json array;
	unsigned i, number = 1;

	for (i = 0; i < 1000000; i++) {
		number = number * 69069 + 1;
		at += sprintf(at, i ? " ,%u" : "%u", number >> 4);
		to += sprintf(to, i ? ",%u" : "%u", number >> 4);
	}
	at = stpcpy(at, "]]");
	to = stpcpy(to, "]");
	array = first(text, (size_t)(at - text));
	CHECK(array.type == JSON_ARRAY);
	len = json_integers(array.at, &array, 2147483647);
	CHECK(len == (size_t)(to - want) && !memcmp(array.at, want, len));
	free(text);
	free(want);
}

int main(void)
{
	RUN(arrays_of_integers_lose_their_white_space);
	RUN(a_number_is_taken_up_to_the_maximum_and_not_beyond);
	RUN(integers);
	RUN(a_million_integers);
	return DONE();
}
