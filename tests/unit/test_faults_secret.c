/*
 * Key files and the memory of keys where the system does not help: what is
 * not a whole key is none, and says why.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "keys/ecdsa.h"
#include "keys/secret.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

#define KEY	"key"
#define BYTES	"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

FAULT(long, syscall, (long number, long a, long b, long c, long d, long e), (number, a, b, c, d, e))
FAULT(int, ftruncate, (int fd, off_t len), (fd, len))
FAULT(void *, mmap, (void *at, size_t len, int prot, int flags, int fd, off_t from), (at, len, prot, flags, fd, from))
FAULT(int, mlock, (const void *at, size_t len), (at, len))
FAULT(int, madvise, (void *at, size_t len, int advice), (at, len, advice))
FAULT(int, fstat, (int fd, struct stat *st), (fd, st))
FAULT(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
FAULT(int, fsync, (int fd), (fd))

static bool inherited;	/* a key's file, by what an exec would start */

ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
	inherited |= len == SECRET_LEN && !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	return fault_is_due("read") ? fault_result : __real_read(fd, bytes, len);
}

int __real_close(int fd);
int __wrap_close(int fd);

/* One that fails has closed all the same. */
int __wrap_close(int fd)
{
	int rc = __real_close(fd);

	return fault_is_due("close") ? -1 : rc;
}

ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

/* What is drawn in place of the call that fails: no key at all. */
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
	if (!fault_is_due("getrandom"))
		return __real_getrandom(bytes, len, flags);
	memset(bytes, 0xff, len);
	return fault_result;
}


/* Pages that a test has seen unmapped: what was in them then. */
static uint8_t unmapped[SECRET_LEN];
static int unmappings;
static int pages = 1;	/* that must be given back */

int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);

int __wrap_munmap(void *at, size_t len)
{
	memcpy(unmapped, at, sizeof(unmapped));
	unmappings++;
	return __real_munmap(at, len);
}

/* The descriptor that the next file gets: none may be left behind. */
static int next_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	__real_close(fd);
	return fd;
}

static char key[] = KEY;

static int read_key(void *path)
{
	int next = next_descriptor();
	const uint8_t *secret = secret_read(path);
	bool ok = secret && !memcmp(secret, BYTES, SECRET_LEN);

	if (!fault_came() || inherited || next_descriptor() != next || unmappings != (secret ? 0 : pages))
		return 3;
	if (!secret)
		return 1;
	secret_free(secret);
	return ok ? 0 : 2;
}

static int create_key(void *path)
{
	int next = next_descriptor();
	bool ok = secret_create(path);

	if (!fault_came() || next_descriptor() != next || unmappings != pages)
		return 3;
	return ok ? 0 : 1;
}

/* One line, which does not show the key. */
static bool says(const struct child *child, const char *text)
{
	return lines_with(child->said, "") == 1 && lines_with(child->said, text) == 1 && !strchr(child->said, '@');
}

static int (*armed)(void *path);	/* what is run with the faults */
static int arms;			/* how many they are */

static int run_armed(void *path)
{
	fault_count = arms;
	return armed(path);
}

/* In a fresh directory with a key file, in a process where what was set fails. */
static struct child with_faults(int function(void *), bool has_file)
{
	char scratch[32];
	int back = enter_scratch(scratch);
	struct child child;

	armed = function;
	arms = fault_count;
	fault_count = 0;	/* not in this process */
	CHECK(!has_file || write_bytes(KEY, BYTES, SECRET_LEN));
	child = run_child(run_armed, key);
	CHECK(has_file ? !unlink(KEY) : access(KEY, F_OK));
	CHECK(leave_scratch(scratch, back));
	return child;
}

/* Calls that fail in a process, and the one line that it says. */
struct row {
	const char *name;
	int turn, error;
	long result;
	const char *says;
};

static void refuse(int function(void *), bool has_file, const struct row *row)
{
	struct child child;

	fault_set(row->name, row->turn, row->error, row->result);
	child = with_faults(function, has_file);
	CHECK_ROW(child.status == 1, row->name);
	CHECK_ROW(says(&child, row->says), child.said);
}

static void without_memory_of_its_own_a_key_is_in_a_locked_page(void)
{
	static const struct row rows[] = {
		{ "syscall", 1, ENOSYS, -1, "no memfd_secret here" },
		{ "ftruncate", 1, EINVAL, -1, "no memfd_secret here" },
		{ "mmap", 1, EAGAIN, -1, "no memfd_secret here" },
		{ "madvise", 1, EINVAL, -1, "cannot keep the key's page from children" },
	};
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fault_set(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = with_faults(read_key, true);
		CHECK_ROW(child.status == 0, rows[i].name);
		CHECK_ROW(says(&child, rows[i].says), child.said);
	}
}

static void what_a_locked_page_lacks_is_said(void)
{
	static const struct row rows[] = {
		{ "mlock", 1, ENOMEM, -1, "cannot lock the key's page" },
		{ "madvise", 1, EINVAL, -1, "cannot keep the key's page out of core dumps" },
		{ "madvise", 2, EINVAL, -1, "cannot keep the key's page from children" },
	};
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fault_set("syscall", 1, ENOSYS, -1);
		fault_also(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = with_faults(read_key, true);
		CHECK_ROW(child.status == 0, rows[i].says);
		CHECK_ROW(lines_with(child.said, "") == 2 && lines_with(child.said, rows[i].says) == 1, child.said);
	}
}

static void without_any_memory_there_is_no_key(void)
{
	struct child child;
	int i;

	pages = 0;
	for (i = 0; i < 2; i++) {
		fault_set("syscall", 1, ENOSYS, -1);
		fault_also("mmap", 1, ENOMEM, -1);
		child = with_faults(i ? create_key : read_key, !i);
		CHECK(child.status == 1);
		CHECK_ROW(says(&child, "memory for the key: Cannot allocate"), child.said);
	}
	pages = 1;
}

static void a_file_that_cannot_be_read_is_refused(void)
{
	static const struct row rows[] = {
		{ "fstat", 1, EIO, -1, "key file key: Input/output error" },
		{ "read", 1, EIO, -1, "key file key: cannot be read whole" },
		{ "read", 1, 0, 0, "key file key: cannot be read whole" },
		{ "read", 1, 0, SECRET_LEN - 1, "key file key: cannot be read whole" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		refuse(read_key, true, &rows[i]);
}

static void a_file_that_cannot_be_written_is_not_left(void)
{
	static const struct row rows[] = {
		{ "write", 1, ENOSPC, -1, "key file key: No space left" },
		{ "write", 1, 0, SECRET_LEN - 1, "key file key" },
		{ "fsync", 1, EIO, -1, "key file key: Input/output error" },
		{ "close", 2, EIO, -1, "key file key: Input/output error" },	/* the first is the memory's */
		{ "getrandom", 1, ENOSYS, -1, "random numbers: Function not implemented" },
		{ "getrandom", 1, 0, SECRET_LEN - 1, "random numbers" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		refuse(create_key, false, &rows[i]);
}

static int create_after_a_bad_draw(void *path)
{
	const uint8_t *secret;
	int rc;

	if (!secret_create(path) || !fault_came())
		return 1;
	secret = secret_read(path);
	rc = secret ? 0 : 2;
	secret_free(secret);
	return unlink(path) ? 3 : rc;
}

static void what_is_drawn_and_no_key_is_drawn_again(void)
{
	struct child child;

	fault_set("getrandom", 1, 0, SECRET_LEN);
	child = with_faults(create_after_a_bad_draw, false);
	CHECK(child.status == 0 && !*child.said);
}

static void a_key_is_overwritten_before_its_memory_is_given_back(void)
{
	static const uint8_t zeros[SECRET_LEN];
	char scratch[32];
	int back = enter_scratch(scratch);
	const uint8_t *secret;

	CHECK(write_bytes(KEY, BYTES, SECRET_LEN));
	secret = secret_read(KEY);
	CHECK(secret && !memcmp(secret, BYTES, SECRET_LEN));
	unmappings = 0;
	memset(unmapped, 'x', sizeof(unmapped));
	secret_free(secret);
	CHECK(unmappings == 1 && !memcmp(unmapped, zeros, sizeof(unmapped)));
	secret_free(NULL);
	CHECK(unmappings == 1);
	CHECK(!unlink(KEY) && leave_scratch(scratch, back));
}

/* Standard input is closed: then the memory and the files have its number. */
static int create_and_read_without_input(void *path)
{
	const uint8_t *secret;

	__real_close(STDIN_FILENO);
	if (!secret_create(path))
		return 1;
	secret = secret_read(path);
	secret_free(secret);
	if (unlink(path) || !secret)
		return 2;
	return dup(STDERR_FILENO) == STDIN_FILENO ? 0 : 3;
}

static int create_and_read(void *path)
{
	const uint8_t *secret = secret_create(path) ? secret_read(path) : NULL;

	secret_free(secret);
	return unlink(path) || !secret;
}

static void descriptor_0_is_as_good_as_any(void)
{
	struct child with = with_faults(create_and_read, false);
	struct child without = with_faults(create_and_read_without_input, false);

	CHECK(with.status == 0 && without.status == 0);
	CHECK_ROW(!strcmp(without.said, with.said), without.said);
}

int main(void)
{
	RUN(without_memory_of_its_own_a_key_is_in_a_locked_page);
	RUN(what_a_locked_page_lacks_is_said);
	RUN(without_any_memory_there_is_no_key);
	RUN(a_file_that_cannot_be_read_is_refused);
	RUN(a_file_that_cannot_be_written_is_not_left);
	RUN(what_is_drawn_and_no_key_is_drawn_again);
	RUN(a_key_is_overwritten_before_its_memory_is_given_back);
	RUN(descriptor_0_is_as_good_as_any);
	return DONE();
}
