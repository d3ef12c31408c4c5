/* oyster-key, where the system or a library refuses something. */
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

int key_main(int argc, char **argv);
#define main key_main
#include "keys/oyster-key.c"	/* its parts are static */
#undef main

#define KEY	"key"

FAULT(int, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d))
FAULT(struct ecdsa *, ecdsa_new, (const uint8_t *secret), (secret))
FAULT(int, fflush, (FILE *file), (file))

static int kept;	/* keys and contexts that were not given back */

void __real_ecdsa_free(struct ecdsa *ecdsa);
void __wrap_ecdsa_free(struct ecdsa *ecdsa);
void __wrap_ecdsa_free(struct ecdsa *ecdsa)
{
	kept--;
	__real_ecdsa_free(ecdsa);
}

void __real_secret_free(const uint8_t *secret);
void __wrap_secret_free(const uint8_t *secret);
void __wrap_secret_free(const uint8_t *secret)
{
	kept--;
	__real_secret_free(secret);
}

static const char *fails;
static int error;
static long result;

/* Show the address; the exit status is the program's. */
static int show_address(void *arg)
{
	char name[] = "oyster-key", what[] = "address", path[] = KEY;
	char *argv[] = { name, what, path, NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;

	(void)arg;
	dup2(null, STDOUT_FILENO);
	fault_set(fails, 1, error, result);
	kept = 2;
	status = key_main(3, argv);
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != !strcmp(fails, "prctl"))
		return 6;
	return fault_came() && kept == 0 ? status : 7;
}

static void what_fails_is_told(void)
{
	static const struct {
		const char *name;
		int error;
		long result;
		int status;
		const char *says;
	} rows[] = {
		{ "prctl", EPERM, -1, EXIT_SUCCESS, "PR_SET_DUMPABLE: Operation not permitted\n" },
		{ "ecdsa_new", 0, 0, EXIT_FAILURE, "key file key: no public key could be worked out\n" },
		{ "fflush", ENOSPC, EOF, EXIT_FAILURE, "" },
	};
	char scratch[32];
	int back = enter_scratch(scratch);
	struct child child;
	size_t i;

	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	for (i = 0; i < COUNT(rows); i++) {
		fails = rows[i].name;
		error = rows[i].error;
		result = rows[i].result;
		child = run_child(show_address, NULL);
		CHECK_ROW(child.status == rows[i].status, fails);
		CHECK_ROW(strstr(child.said, rows[i].says), child.said);
		CHECK_ROW(lines_with(child.said, "") == (*rows[i].says != 0), child.said);
	}
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
}

int main(void)
{
	RUN(what_fails_is_told);
	return DONE();
}
