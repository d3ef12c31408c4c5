/* Large pieces of memory: which are kept, who gets them, and that they are empty. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/buf.h"
#include "fcgi/spare.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(void *, malloc, (size_t size), (size))

static atomic_int freed;

void __real_free(void *bytes);
void __wrap_free(void *bytes);

void __wrap_free(void *bytes)
{
	freed += bytes != NULL;
	__real_free(bytes);
}

static void *take(size_t want, size_t *size)
{
	char *piece;

	*size = want;
	piece = spare_take(size);
	if (!piece)
		abort();
	return piece;
}

static void an_empty_piece_is_taken_again(void)
{
	size_t size, i, used = SPARE_LEAST - 1, left = 0;
	char *piece = take(SPARE_LEAST, &size), *again;

	CHECK(size == SPARE_LEAST);
	memset(piece, 'x', used);
	piece[used] = 'y';	/* not said to be used */
	spare_give(piece, size, used);
	again = take(SPARE_LEAST, &size);
	CHECK(again == piece && size == SPARE_LEAST);
	for (i = 0; i < used; i++)
		left += again[i] != 0;
	CHECK(left == 0 && again[used] == 'y');
	spare_give(again, size, size);
	spare_drop();
}

static void the_last_that_is_large_enough_is_taken(void)
{
	size_t size;
	char *small = take(SPARE_LEAST, &size);
	char *large = take(2 * SPARE_LEAST, &size);
	char *last = take(SPARE_LEAST, &size);

	spare_give(small, SPARE_LEAST, 0);
	spare_give(large, 2 * SPARE_LEAST, 0);
	spare_give(last, SPARE_LEAST, 0);
	CHECK(take(SPARE_LEAST + 1, &size) == large && size == 2 * SPARE_LEAST);	/* in steps of two */
	CHECK(take(SPARE_LEAST, &size) == last && size == SPARE_LEAST);
	CHECK(take(SPARE_LEAST, &size) == small && size == SPARE_LEAST);
	spare_give(large, 2 * SPARE_LEAST, 0);
	CHECK(take(SPARE_LEAST, &size) == large && size == 2 * SPARE_LEAST);
	fault_set("malloc", 1, ENOMEM, 0);
	CHECK(!spare_take(&size) && fault_came());
	free(small);
	free(large);
	free(last);
}

static void few_are_kept_and_none_of_which_much_was_used(void)
{
	char *piece[SPARE_COUNT + 1];
	size_t size;
	int i;

	freed = 0;
	piece[0] = take(SPARE_MOST + 1, &size);
	spare_give(piece[0], size, SPARE_MOST + 1);
	CHECK(freed == 1);
	piece[0] = take(SPARE_MOST + 1, &size);
	spare_give(piece[0], size, SPARE_MOST);
	CHECK(freed == 1);
	spare_drop();
	CHECK(freed == 2);

	for (i = 0; i <= SPARE_COUNT; i++)
		piece[i] = take(SPARE_LEAST, &size);
	for (i = 0; i <= SPARE_COUNT; i++)
		spare_give(piece[i], SPARE_LEAST, 1);
	CHECK(freed == 3);
	spare_drop();
	CHECK(freed == 3 + SPARE_COUNT);
	spare_drop();
	CHECK(freed == 3 + SPARE_COUNT);
}

static void large_buffers_pass_on_their_pieces(void)
{
	static char bytes[SPARE_LEAST];
	struct buf one = BUF_INIT(4 * SPARE_LEAST), other = BUF_INIT(4 * SPARE_LEAST);
	size_t i, left = 0;
	char *piece;

	memset(bytes, 'x', sizeof(bytes));
	CHECK(!buf_add(&one, bytes, sizeof(bytes)) && !buf_add(&one, bytes, sizeof(bytes)));
	CHECK(one.len == 2 * sizeof(bytes) && one.data[0] == 'x' && one.data[one.len - 1] == 'x');
	piece = one.data;
	buf_clear(&one);
	CHECK(!buf_reserve(&other, SPARE_LEAST));
	CHECK(other.data == piece && other.cap == 4 * SPARE_LEAST);
	for (i = 0; i < 2 * sizeof(bytes); i++)
		left += other.data[i] != 0;
	CHECK(left == 0);
	buf_clear(&other);
	spare_drop();
}

static void *give_and_take(void *own)
{
	size_t size, i;
	int round;

	for (round = 0; round < 2000; round++) {
		char *piece = take(SPARE_LEAST, &size);

		memset(piece, *(char *)own, 64);
		sched_yield();
		for (i = 0; i < 64; i++)
			if (piece[i] != *(char *)own)
				return own;
		spare_give(piece, size, 64);
	}
	return NULL;
}

static void nobody_gets_what_another_has(void)
{
	static char own[] = "abcdefgh";
	pthread_t threads[8];
	void *wrong;
	size_t i;

	for (i = 0; i < COUNT(threads); i++)
		if (pthread_create(&threads[i], NULL, give_and_take, own + i))
			abort();
	for (i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &wrong);
		CHECK(!wrong);
	}
	spare_drop();
}

int main(void)
{
	RUN(an_empty_piece_is_taken_again);
	RUN(the_last_that_is_large_enough_is_taken);
	RUN(few_are_kept_and_none_of_which_much_was_used);
	RUN(large_buffers_pass_on_their_pieces);
	RUN(nobody_gets_what_another_has);
	return DONE();
}
