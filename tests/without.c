/*
 * without: a kernel that lacks system calls.
 *
 *   without NUMBER[,NUMBER...] COMMAND...
 *
 * To the command and to all that it starts, each of them is one that the
 * kernel does not know (ENOSYS).
 */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CALLS_MAX	16

static const struct sock_filter
	load = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

int main(int argc, char **argv)
{
	struct sock_filter filter[2 * CALLS_MAX + 2] = { load };
	struct sock_fprog program = { 1, filter };
	char *at = argv[1];
	int calls = 0;

	for (; argc > 2 && *at; at += *at == ',') {
		unsigned long number = strtoul(at, &at, 10);

		if ((*at && *at != ',') || ++calls > CALLS_MAX)
			errx(EXIT_FAILURE, "not a list of system calls");
		filter[program.len++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
		filter[program.len++] = refuse;
	}
	if (calls == 0)
		errx(EXIT_FAILURE, "usage: without NUMBER[,NUMBER...] COMMAND...");
	filter[program.len++] = allow;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(EXIT_FAILURE, "seccomp");
	execvp(argv[2], argv + 2);
	err(EXIT_FAILURE, "%s", argv[2]);
}
