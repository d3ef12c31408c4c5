/* Buffers grow up to their limit, and never lose what they had. */
#include <stdint.h>
#include <string.h>

#include "fcgi/buf.h"
#include "tests/unit/tap.h"

static void a_new_buffer_is_empty(void)
{
	struct buf buf = BUF_INIT(4);

	CHECK(buf.data == NULL && buf.len == 0 && buf.cap == 0 && buf.max == 4);
	buf_clear(&buf);
}

static void a_full_buffer_keeps_what_it_had(void)
{
	struct buf buf = BUF_INIT(4);

	CHECK(buf_add(&buf, "abcd", 4) == OYSTER_OK);
	CHECK(buf_add(&buf, "e", 1) == OYSTER_ETOOBIG);
	CHECK(buf.len == 4 && !memcmp(buf.data, "abcd", 4));
	CHECK(buf_puts(&buf, "e") == OYSTER_ETOOBIG);
	CHECK(buf_reserve(&buf, 1) == OYSTER_ETOOBIG);
	CHECK(buf.len == 4 && !memcmp(buf.data, "abcd", 4));
	CHECK(buf_add(&buf, "", 0) == OYSTER_OK);
	CHECK(buf_reserve(&buf, 0) == OYSTER_OK);
	buf_clear(&buf);
}

static void an_addition_fits_whole_or_not_at_all(void)
{
	struct buf buf = BUF_INIT(4);

	CHECK(buf_puts(&buf, "abc") == OYSTER_OK);
	CHECK(buf_puts(&buf, "de") == OYSTER_ETOOBIG);
	CHECK(buf.len == 3 && !memcmp(buf.data, "abc", 3));
	CHECK(buf_puts(&buf, "d") == OYSTER_OK);
	CHECK(buf.len == 4 && !memcmp(buf.data, "abcd", 4));
	buf_clear(&buf);
}

static void a_limit_of_zero_takes_nothing(void)
{
	struct buf buf = BUF_INIT(0);

	CHECK(buf_add(&buf, NULL, 0) == OYSTER_OK);
	CHECK(buf_puts(&buf, "") == OYSTER_OK);
	CHECK(buf_puts(&buf, "a") == OYSTER_ETOOBIG);
	CHECK(buf.len == 0);
	buf_clear(&buf);
}

static void lengths_near_the_end_of_size_t_do_not_wrap(void)
{
	struct buf buf = BUF_INIT(SIZE_MAX);

	CHECK(buf_puts(&buf, "abc") == OYSTER_OK);
	CHECK(buf_reserve(&buf, SIZE_MAX) == OYSTER_ETOOBIG);
	CHECK(buf_reserve(&buf, SIZE_MAX - 2) == OYSTER_ETOOBIG);
	CHECK(buf.len == 3 && !memcmp(buf.data, "abc", 3));
	buf_clear(&buf);
}

#ifndef OYSTER_SANITIZED
static void without_memory_a_buffer_keeps_what_it_had(void)
{
	struct buf buf = BUF_INIT(SIZE_MAX);

	CHECK(buf_puts(&buf, "abc") == OYSTER_OK);
	CHECK(buf_reserve(&buf, SIZE_MAX / 2) == OYSTER_ENOMEM);
	CHECK(buf.len == 3 && !memcmp(buf.data, "abc", 3));
	CHECK(buf_puts(&buf, "d") == OYSTER_OK);
	CHECK(buf.len == 4 && !memcmp(buf.data, "abcd", 4));
	buf_clear(&buf);
}
#endif

static void many_small_additions_make_one_text(void)
{
	struct buf buf = BUF_INIT(100000);
	size_t i, wrong = 0;

	for (i = 0; i < 100000; i++) {
		char c = (char)(i % 251);

		wrong += buf_add(&buf, &c, 1) != OYSTER_OK;
		wrong += buf.cap < buf.len;
	}
	CHECK(buf.len == 100000);
	for (i = 0; i < buf.len; i++)
		wrong += buf.data[i] != (char)(i % 251);
	CHECK(wrong == 0);
	CHECK(buf_add(&buf, "", 1) == OYSTER_ETOOBIG);
	buf_clear(&buf);
}

static void what_was_reserved_does_not_move(void)
{
	struct buf buf = BUF_INIT(5000);
	const char *data;
	int i;

	CHECK(buf_reserve(&buf, 5000) == OYSTER_OK);
	data = buf.data;
	CHECK(buf.len == 0 && data != NULL);
	for (i = 0; i < 5000; i++)
		if (buf_add(&buf, "x", 1))
			break;
	CHECK(i == 5000 && buf.data == data);
	buf_clear(&buf);
}

static void nuls_are_bytes_like_others(void)
{
	struct buf buf = BUF_INIT(10);

	CHECK(buf_add(&buf, "a\0b", 3) == OYSTER_OK);
	CHECK(buf_puts(&buf, "c\0d") == OYSTER_OK);
	CHECK(buf.len == 4 && !memcmp(buf.data, "a\0bc", 4));
	buf_clear(&buf);
}

static void a_cleared_buffer_is_usable_again(void)
{
	struct buf buf = BUF_INIT(4);

	CHECK(buf_puts(&buf, "abcd") == OYSTER_OK);
	buf_clear(&buf);
	CHECK(buf.data == NULL && buf.len == 0 && buf.max == 4);
	buf_clear(&buf);
	CHECK(buf_puts(&buf, "efgh") == OYSTER_OK);
	CHECK(buf.len == 4 && !memcmp(buf.data, "efgh", 4));
	buf_clear(&buf);
}

static void texts_are_equal_byte_for_byte(void)
{
	const struct text a = { "a\0b", 3 }, same = { "a\0b", 3 };
	const struct text other = { "a\0c", 3 }, shorter = { "a\0b", 2 };
	const struct text none = { NULL, 0 }, empty = { "", 0 };

	CHECK(text_equal(a, same));
	CHECK(!text_equal(a, other));
	CHECK(!text_equal(a, shorter));
	CHECK(text_equal(none, empty) && text_equal(none, none));
	CHECK(!text_equal(a, none));
}

int main(void)
{
	RUN(a_new_buffer_is_empty);
	RUN(a_full_buffer_keeps_what_it_had);
	RUN(an_addition_fits_whole_or_not_at_all);
	RUN(a_limit_of_zero_takes_nothing);
	RUN(lengths_near_the_end_of_size_t_do_not_wrap);
#ifndef OYSTER_SANITIZED	/* AddressSanitizer ends a program that asks for so much */
	RUN(without_memory_a_buffer_keeps_what_it_had);
#endif
	RUN(many_small_additions_make_one_text);
	RUN(what_was_reserved_does_not_move);
	RUN(nuls_are_bytes_like_others);
	RUN(a_cleared_buffer_is_usable_again);
	RUN(texts_are_equal_byte_for_byte);
	return DONE();
}
