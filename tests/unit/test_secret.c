/* Key files, good and bad; and where in memory a key is. */
#include <ctype.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "keys/secret.h"
#include "tests/unit/bytes.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define KEY	"key"		/* the file in the scratch directory */

#define ORDER_HEAD	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe" \
			"\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41"
#define THIRTY		"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"
#define ZEROS16		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ONES16		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
#define DIGITS		"4041424344454647404142434445464740"

/* Contents that are no key, and a word of what must be said about them. */
static const struct {
	const char *name, *bytes;
	size_t len;
	const char *says;
} bad[] = {
	{ "an empty file", LITERAL(""), "0 bytes" }, { "1 byte", LITERAL("@"), "1 bytes" }, { "24 bytes", THIRTY, 24, "24 bytes" },
	{ "31 bytes", LITERAL(THIRTY "@"), "31 bytes" }, { "33 bytes", LITERAL(THIRTY "@@@"), "33 bytes" }, { "32 and a newline", LITERAL(THIRTY "@@\n"), "33 bytes" },
	{ "64 bytes", LITERAL(THIRTY THIRTY "@@@@"), "64 bytes" }, { "hex text", LITERAL("0" DIGITS "41424344454647404142434445464"), "64 bytes" },
	{ "hex text with 0x", LITERAL("0x0" DIGITS "41424344454647404142434445464"), "66 bytes" },
	{ "hex text and a newline", LITERAL("0" DIGITS "41424344454647404142434445464\n"), "65 bytes" },
	{ "zero", LITERAL(ZEROS16 ZEROS16), "not a key" }, { "n", LITERAL(ORDER_HEAD "\x41"), "not a key" }, { "n + 1", LITERAL(ORDER_HEAD "\x42"), "not a key" },
	{ "2^256 - 1", LITERAL(ONES16 ONES16), "not a key" },
};

static int read_key(void *path)
{
	const uint8_t *secret = secret_read(path);
	bool ok = secret != NULL;

	secret_free(secret);
	return ok ? 0 : 1;
}

/* Whether a file is refused in one line that names it and says why. */
static bool is_refused(char *path, const char *says)
{
	struct child child = run_child(read_key, path);
	bool ok = child.status == 1 && lines_with(child.said, "key file") == 1 &&
		  lines_with(child.said, path) == 1 &&
		  lines_with(child.said, "") - lines_with(child.said, "page") == 1;

	ok = ok && strstr(child.said, says) && !strchr(child.said, '@') && !strstr(child.said, "4142");
	if (!ok)
		printf("# %d: %s", child.status, child.said);
	return ok;
}

static void files_that_hold_no_key_are_refused(void)
{
	char scratch[32], key[] = KEY;
	int back = enter_scratch(scratch);
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		CHECK(write_bytes(KEY, bad[i].bytes, bad[i].len));
		CHECK_ROW(is_refused(key, bad[i].says), bad[i].name);
	}
	unlink(KEY);
	CHECK(leave_scratch(scratch, back));
}

static bool make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	strcpy(address.sun_path, path);
	ok = fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return ok;
}

static void what_is_no_file_is_refused(void)
{
	char scratch[32], key[] = KEY, inside[] = KEY "/x", null[] = "/dev/null", zero[] = "/dev/zero", empty[] = "";
	int back = enter_scratch(scratch);

	CHECK(is_refused(key, "No such file"));
	CHECK(is_refused(empty, "No such file"));
	CHECK(is_refused(null, "not a regular file"));
	CHECK(is_refused(zero, "not a regular file"));
	CHECK(!mkdir(KEY, 0700));
	CHECK(is_refused(key, "not a regular file"));
	CHECK(is_refused(inside, "No such file"));
	CHECK(!rmdir(KEY));
	CHECK(!mkfifo(KEY, 0600));
	CHECK(is_refused(key, "not a regular file"));
	CHECK(!unlink(KEY));
	CHECK(make_socket(KEY));
	CHECK(is_refused(key, "No such device"));
	CHECK(!unlink(KEY));
	CHECK(!symlink("nowhere", KEY));
	CHECK(is_refused(key, "No such file"));
	CHECK(!unlink(KEY));
	CHECK(!symlink(KEY, KEY));
	CHECK(is_refused(key, "symbolic links"));
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

/* As nobody: root may read everything. */
static int read_as_nobody(void *path)
{
	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return 2;
	return read_key(path);
}

static void a_file_that_may_not_be_read_is_refused(void)
{
	char scratch[32], key[] = KEY;
	int back = enter_scratch(scratch);
	struct child child;

	CHECK(!chmod(".", 0755));
	CHECK(write_bytes(KEY, THIRTY "@@", 32) && !chmod(KEY, 0));
	child = run_child(read_as_nobody, key);
	CHECK(child.status == 1 && lines_with(child.said, "Permission denied") == 1 &&
	      lines_with(child.said, "key file key") == 1 && !strchr(child.said, '@'));
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

/* Nobody may lock memory here, and secret memory is locked. */
static int read_without_locks(void *path)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return 2;
	return read_as_nobody(path);
}

static void without_secret_memory_a_key_is_read_and_a_line_says_so(void)
{
	char scratch[32], key[] = KEY;
	int back = enter_scratch(scratch);
	struct child child;

	CHECK(!chmod(".", 0755));
	CHECK(write_bytes(KEY, THIRTY "@@", 32) && !chmod(KEY, 0644));
	child = run_child(read_without_locks, key);
	CHECK(child.status == 0);
	CHECK(lines_with(child.said, "no memfd_secret here") == 1);
	CHECK(!strchr(child.said, '@'));
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

static void keys_are_read_from_files_of_any_mode(void)
{
	static const char *const good[] = {
		THIRTY "@@", ORDER_HEAD "\x40", ZEROS16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
	};
	static const mode_t modes[] = { 0600, 0644, 0666, 0400, 0444 };
	char scratch[32];
	int back = enter_scratch(scratch);
	size_t i, k;

	for (i = 0; i < COUNT(good); i++)
		for (k = 0; k < COUNT(modes); k++) {
			const uint8_t *secret;

			CHECK(write_bytes(KEY, good[i], 32) && !chmod(KEY, modes[k]));
			secret = secret_read(KEY);
			CHECK(secret && !memcmp(secret, good[i], 32));
			secret_free(secret);
			unlink(KEY);
		}
	CHECK(write_bytes("real", good[0], 32) && !symlink("real", KEY));
	CHECK(read_key((char[]){ KEY }) == 0);
	CHECK(!unlink(KEY) && !unlink("real"));
	CHECK(leave_scratch(scratch, back));
}

static int create(void *path)
{
	return secret_create(path) ? 0 : 1;
}

static void new_keys_are_private_and_all_different(void)
{
	char scratch[32], paths[2][8] = { "a", "b" };
	int back = enter_scratch(scratch);
	mode_t mask = umask(0);
	const uint8_t *a, *b;
	struct stat st;
	int i;

	for (i = 0; i < 2; i++) {
		CHECK(run_child(create, paths[i]).status == 0);
		CHECK(!stat(paths[i], &st) && S_ISREG(st.st_mode) &&
		      (st.st_mode & 07777) == 0600 && st.st_size == SECRET_LEN);
	}
	umask(mask);
	a = secret_read("a");
	b = secret_read("b");
	CHECK(a && b && memcmp(a, b, SECRET_LEN));
	secret_free(a);
	secret_free(b);
	CHECK(!unlink("a") && !unlink("b"));
	CHECK(leave_scratch(scratch, back));
}

static bool is_not_overwritten(char *path)
{
	struct child child = run_child(create, path);

	return child.status == 1 && lines_with(child.said, "key file") == 1 &&
	       lines_with(child.said, "File exists") == 1;
}

static void nothing_is_overwritten(void)
{
	char scratch[32], key[] = KEY, nowhere[] = "no/where", text[16];
	int back = enter_scratch(scratch), fd;
	struct child child;

	CHECK(write_bytes(KEY, "precious", 8));
	CHECK(is_not_overwritten(key));
	fd = open(KEY, O_RDONLY | O_CLOEXEC);
	read_all(fd, text, sizeof(text));
	close(fd);
	CHECK(!strcmp(text, "precious"));
	CHECK(!unlink(KEY));
	CHECK(!symlink("target", KEY));
	CHECK(is_not_overwritten(key) && access("target", F_OK));
	CHECK(!unlink(KEY) && !mkdir(KEY, 0700));
	CHECK(is_not_overwritten(key));
	CHECK(!rmdir(KEY));
	child = run_child(create, nowhere);
	CHECK(child.status == 1 && lines_with(child.said, "No such file") == 1);
	CHECK(leave_scratch(scratch, back));
}

static int create_on_full(void *path)
{
	(void)path;
	return secret_create("/dev/full") ? 0 : 1;
}

static void no_device_becomes_a_key(void)
{
	CHECK(run_child(create_on_full, NULL).status == 1);
}

static void nothing_is_freed_without_complaint(void)
{
	secret_free(NULL);
}

#ifndef OYSTER_SANITIZED	/* its shadow is too large to be looked through */

/* The key is never whole in this program: byte i is this xor 0x5a. */
static uint8_t masked(size_t i)
{
	return (uint8_t)(0xc3 ^ (i * 37 + 11));
}

static bool is_key_at(const uint8_t *at)
{
	size_t i;

	for (i = 0; i < SECRET_LEN; i++)
		if ((at[i] ^ 0x5a) != masked(i))
			return false;
	return true;
}

static int count_in(const uint8_t *at, const uint8_t *end)
{
	int count = 0;

	for (; at + SECRET_LEN <= end; at++) {
		at = memchr(at, masked(0) ^ 0x5a, (size_t)(end - at) - (SECRET_LEN - 1));
		if (!at)
			break;
		count += is_key_at(at);
	}
	return count;
}

/* In how many places of this process's memory the key is. */
static int count_keys(void)
{
	static char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char mode[5];
	int count = 0;

	if (!maps)
		return -1;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
		    mode[0] == 'r' && !strstr(line, "[v"))
			count += count_in((const uint8_t *)from, (const uint8_t *)to);
	fclose(maps);
	return count;
}

static bool write_masked(void)
{
	int fd = open(KEY, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	volatile uint8_t byte;
	bool ok = fd >= 0;
	size_t i;

	for (i = 0; ok && i < SECRET_LEN; i++) {
		byte = masked(i) ^ 0x5a;
		ok = write(fd, (const void *)(uintptr_t)&byte, 1) == 1;
	}
	close(fd);
	return ok;
}

static int count_with_a_key(void *arg)
{
	const uint8_t *secret;
	int before = count_keys(), with, after;

	(void)arg;
	secret = secret_read(KEY);
	with = count_keys();
	if (!secret || !is_key_at(secret))
		return 2;
	secret_free(secret);
	after = count_keys();
	fprintf(stderr, "%d before, %d with, %d after\n", before, with, after);
	return before == 0 && with == 1 && after == 0 ? 0 : 1;
}

static void a_key_is_in_one_place_of_memory(void)
{
	char scratch[32];
	int back = enter_scratch(scratch);
	struct child child;

	CHECK(write_masked());
	child = run_child(count_with_a_key, NULL);
	CHECK_ROW(child.status == 0, child.said);
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

#endif

static void a_child_has_no_key(void)
{
	char scratch[32];
	int back = enter_scratch(scratch);
	const uint8_t *secret;
	struct stat st;
	int tube[2];

	CHECK(write_bytes(KEY, THIRTY "@@", 32));
	secret = secret_read(KEY);
	CHECK(secret && !pipe(tube));
	fflush(NULL);
	if (fork() == 0)	/* EFAULT: nothing is there to be written */
		_exit(write(tube[1], secret, 1) == 1);
	wait(NULL);
	close(tube[1]);
	CHECK(read(tube[0], &st, sizeof(st)) == 0);
	close(tube[0]);
	secret_free(secret);
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
}

int main(void)
{
	RUN(files_that_hold_no_key_are_refused);
	RUN(what_is_no_file_is_refused);
	RUN(a_file_that_may_not_be_read_is_refused);
	RUN(without_secret_memory_a_key_is_read_and_a_line_says_so);
	RUN(keys_are_read_from_files_of_any_mode);
	RUN(new_keys_are_private_and_all_different);
	RUN(nothing_is_overwritten);
	RUN(no_device_becomes_a_key);
	RUN(nothing_is_freed_without_complaint);
#ifndef OYSTER_SANITIZED
	RUN(a_key_is_in_one_place_of_memory);
#endif
	RUN(a_child_has_no_key);
	return DONE();
}
