/* Memory that was used is wiped; see wipe.h. */
#include "wipe.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define STACK_USED	16384	/* bytes of stack, more than what handles texts takes */
#define STACK_NEXT	256	/* more than wipe_give_stack and a system call's wrapper take */

#ifdef __x86_64__
/* The vector registers, which memcpy() leaves full, become what they are at first. */
static __attribute__((noinline, target("xsave"))) void wipe_registers(void)
{
	static const struct {
		uint8_t legacy[24];
		uint32_t mxcsr;
		uint8_t more[36 + 448 + 64];	/* zeros: nothing was saved */
	} first __attribute__((aligned(64))) = { .mxcsr = 0x1f80 };

	if (__builtin_cpu_supports("avx"))	/* else there may be no xrstor */
		_xrstor64((void *)(uintptr_t)&first, 0xe6);	/* SSE, AVX, AVX-512 */
}
#elif defined(__aarch64__)
/* All but v8 to v15, which belong to the callers. */
static __attribute__((noinline)) void wipe_registers(void)
{
	__asm__ volatile(
		"movi v0.16b, #0; movi v1.16b, #0; movi v2.16b, #0; movi v3.16b, #0; "
		"movi v4.16b, #0; movi v5.16b, #0; movi v6.16b, #0; movi v7.16b, #0; "
		"movi v16.16b, #0; movi v17.16b, #0; movi v18.16b, #0; movi v19.16b, #0; "
		"movi v20.16b, #0; movi v21.16b, #0; movi v22.16b, #0; movi v23.16b, #0; "
		"movi v24.16b, #0; movi v25.16b, #0; movi v26.16b, #0; movi v27.16b, #0; "
		"movi v28.16b, #0; movi v29.16b, #0; movi v30.16b, #0; movi v31.16b, #0; "
		::: "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
		    "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
		    "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}
#else
static void wipe_registers(void)
{
}
#endif

static __attribute__((noinline)) void wipe_frames(void)
{
	char used[STACK_USED];

	explicit_bzero(used, sizeof(used));
}

void wipe_stack(void)
{
	wipe_frames();
	wipe_registers();
}

__attribute__((noinline)) void wipe_give_stack(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *here = __builtin_frame_address(0);
	char *end = here - STACK_NEXT;

	end -= (uintptr_t)end % page;
	madvise(end - STACK_USED, STACK_USED, MADV_DONTNEED);
}

#ifndef OYSTER_SANITIZED	/* sanitizers have a free() of their own */

/*
 * A static executable has no place for a second free(): there the linker is
 * asked, by --wrap=free,--wrap=realloc, to lead all calls here.
 */
#ifdef WIPE_STATIC
#define free		__wrap_free
#define realloc		__wrap_realloc
#define __libc_free	__real_free
void free(void *bytes);
void *realloc(void *old, size_t size);
#endif

void __libc_free(void *bytes);	/* glibc's, whoever else has a free() */

/* glibc unmaps such a piece as it is freed: nobody gets its pages as they are. */
static bool is_mapped(const void *bytes)
{
	return ((const size_t *)bytes)[-1] & 2;		/* IS_MMAPPED */
}

void free(void *bytes)
{
	if (bytes && !is_mapped(bytes))
		explicit_bzero(bytes, malloc_usable_size(bytes));
	__libc_free(bytes);
}

void *realloc(void *old, size_t size)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	void *bytes;

	if (old && size == 0) {
		free(old);
		return NULL;
	}
	if (old && size <= had)
		return old;
	bytes = malloc(size);
	if (bytes && old) {
		memcpy(bytes, old, had);
		free(old);
	}
	return bytes;
}

#endif
