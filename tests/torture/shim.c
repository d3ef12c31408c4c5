/*
 * shim.c - allocations that fail when told to, and a wall clock that is wrong:
 * to be preloaded into the responder.
 *
 * OYSTER_SHIM names a file with a struct shim, which whoever plays tricks maps,
 * too.  Nothing fails before it says so.  What libfcgi allocates is counted
 * by itself, since it does not look whether it got any.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LARGE	131072	/* bytes; fcgi/spare.h */

enum { NOBODY, OURS, LIBFCGI };		/* whose allocations fail */

/* All are 64 bits; tests/torture/shim.py knows their order. */
struct shim {
	_Atomic int64_t whose;		/* NOBODY: nothing is counted */
	_Atomic int64_t count;		/* allocations since it was set to 0 */
	_Atomic int64_t at;		/* which of them fails, from 1 */
	_Atomic int64_t for_ever;	/* those behind it, too */
	_Atomic int64_t failed;		/* how many did */
	_Atomic int64_t live;		/* bytes that are allocated in small pieces */
	_Atomic int64_t large;		/* large pieces that are */
	_Atomic int64_t trims;		/* calls of malloc_trim */
	_Atomic int64_t skew;		/* seconds that the wall clock is ahead */
	_Atomic int64_t caller;		/* whose allocation failed last: offset in the object ... */
	char object[56];		/* ... of this name */
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static struct shim nothing, *shim = &nothing, *clocks = &nothing;
static uintptr_t fcgi_from, fcgi_to;

static int find_fcgi(struct dl_phdr_info *info, size_t size, void *arg)
{
	int i;

	(void)size, (void)arg;
	if (!strstr(info->dlpi_name, "libfcgi"))
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_flags & PF_X) {
			fcgi_from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			fcgi_to = fcgi_from + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

/* The signer is a fork of the responder: it has its clock, and memory of its own. */
static void forget(void)
{
	shim = &nothing;
}

__attribute__((constructor)) static void attach(void)
{
	const char *path = getenv("OYSTER_SHIM");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(struct shim), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	dl_iterate_phdr(find_fcgi, NULL);
	pthread_atfork(NULL, NULL, forget);
	shim = clocks = map;
}

static void note(uintptr_t caller)
{
	Dl_info info;
	const char *name;

	if (!dladdr((void *)caller, &info) || !info.dli_fname)
		return;
	name = strrchr(info.dli_fname, '/');
	strncpy(shim->object, name ? name + 1 : info.dli_fname, sizeof(shim->object) - 1);
	shim->caller = (int64_t)(caller - (uintptr_t)info.dli_fbase);
}

static bool fails(const void *from)
{
	uintptr_t caller = (uintptr_t)from;
	int64_t whose = caller >= fcgi_from && caller < fcgi_to ? LIBFCGI : OURS;
	int64_t number;

	if (shim->whose != whose)
		return false;
	number = ++shim->count;
	if (number < shim->at || (number > shim->at && !shim->for_ever))
		return false;
	if (shim->failed++ == 0)
		note(caller);
	errno = ENOMEM;
	return true;
}

/* A piece comes, 1, or goes, -1. */
static void count(int64_t size, int sign)
{
	if (size < LARGE)
		shim->live += sign * size;
	else
		shim->large += sign;
}

static void *counted(void *got)
{
	if (got)
		count((int64_t)malloc_usable_size(got), 1);
	return got;
}

void *malloc(size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	int64_t had = old ? (int64_t)malloc_usable_size(old) : 0;
	void *got;

	if (fails(__builtin_return_address(0)))
		return NULL;
	got = __libc_realloc(old, size);
	if (old && (got || size == 0))
		count(had, -1);
	return counted(got);
}

/* The responder's own free() ends in this one. */
void __libc_free(void *old)
{
	static void (*real)(void *);
	int saved = errno;

	if (!real)
		real = (void (*)(void *))(uintptr_t)dlsym(RTLD_NEXT, "__libc_free");
	if (old)
		count((int64_t)malloc_usable_size(old), -1);
	real(old);
	errno = saved;
}

void free(void *old)
{
	__libc_free(old);
}

int malloc_trim(size_t pad)
{
	static int (*real)(size_t);

	if (!real)
		real = (int (*)(size_t))(uintptr_t)dlsym(RTLD_NEXT, "malloc_trim");
	shim->trims++;
	return real ? real(pad) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int code;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))(uintptr_t)dlsym(RTLD_NEXT, "clock_gettime");
	code = real(clock, now);
	if (!code && clock == CLOCK_REALTIME)
		now->tv_sec += clocks->skew;
	return code;
}

/* lighttpd's clock. */
time_t time(time_t *out)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
