/* seccomp, Landlock and limits; see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

/*
 * linux/landlock.h, of which Debian 12 has a part.  The numbers are the same
 * on all machines.
 */
#define LANDLOCK_CREATE		444
#define LANDLOCK_ADD_RULE	445
#define LANDLOCK_RESTRICT_SELF	446
#define LANDLOCK_VERSION	1u	/* asks for the ABI */
#define LANDLOCK_NET_PORT	2
#define NET_CONNECT_TCP		2u
#define ABI_MAX			7	/* what follows is known up to it */
#define ABI_NET			4	/* the first that holds ports */

struct landlock_ruleset {
	uint64_t files;		/* what is denied unless a rule allows it */
	uint64_t net;
	uint64_t scoped;
};

struct landlock_net_port {
	uint64_t access;
	uint64_t port;
};

/* One write: others write to stderr, too, and stdio would want more calls. */
static __attribute__((format(printf, 2, 3)))
void say(const struct sandbox *sandbox, const char *format, ...)
{
	char line[256];
	size_t len = (size_t)snprintf(line, sizeof(line) / 2,
				      "oyster-responder: sandbox of the %s: ",
				      sandbox->who);
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	len = strlen(line);
	line[len++] = '\n';
	while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
		;
}

static bool speaks(const struct sandbox *sandbox)
{
	return !(sandbox->flags & SANDBOX_QUIET) ||
	       sandbox->flags & SANDBOX_REQUIRED;
}

#ifdef OYSTER_SANITIZED		/* sanitizers open files and start processes */
static bool shut_in(const struct sandbox *sandbox)
{
	if (speaks(sandbox))
		say(sandbox, "none in a build with sanitizers");
	return false;
}
#else
/* What each ABI handles, all of it. */
static const struct landlock_ruleset handled[ABI_MAX + 1] = {
	[1] = { 0x1fff, 0, 0 },
	[2] = { 0x3fff, 0, 0 },		/* moving between directories */
	[3] = { 0x7fff, 0, 0 },		/* truncate */
	[4] = { 0x7fff, 3, 0 },		/* TCP: bind, connect */
	[5] = { 0xffff, 3, 0 },		/* ioctl on devices */
	[6] = { 0xffff, 3, 1 },		/* abstract Unix sockets */
	[7] = { 0xffff, 3, 1 },
};

static bool lacks(const struct sandbox *sandbox, const char *what, int error)
{
	if (speaks(sandbox))
		say(sandbox, "no %s: %s", what, strerror(error));
	return false;
}

static bool add_call(scmp_filter_ctx filter, const struct sandbox_call *call)
{
	int number = seccomp_syscall_resolve_name(call->name);
	uint32_t action = call->error ? SCMP_ACT_ERRNO((uint16_t)call->error) :
					SCMP_ACT_ALLOW;
	struct scmp_arg_cmp held[SANDBOX_ARGS];
	unsigned int count = 0;
	int i;

	if (number < 0)		/* of other machines */
		return true;
	for (i = 0; i < SANDBOX_ARGS; i++)
		if (call->arg[i].mask)
			held[count++] = SCMP_CMP64(call->arg[i].index,
						   SCMP_CMP_MASKED_EQ,
						   call->arg[i].mask,
						   call->arg[i].value);
	errno = -seccomp_rule_add_array(filter, action, number, count, held);
	return !errno;
}

/* As a tree: who makes a call does not pay for the length of the list. */
static bool set_filter(const struct sandbox *sandbox)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = filter;
	size_t i;

	errno = ENOMEM;
	ok = ok && !(errno = -seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
					       SCMP_ACT_KILL_PROCESS)) &&
	     !(errno = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2));
	for (i = 0; ok && i < sandbox->count; i++)
		ok = add_call(filter, &sandbox->calls[i]);
	ok = ok && !(errno = -seccomp_load(filter));
	if (!ok)
		lacks(sandbox, "seccomp", errno);
	seccomp_release(filter);
	return ok;
}

static bool restrict_self(const struct sandbox *sandbox, int abi)
{
	const struct landlock_net_port rule = { NET_CONNECT_TCP, sandbox->port };
	const struct landlock_ruleset *rules = &handled[abi < ABI_MAX ? abi : ABI_MAX];
	/* A kernel refuses a longer struct only if it has something to say. */
	int fd = (int)syscall(LANDLOCK_CREATE, rules, sizeof(*rules), 0);
	bool ok;

	if (fd < 0)
		return false;
	ok = (!rules->net || !sandbox->port ||
	      !syscall(LANDLOCK_ADD_RULE, fd, LANDLOCK_NET_PORT, &rule, 0)) &&
	     !syscall(LANDLOCK_RESTRICT_SELF, fd, 0);
	close(fd);
	return ok;
}

/* Returns: the ABI that is in force, 0 if it does not hold all that it should */
static int set_landlock(const struct sandbox *sandbox)
{
	int abi = (int)syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);

	if (abi < 1 || !restrict_self(sandbox, abi)) {
		lacks(sandbox, "Landlock", errno);
		return 0;
	}
	if (sandbox->port && abi < ABI_NET) {
		lacks(sandbox, "Landlock for ports (Linux 6.7)", ENOSYS);
		return 0;
	}
	return abi;
}

/* Nothing is gained by an exec, no core is left, nobody else looks in. */
static bool set_process(const struct sandbox *sandbox)
{
	static const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return lacks(sandbox, "no_new_privs", errno);
	if (prctl(PR_SET_DUMPABLE, 0))
		return lacks(sandbox, "PR_SET_DUMPABLE", errno);
	if (setrlimit(RLIMIT_CORE, &none))
		return lacks(sandbox, "RLIMIT_CORE", errno);
	return true;
}

static bool set_files(const struct sandbox *sandbox)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return lacks(sandbox, "RLIMIT_NOFILE", errno);
	if (files.rlim_max > sandbox->files)
		files.rlim_max = sandbox->files;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		return lacks(sandbox, "RLIMIT_NOFILE", errno);
	return true;
}

/* Each takes away what those before it need. */
static bool shut_in(const struct sandbox *sandbox)
{
	bool ok = set_process(sandbox);
	int abi = set_landlock(sandbox);

	ok = set_files(sandbox) && ok && abi;
	ok = set_filter(sandbox) && ok;
	if (ok && !(sandbox->flags & SANDBOX_QUIET))
		say(sandbox, "seccomp, Landlock (ABI %d), no_new_privs, no cores",
		    abi);
	return ok;
}
#endif

bool sandbox_enter(const struct sandbox *sandbox)
{
	if (sandbox->flags & SANDBOX_OFF) {
		if (speaks(sandbox))
			say(sandbox, "off");
		return true;
	}
	if (shut_in(sandbox) || !(sandbox->flags & SANDBOX_REQUIRED))
		return true;
	say(sandbox, "required, so nothing is started");
	return false;
}
