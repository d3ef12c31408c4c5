/* The stack of secret memory that a job runs on, and the usual one where it cannot be had. */
#include <sys/syscall.h>
#include <ucontext.h>

#include "keys/secret.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(long, syscall, (long number, long a, long b, long c, long d, long e), (number, a, b, c, d, e))
FAULT(int, mprotect, (void *at, size_t len, int prot), (at, len, prot))
FAULT(int, getcontext, (ucontext_t *context), (context))

/* Memory of the kind that only keys and stacks of their own are in. */
static bool has_secret_memory(void)
{
	char text[32768];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return true;
	read_all(fd, text, sizeof(text));
	close(fd);
	return strstr(text, "secretmem");
}

static bool is_usual(const void *place)
{
	char here;

	return (uintptr_t)place - (uintptr_t)&here < 65536;
}

/* It must not return, and tells by its status on which stack it is. */
static void job(const void *arg)
{
	if (!is_usual(arg))
		_exit(8);
	_exit(has_secret_memory() ? 9 : 7);
}

struct order {
	const void *place;	/* on the usual stack */
	size_t depth;
};

/* Look at so many bytes of the stack, as far as it has them. */
static void dig(const void *arg)
{
	const struct order *order = arg;
	volatile uint8_t here = 0;
	size_t i;

	if (is_usual(order->place))
		_exit(7);
	for (i = 0; i < order->depth; i += 1024)
		(void)*(volatile uint8_t *)((uintptr_t)&here - i);
	_exit(8);
}

static int run_and_dig(void *depth)
{
	char here = 0;
	const struct order order = { &here, *(size_t *)depth };

	secret_run(dig, &order);
}

static bool kernel_has_it(void)
{
#ifdef OYSTER_SANITIZED	/* sanitizers want to know every stack */
	return false;
#else
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	close(fd);
	return fd >= 0;
#endif
}

static void a_stack_of_its_own_has_room_and_an_end(void)
{
	size_t room = 40000, too_much = 49152;
	struct child child = run_child(run_and_dig, &room);

	CHECK(child.status == (kernel_has_it() ? 8 : 7));
	if (child.status == 8)
		CHECK(!*child.said && run_child(run_and_dig, &too_much).status == -1);
}

static void returns(const void *arg)
{
	(void)arg;
}

static int run_on_usual_stack(void *name)
{
	char here = 0;

	fault_set(name, 1, ENOMEM, -1);
	secret_run(job, &here);
}

static int run_what_returns(void *arg)
{
	fault_set("syscall", 1, ENOSYS, -1);
	secret_run(returns, arg);
}

static void without_a_stack_of_its_own_a_job_has_the_usual_one(void)
{
	char names[][16] = { "syscall", "mprotect" };
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		child = run_child(run_on_usual_stack, names[i]);
		CHECK_ROW(child.status == 7, names[i]);
#ifndef OYSTER_SANITIZED	/* which has none anyway */
		CHECK_ROW(lines_with(child.said, "") == 1 && strstr(child.said, "no secret memory for the stack, so root can look into it: "), child.said);
#endif
	}
	child = run_child(run_what_returns, NULL);	/* of a kernel without, the key tells */
	CHECK(child.status == -1 && !strstr(child.said, "secret memory"));
}

static int run_without_context(void *arg)
{
	char here = 0;

	(void)arg;
	fault_set("getcontext", 1, ENOMEM, -1);
	secret_run(job, &here);
}

static void without_a_context_a_job_has_the_usual_one(void)
{
	struct child child = run_child(run_without_context, NULL);

	CHECK(child.status == 7 || child.status == 9);	/* the memory is there, and not used */
	CHECK_ROW(!strstr(child.said, "no secret memory"), child.said);
}

int main(void)
{
	RUN(a_stack_of_its_own_has_room_and_an_end);
	RUN(without_a_stack_of_its_own_a_job_has_the_usual_one);
	RUN(without_a_context_a_job_has_the_usual_one);
	return DONE();
}
