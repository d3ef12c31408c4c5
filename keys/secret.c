/* Memory and files for the secret key; see secret.h. */
#include "secret.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "ecdsa.h"

#define PAGE	4096	/* bytes mapped; the key uses the first SECRET_LEN */
#define STACK	(11 * PAGE)	/* with its guard and the key's page less than 64 KB, an old limit */

static uint8_t *map_secret(size_t size)
{
	long fd = syscall(SYS_memfd_secret, O_CLOEXEC);
	void *bytes = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!ftruncate((int)fd, (off_t)size))
		bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     (int)fd, 0);
	close((int)fd);
	return bytes == MAP_FAILED ? NULL : bytes;
}

static uint8_t *map_locked(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		warn("memory for the key");
		return NULL;
	}
	warnx("no memfd_secret here: the key is in a locked page instead");
	if (mlock(page, PAGE))
		warn("cannot lock the key's page");
	if (madvise(page, PAGE, MADV_DONTDUMP))
		warn("cannot keep the key's page out of core dumps");
	return page;
}

static uint8_t *secret_new(void)
{
	uint8_t *secret = map_secret(PAGE);

	if (!secret)
		secret = map_locked();
	if (secret && madvise(secret, PAGE, MADV_DONTFORK))
		warn("cannot keep the key's page from children");
	return secret;
}

/* Read all of the open file at path into secret. */
static bool fill(uint8_t *secret, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st)) {
		warn("key file %s", path);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		warnx("key file %s: not a regular file", path);
		return false;
	}
	if (st.st_size != SECRET_LEN) {
		warnx("key file %s: %lld bytes, not the %d of a raw key", path,
		      (long long)st.st_size, SECRET_LEN);
		return false;
	}
	if (read(fd, secret, SECRET_LEN) != SECRET_LEN) {
		warnx("key file %s: cannot be read whole", path);
		return false;
	}
	if (!ecdsa_valid(secret)) {
		warnx("key file %s: not a key of secp256k1: "
		      "zero, or not below the order of the curve", path);
		return false;
	}
	return true;
}

const uint8_t *secret_read(const char *path)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t *secret;

	if (fd < 0) {
		warn("key file %s", path);
		return NULL;
	}
	secret = secret_new();
	if (secret && !fill(secret, fd, path)) {
		secret_free(secret);
		secret = NULL;
	}
	close(fd);
	return secret;
}

/* What makecontext() cannot pass on. */
static struct {
	void (*job)(const void *arg);
	const void *arg;
} on_stack;

static void run_on_stack(void)
{
	on_stack.job(on_stack.arg);
}

/* Above a guard: nothing may grow out of it.  NULL where it cannot be had. */
static uint8_t *stack_new(size_t guard)
{
#ifdef OYSTER_SANITIZED	/* sanitizers want to know every stack */
	(void)guard;
	return NULL;
#else
	uint8_t *stack = map_secret(guard + STACK);

	if (stack && mprotect(stack, guard, PROT_NONE)) {
		munmap(stack, guard + STACK);
		stack = NULL;
	}
	if (!stack && errno != ENOSYS)	/* of which secret_read has a word to say */
		warn("no secret memory for the stack, so root can look into it");
	return stack;
#endif
}

void secret_run(void (*job)(const void *arg), const void *arg)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *stack = stack_new(guard);
	ucontext_t context;

	on_stack.job = job;
	on_stack.arg = arg;
	if (stack && !getcontext(&context)) {
		context.uc_link = NULL;
		context.uc_stack.ss_sp = stack + guard;
		context.uc_stack.ss_size = STACK;
		makecontext(&context, run_on_stack, 0);
		setcontext(&context);
	}
	run_on_stack();
	abort();
}

static bool write_file(const char *path, const uint8_t *secret)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0) {
		warn("key file %s", path);
		return false;
	}
	ok = write(fd, secret, SECRET_LEN) == SECRET_LEN && !fsync(fd);
	ok = !close(fd) && ok;
	if (!ok) {
		warn("key file %s", path);
		unlink(path);
	}
	return ok;
}

bool secret_create(const char *path)
{
	uint8_t *secret = secret_new();
	bool ok;

	if (!secret)
		return false;
	do
		ok = getrandom(secret, SECRET_LEN, 0) == SECRET_LEN;
	while (ok && !ecdsa_valid(secret));

	if (!ok)
		warn("random numbers");
	else
		ok = write_file(path, secret);
	secret_free(secret);
	return ok;
}

void secret_free(const uint8_t *secret)
{
	uint8_t *page = (uint8_t *)(uintptr_t)secret;

	if (!page)
		return;
	explicit_bzero(page, SECRET_LEN);
	munmap(page, PAGE);
}
