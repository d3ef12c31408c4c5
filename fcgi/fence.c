/* The system calls of a responder; see fence.h. */
#include "fence.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "keys/sandbox.h"

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))
#define INT		SANDBOX_INT
#define STREAM_FLAGS	((unsigned int)(SOCK_CLOEXEC | SOCK_NONBLOCK))

/* A thread as the C library makes it: nothing that would be a process. */
#define THREAD		(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
			 CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | \
			 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define DETACHED	0x00400000u	/* without effect; musl sets it */

/* Some machines have poll as a system call, others ppoll alone. */
#ifdef SYS_poll
#define POLL		"poll"
#else
#define POLL		"ppoll"
#endif

static const struct sandbox_call needed[] = {
	/* the web server's connections: libfcgi, and the look whether one is gone */
	{ "accept", { { 0 } }, 0 },
	{ POLL, { { 0 } }, 0 },
	{ "read", { { 0 } }, 0 },
	{ "write", { { 0 } }, 0 },		/* and lines of the log */
	{ "recvfrom", { { 0 } }, 0 },
	{ "shutdown", { { 0 } }, 0 },
	{ "close", { { 0 } }, 0 },

	/* questions to the signer.  With MSG_FASTOPEN one could connect to anybody. */
	{ "sendmsg", { { 2, MSG_FASTOPEN, 0 } }, 0 },

	/* the model server: libcurl */
	{ "socket", { { 0, INT, AF_INET }, { 1, INT & ~STREAM_FLAGS, SOCK_STREAM },
		      { 2, INT & ~(unsigned int)IPPROTO_TCP, 0 } }, 0 },
	{ "socket", { { 0, INT, AF_INET6 }, { 1, INT & ~STREAM_FLAGS, SOCK_STREAM },
		      { 2, INT & ~(unsigned int)IPPROTO_TCP, 0 } }, 0 },
	{ "socket", { { 0, INT, AF_INET6 }, { 1, INT & ~STREAM_FLAGS, SOCK_DGRAM } },
	  EAFNOSUPPORT },			/* asks whether there is IPv6 */
	{ "connect", { { 0 } }, 0 },
	{ "sendto", { { 3, MSG_FASTOPEN, 0 } }, 0 },
	{ "getsockopt", { { 0 } }, 0 },		/* whether it has connected */
	{ "setsockopt", { { 1, INT, IPPROTO_TCP }, { 2, INT, TCP_NODELAY } }, 0 },
	{ "getsockname", { { 0 } }, 0 },
	{ "getpeername", { { 0 } }, 0 },
	{ "fcntl", { { 1, INT, F_GETFL } }, 0 },
	{ "fcntl", { { 1, INT, F_SETFL } }, 0 },	/* O_NONBLOCK */
	/* with which a handle is woken; one of datagrams could send to any path */
	{ "socketpair", { { 0, INT, AF_UNIX }, { 1, INT & ~STREAM_FLAGS, SOCK_STREAM } }, 0 },
	{ "eventfd2", { { 0 } }, 0 },		/* the same since libcurl 8.9 */

	/* memory, of which none becomes code */
	{ "brk", { { 0 } }, 0 },
	{ "mmap", { { 2, PROT_EXEC, 0 } }, 0 },
	{ "mprotect", { { 2, PROT_EXEC, 0 } }, 0 },
	{ "mremap", { { 0 } }, 0 },
	{ "munmap", { { 0 } }, 0 },
	{ "madvise", { { 0 } }, 0 },
	/* malloc asks /proc/sys/vm/overcommit_memory before it gives some back */
	{ "openat", { { 0 } }, EACCES },

	/* threads, of which none becomes a process */
	{ "clone", { { 0, INT & ~DETACHED, THREAD } }, 0 },
	{ "clone3", { { 0 } }, ENOSYS },	/* its flags cannot be looked at */
	{ "set_robust_list", { { 0 } }, 0 },
	{ "rseq", { { 0 } }, 0 },
	{ "rt_sigprocmask", { { 0 } }, 0 },
	{ "futex", { { 0 } }, 0 },
	{ "exit", { { 0 } }, 0 },

	/* the time, where it cannot be read without a call */
	{ "clock_gettime", { { 0 } }, 0 },
	{ "time", { { 0 } }, 0 },

	/* to wait, also on after SIGCONT; to end, and the signer too */
	{ "rt_sigtimedwait", { { 0 } }, 0 },
	{ "restart_syscall", { { 0 } }, 0 },
	{ "rt_sigaction", { { 0 } }, 0 },	/* libcurl around SIGPIPE */
	{ "kill", { { 0, INT, 0 /* the signer */ }, { 1, INT, SIGKILL } }, 0 },
	{ "wait4", { { 0 } }, 0 },
	{ "exit_group", { { 0 } }, 0 },
};

/* The one process that may be ended has a number by now. */
static void name_signer(struct sandbox_call *calls, const struct signer *signer)
{
	while (strcmp(calls->name, "kill"))
		calls++;
	calls->arg[0].value = (uint32_t)signer_pid(signer);
}

bool fence_close(const struct config *config, const struct signer *signer,
		 unsigned int flags)
{
	struct sandbox_call calls[COUNT(needed)];
	const struct sandbox sandbox = {
		.who = "responder", .flags = flags,
		.calls = calls, .count = COUNT(needed),
		.port = (uint16_t)strtol(strrchr(config->upstream, ':') + 1, NULL, 10),
		.files = (unsigned long)config_files(config),
	};

	memcpy(calls, needed, sizeof(calls));
	name_signer(calls, signer);
	return sandbox_enter(&sandbox);
}
