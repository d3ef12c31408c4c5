/* What a function leaves on its stack, and what becomes of it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fcgi/wipe.h"
#include "tests/unit/tap.h"

#define DEEP	12288	/* bytes, less than what is wiped */
#define MARK	0x5a

static __attribute__((noinline)) void dive(void)
{
	volatile uint8_t used[DEEP];
	size_t i;

	for (i = 0; i < sizeof(used); i++)
		used[i] = MARK;
}

/* Marks that lie between so many bytes below the caller's frame. */
static __attribute__((noinline)) size_t marks(size_t from, size_t to)
{
	const volatile uint8_t *here = __builtin_frame_address(0);
	size_t i, count = 0;

	for (i = from; i < to; i++)
		count += here[-(ptrdiff_t)i] == MARK;
	return count;
}

static void what_was_below_is_overwritten(void)
{
	dive();
	CHECK(marks(512, DEEP - 512) == DEEP - 1024);
	wipe_stack();
	CHECK(marks(512, DEEP) == 0);
}

/* Up to a page may stay: the one in which the caller is. */
static void pages_below_are_given_back_and_what_is_above_stays(void)
{
	uint8_t above[DEEP];
	size_t i, kept = 0;

	memset(above, MARK, sizeof(above));
	dive();
	CHECK(marks(512, DEEP - 512) == DEEP - 1024);
	wipe_give_stack();
	CHECK(marks(4096 + 1024, DEEP) == 0);
	for (i = 0; i < sizeof(above); i++)
		kept += ((volatile uint8_t *)above)[i] == MARK;
	CHECK(kept == sizeof(above));
	wipe_give_stack();
	dive();
	CHECK(marks(512, DEEP - 512) == DEEP - 1024);
}

int main(void)
{
#ifdef OYSTER_SANITIZED
	return SKIP_ALL("sanitizers use the stack, too");
#endif
	RUN(what_was_below_is_overwritten);
	RUN(pages_below_are_given_back_and_what_is_above_stays);
	return DONE();
}
