/* How a signer ends that is asked nothing more: what it gives back, and its status. */
#include "keys/oracle.h"
#include "keys/secret.h"
#include "tests/unit/faults.h"
#include "tests/unit/started.h"

FAULT(bool, oracle_serve, (int socket, const struct ecdsa *ecdsa), (socket, ecdsa))

/* On stderr, where its sandbox lets it write. */
static void tell(const char *what)
{
	if (write(STDERR_FILENO, what, strlen(what)) < 0)
		_exit(255);
}

void __real_ecdsa_free(struct ecdsa *ecdsa);
void __wrap_ecdsa_free(struct ecdsa *ecdsa);
void __wrap_ecdsa_free(struct ecdsa *ecdsa)
{
	tell(ecdsa ? "context " : "no context ");
	__real_ecdsa_free(ecdsa);
}

void __real_secret_free(const uint8_t *secret);
void __wrap_secret_free(const uint8_t *secret);
void __wrap_secret_free(const uint8_t *secret)
{
	tell(secret ? "key\n" : "no key\n");
	__real_secret_free(secret);
}

static int ended = -1;	/* its status */

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	int mine = -1;

	pid = __real_waitpid(pid, &mine, options);
	ended = WIFEXITED(mine) ? WEXITSTATUS(mine) : -1;
	if (status)
		*status = mine;
	return pid;
}

/* The signer's exit status; it has served already when it is first asked. */
static int start_served(void *well)
{
	fault_set("oracle_serve", 1, 0, *(bool *)well);
	if (signer_start(KEY, SANDBOX_QUIET))
		return 7;
	return ended;
}

static struct child serve(bool well, size_t len)
{
	struct child child;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), len));
	child = run_child(start_served, &well);
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
	return child;
}

static void it_gives_back_the_key_and_ends_well(void)
{
	struct child child = serve(true, ECDSA_SECRET_LEN);

	CHECK(child.status == EXIT_SUCCESS);
	CHECK_ROW(lines_with(child.said, "context key") == 1, child.said);
}

static void after_what_is_no_question_it_ends_badly(void)
{
	struct child child = serve(false, ECDSA_SECRET_LEN);

	CHECK(child.status == EXIT_FAILURE);
	CHECK_ROW(lines_with(child.said, "context key") == 1, child.said);
}

static void without_a_key_it_ends_badly(void)
{
	struct child child = serve(true, ECDSA_SECRET_LEN - 1);

	CHECK(child.status == EXIT_FAILURE);
	CHECK_ROW(lines_with(child.said, "no key") == 1 && !strstr(child.said, "context"), child.said);
}

int main(void)
{
	RUN(it_gives_back_the_key_and_ends_well);
	RUN(after_what_is_no_question_it_ends_badly);
	RUN(without_a_key_it_ends_badly);
	return DONE();
}
