/*
 * Where the key is while signatures are made: not in the asking process, and
 * in the signer's only in memory that not even root can look into, or in one
 * page where the kernel has no such memory.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "keys/signer.h"
#include "tests/unit/bytes.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define KEY	"key"
#define KEY_LEN	32	/* bytes */
#define SEARCHES	60

/* The key is never whole in this program: byte i is this xor 0x5a. */
static uint8_t masked(size_t i)
{
	return (uint8_t)(0xc3 ^ (i * 41 + 7));
}

static bool write_masked(void)
{
	int fd = open(KEY, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	volatile uint8_t byte;
	bool ok = fd >= 0;
	size_t i;

	for (i = 0; ok && i < KEY_LEN; i++) {
		byte = masked(i) ^ 0x5a;
		ok = write(fd, (const void *)(uintptr_t)&byte, 1) == 1;
	}
	close(fd);
	return ok;
}

/* From the first byte to the last, or (as four 64-bit limbs lie) back. */
static bool is_key_at(const uint8_t *at, bool reversed)
{
	size_t i;

	for (i = 0; i < KEY_LEN; i++)
		if ((at[reversed ? KEY_LEN - 1 - i : i] ^ 0x5a) != masked(i))
			return false;
	return true;
}

static int count_in(const uint8_t *bytes, size_t len)
{
	int count = 0;
	size_t i;

	for (i = 0; i + KEY_LEN <= len; i++) {
		uint8_t first = bytes[i] ^ 0x5a;

		if (first == masked(0))
			count += is_key_at(bytes + i, false);
		if (first == masked(KEY_LEN - 1))
			count += is_key_at(bytes + i, true);
	}
	return count;
}

/* In how many places of a process's memory the key can be read; -1: not allowed. */
static int count_keys(pid_t pid, bool *has_secret_memory)
{
	static char line[512];
	char path[64], mode[5];
	unsigned long from, to;
	int count = 0, memory;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (memory < 0 || !maps)
		return -1;
	while (fgets(line, sizeof(line), maps)) {
		uint8_t *bytes;
		ssize_t got;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r')
			continue;
		*has_secret_memory |= strstr(line, "secretmem") != NULL;
		bytes = must(malloc(to - from));
		got = pread(memory, bytes, to - from, (off_t)from);
		count += got > 0 ? count_in(bytes, (size_t)got) : 0;
		free(bytes);
	}
	fclose(maps);
	close(memory);
	return count;
}

static const struct exchange exchange = {
	.status = 200, .method = "POST", .path = "/api/generate", .nonce = "n-1",
};

static const struct signer_string strings[SIGNER_STRINGS] = {
	{ "m", 1 }, { "p", 1 }, { "[]", 2 }, { "r", 1 }, { "[]", 2 },
};

static void the_key_is_nowhere_else(void)
{
	bool secret_memory = false, unused = false;
	struct signer_signed made;
	struct signer *signer;
	char scratch[32];
	int back = enter_scratch(scratch), count, i;

	CHECK(write_masked());
	signer = signer_start(KEY, SANDBOX_QUIET);
	CHECK(signer != NULL);
	for (i = 0; signer && i < 20; i++)
		CHECK(signer_sign(signer, &made, &exchange, i % 2 ? strings : NULL));

	count = signer ? count_keys(signer_pid(signer), &secret_memory) : -1;
	if (count < 0)
		printf("# not root: the signer's memory cannot be read\n");
	else if (secret_memory)
		CHECK(count == 0);
	else
		CHECK(count == 1);
	CHECK(count_keys(getpid(), &unused) == 0);

	signer_free(signer);
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

static atomic_bool enough;

static void *keep_signing(void *signer)
{
	struct signer_signed made;

	while (!atomic_load(&enough))
		if (!signer_sign(signer, &made, &exchange, strings))
			return signer;
	return NULL;
}

/* It is at work most of the time, with the key on its stack. */
static void nor_is_it_where_the_signer_works(void)
{
	bool secret_memory = false;
	pthread_t thread;
	struct signer *signer;
	void *failed = NULL;
	char scratch[32];
	int back = enter_scratch(scratch), count = 0, i;

	CHECK(write_masked());
	signer = signer_start(KEY, SANDBOX_QUIET);
	CHECK(signer && !pthread_create(&thread, NULL, keep_signing, signer));
	for (i = 0; i < SEARCHES && count == 0; i++)
		count = count_keys(signer_pid(signer), &secret_memory);
	atomic_store(&enough, true);
	CHECK(!pthread_join(thread, &failed) && !failed);
	if (count < 0 || !secret_memory)
		printf("# not root, or no memfd_secret here\n");
	else
		CHECK(count == 0);

	signer_free(signer);
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

/* The measure itself: what is in a page of this process must be found. */
static void the_measure_finds_a_key(void)
{
	volatile uint8_t *copy = must(malloc(2 * KEY_LEN));
	bool unused = false;
	size_t i;

	for (i = 0; i < KEY_LEN; i++) {
		copy[i] = masked(i) ^ 0x5a;
		copy[2 * KEY_LEN - 1 - i] = masked(i) ^ 0x5a;
	}
	CHECK(count_keys(getpid(), &unused) >= 2);
	for (i = 0; i < 2 * KEY_LEN; i++)
		copy[i] = 0;
	free((void *)(uintptr_t)copy);
}

int main(void)
{
#ifdef OYSTER_SANITIZED
	(void)the_key_is_nowhere_else;
	(void)nor_is_it_where_the_signer_works;
	(void)the_measure_finds_a_key;
	return SKIP_ALL("a sanitizer's memory is too large to be looked through");
#else
	RUN(the_key_is_nowhere_else);
	RUN(nor_is_it_where_the_signer_works);
	RUN(the_measure_finds_a_key);
	return DONE();
#endif
}
