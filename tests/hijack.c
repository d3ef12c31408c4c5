/*
 * A library to be preloaded: it takes over a process of oyster-responder at
 * the moment when the sandbox closes.
 *
 * HIJACK=responder or HIJACK=signer: children with the very sandbox of that
 * process make every system call there may be and a few attempts besides, one
 * child each; what became of them is on stderr.
 * HIJACK=no-seccomp, HIJACK=no-landlock: the kernel lacks it.
 * HIJACK=names: the one name that there is, model.test, has the address in the
 * file $HIJACK_HOSTS, if that is there.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define NUMBERS		512	/* more than any kernel has */
#define X32		0x40000000L
#define SECONDS		5	/* for one attempt */

int seccomp_load(void *filter);

static int (*real_load)(void *);
static long (*real_syscall)(long, ...);

static bool is_named(const char *who)
{
	const char *name = getenv("HIJACK");

	return name && !strcmp(name, who);
}

long syscall(long number, ...)
{
	long arg[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == 444 && is_named("no-landlock")) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (!real_syscall)
		*(void **)&real_syscall = dlsym(RTLD_NEXT, "syscall");
	return real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	char address[64] = "";
	FILE *file = NULL;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!is_named("names"))
		return real(node, service, hints, result);
	if (!strcmp(node, "model.test"))
		file = fopen(getenv("HIJACK_HOSTS"), "r");
	if (!file)
		return EAI_NONAME;
	if (!fgets(address, sizeof(address), file))
		address[0] = '\0';
	fclose(file);
	address[strcspn(address, "\n")] = '\0';
	return real(address, service, hints, result);
}

/* The responder would give up a signer that is busy with trying. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (is_named("signer") && level == SOL_SOCKET && name == SO_RCVTIMEO)
		return 0;
	return (int)syscall(SYS_setsockopt, (long)fd, (long)level, (long)name, value, (long)len);
}

/* --- what is attempted: below 0 is an errno --- */

static long number_zeros(long number)
{
	return syscall(number, 0L, 0L, 0L, 0L, 0L, 0L);
}

static long number_ones(long number)
{
	return syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
}

/* The entry of 32-bit programs. */
static long number_32(long number)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80" : "=a"(result)
			 : "a"(number), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
#else
	return syscall(SYS_getppid + 0 * number);
#endif
}

static long dial(long port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP),
		       (struct sockaddr *)&to, sizeof(to));
}

/* A call whose arguments decide. */
static const struct attempt {
	const char *name;
	long number;
	long arg[6];
} attempts[] = {
	{ "openat", SYS_openat, { AT_FDCWD, (long)"/dev/null", O_RDWR } },
	{ "openat /", SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY | O_PATH } },
#ifdef SYS_open
	{ "open", SYS_open, { (long)"/etc/passwd", O_RDONLY } },
#endif
	{ "execve", SYS_execve, { (long)"/bin/true", 0, 0 } },
	{ "execveat", SYS_execveat, { AT_FDCWD, (long)"/bin/true", 0, 0, 0 } },
	{ "clone as fork does", SYS_clone, { SIGCHLD } },
	{ "clone of a namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD } },
	{ "clone3", SYS_clone3, { 0, 88 } },
	{ "socket unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socket netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "socket packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "socket vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 } },
	{ "socket udp", SYS_socket, { AF_INET, SOCK_DGRAM, 0 } },
	{ "socket udp6", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 } },
	{ "socket raw", SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP } },
	{ "socket mptcp", SYS_socket, { AF_INET, SOCK_STREAM, 262 } },
	{ "socket sctp", SYS_socket, { AF_INET, SOCK_STREAM, IPPROTO_SCTP } },
	{ "socketpair inet", SYS_socketpair, { AF_INET, SOCK_STREAM, 0, 0 } },
	{ "socketpair of datagrams", SYS_socketpair, { AF_UNIX, SOCK_DGRAM, 0, 0 } },
	{ "sendto fast open", SYS_sendto, { 0, 0, 0, MSG_FASTOPEN } },
	{ "sendmsg fast open", SYS_sendmsg, { 3, 0, MSG_FASTOPEN } },
	{ "setsockopt of a socket", SYS_setsockopt, { 0, SOL_SOCKET, SO_DEBUG } },
	{ "fcntl dup", SYS_fcntl, { 0, F_DUPFD, 0 } },
	{ "mmap code", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
	{ "mprotect code", SYS_mprotect, { 0, 4096, PROT_EXEC } },
	{ "kill all", SYS_kill, { -1, SIGTERM } },
	{ "kill init", SYS_kill, { 1, SIGKILL } },
	{ "kill parent", SYS_kill, { 0, SIGKILL } },
	{ "write to standard output", SYS_write, { STDOUT_FILENO, (long)"x", 0 } },
	{ "recvfrom elsewhere", SYS_recvfrom, { 0, 0, 0, 0 } },
	{ "ptrace", SYS_ptrace, { 0 } },
	{ "io_uring_setup", 425, { 0 } },
};

static long make(long i)
{
	const struct attempt *it = &attempts[i];

	return syscall(it->number, it->arg[0], it->arg[1], it->arg[2], it->arg[3],
		       it->arg[4], it->arg[5]);
}

/* --- a child for each, with the sandbox or before its last part --- */

static const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "done";

	return name ? name : "ended";
}

static const char *outcome(void *filter, long (*act)(long), long number)
{
	static char text[32];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(SECONDS);
		if (filter && real_load(filter))
			_exit(255);
		errno = 0;
		_exit(act(number) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return "no child";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		return error_name(WEXITSTATUS(status));
	return text;
}

static __attribute__((format(printf, 1, 2)))
void report(const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	dprintf(STDERR_FILENO, "hijack: %s\n", line);
}

/* Says which numbers do not end in SIGSYS, and how many do. */
static void sweep(void *filter, const char *what, long (*act)(long), long base)
{
	int number, killed = 0;
	const char *end;

	for (number = -1; number < NUMBERS; number++) {
		end = outcome(filter, act, number < 0 ? base - 1 : base + number);
		if (strcmp(end, "SIGSYS"))
			report("%s %d %s", what, number, end);
		else
			killed++;
	}
	report("%s killed %d", what, killed);
}

/* Without a descriptor to be had, only the last two tell of Landlock. */
static void try_paths(void)
{
	static const char *const paths[] = { "/", "/dev/null", "/etc/passwd", "/proc/self/mem", "." };
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		report("landlock open %s %s", paths[i],
		       error_name(open(paths[i], O_RDONLY) < 0 ? errno : 0));
	report("landlock make %s", error_name(mkdir("hijacked", 0700) ? errno : 0));
	report("landlock remove %s", error_name(unlink("key") ? errno : 0));
}

static void try_ports(void)
{
	long port = strtol(strrchr(getenv("OYSTER_UPSTREAM"), ':') + 1, NULL, 10);

	report("landlock connect there %s", outcome(NULL, dial, port));
	report("landlock connect elsewhere %s", outcome(NULL, dial, port ^ 1));
}

static void *taken_filter;
static const char *taken;

static void take_over(void)
{
	const char *who = taken;
	void *filter = taken_filter;
	struct rlimit core, files;
	size_t i;

	getrlimit(RLIMIT_CORE, &core);
	getrlimit(RLIMIT_NOFILE, &files);
	report("%s dumpable %d no_new_privs %d core %ld files %ld", who,
	       prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       (long)core.rlim_max, (long)files.rlim_max);
	try_paths();
	try_ports();
	sweep(filter, "zeros", number_zeros, 0);
	sweep(filter, "ones", number_ones, 0);
	sweep(filter, "x32", number_zeros, X32);
	if (!strcmp(outcome(NULL, number_32, 20), "done"))
		sweep(filter, "i386", number_32, 0);
	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		report("attempt %s: %s", attempts[i].name, outcome(filter, make, (long)i));
	report("end");
}

/* The signer's own stack would be shared with children. */
static void take_over_elsewhere(void *filter, const char *who)
{
	static char stack[1 << 18];
	ucontext_t here, there;

	taken_filter = filter;
	taken = who;
	getcontext(&there);
	there.uc_link = &here;
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	makecontext(&there, take_over, 0);
	swapcontext(&here, &there);
}

int seccomp_load(void *filter)
{
	char name[16];
	const char *who;

	if (is_named("no-seccomp"))
		return -EINVAL;
	*(void **)&real_load = dlsym(RTLD_NEXT, "seccomp_load");
	prctl(PR_GET_NAME, name);
	who = strcmp(name, "oyster-signer") ? "responder" : "signer";
	if (is_named(who))
		take_over_elsewhere(filter, who);
	return real_load(filter);
}
