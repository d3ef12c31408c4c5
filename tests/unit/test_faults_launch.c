/* A web server is started with all it needs, or not, and a line says why. */
#include <dirent.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "fcgi/launch.h"
#include "fcgi/log.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(int, lstat, (const char *path, struct stat *st), (path, st))
FAULT(uid_t, geteuid, (void), ())
FAULT(int, mkdir, (const char *path, mode_t mode), (path, mode))
FAULT(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAULT(int, flock, (int fd, int how), (fd, how))
FAULT(int, usleep, (useconds_t us), (us))
FAULT(DIR *, opendir, (const char *path), (path))
FAULT(int, fclose, (FILE *file), (file))
FAULT(int, setenv, (const char *name, const char *value, int over), (name, value, over))
FAULT(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

/* A file that cannot be opened, or with a result of 1 not be written to. */
FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!fault_is_due("fopen"))
		return __real_fopen(path, mode);
	return fault_result ? __real_fopen("/dev/null", "re") : NULL;
}

static char scratch[32];
static int back, armed;
static struct config config;

static int run_launch(void *command)
{
	char *const words[] = { command, NULL };

	fault_count = armed;
	launch(&config, words);
	return fault_came() ? 0 : 1;
}

/* In a process of its own, where what was set fails. */
static struct child launched(void)
{
	struct child child;
	char command[] = "no-such-command";

	armed = fault_count;
	fault_count = 0;
	child = run_child(run_launch, command);
	armed = 0;
	return child;
}

static void begin(void)
{
	back = enter_scratch(scratch);
	unsetenv("OYSTER_RESPONDER");
	config = (struct config){ .key_file = "key", .run_dir = "run", .port = 5000, .max_body = 1000 };
	CHECK(write_bytes("key", "k", 1));
}

static void end(void)
{
	char path[64];
	int status = 400;

	for (; status < 506; status++) {
		snprintf(path, sizeof(path), "run/errors/%d.html", status);
		unlink(path);
	}
	rmdir("run/errors");
	unlink("run/lock");
	unlink("key");
	rmdir("run");
	CHECK(leave_scratch(scratch, back));
}

static void what_fails_is_said_in_one_line(void)
{
	static const struct {
		const char *name;
		int turn, error;
		long result;
		const char *says;
	} rows[] = {
		{ "mkdir", 1, EACCES, -1, "OYSTER_RUN_DIR run: Permission denied" },
		{ "lstat", 1, EIO, -1, "OYSTER_RUN_DIR run: Input/output error" },
		{ "geteuid", 1, 0, 12345, "OYSTER_RUN_DIR run: not a directory of our own" },
		{ "open", 1, EMFILE, -1, "file run/lock: Too many open files" },
		{ "flock", 1, ENOLCK, -1, "OYSTER_RUN_DIR run: another server runs there" },
		{ "opendir", 1, EMFILE, 0, "OYSTER_RUN_DIR run: Too many open files" },
		{ "mkdir", 2, ENOSPC, -1, "directory run/errors: No space left" },
		{ "fopen", 1, EMFILE, 0, "file run/errors/400.html: Too many open files" },
		{ "fopen", 9, EMFILE, 0, "file run/errors/505.html: Too many open files" },
		{ "fopen", 1, 0, 1, "file run/errors/400.html: Bad file descriptor" },
		{ "fclose", 1, ENOSPC, -1, "file run/errors/400.html: No space left" },
	};
	struct child child;
	size_t i;

	begin();
	for (i = 0; i < COUNT(rows); i++) {
		fault_set(rows[i].name, rows[i].turn, rows[i].error, rows[i].result);
		child = launched();
		CHECK_ROW(child.status == 0, rows[i].says);
		CHECK_ROW(lines_with(child.said, "") == 1 && lines_with(child.said, rows[i].says) == 1, child.said);
	}
	end();
}

static void without_room_in_the_environment_nothing_is_started(void)
{
	struct child child;
	int turn;

	begin();
	for (turn = 1; turn <= 5; turn++) {	/* five values, no more */
		fault_set("setenv", turn, ENOMEM, -1);
		child = launched();
		CHECK(child.status == 0);
		CHECK_ROW(!lines_with(child.said, "cannot start"), child.said);
	}
	fault_set("setenv", turn, ENOMEM, -1);
	child = launched();
	CHECK(child.status == 1 && lines_with(child.said, "cannot start no-such-command: No such file") == 1);
	end();
}

static void a_lock_that_is_let_go_is_taken(void)
{
	struct child child;

	begin();
	fault_set("flock", 1, EWOULDBLOCK, -1);
	fault_also("usleep", 1, 0, 0);
	child = launched();
	CHECK(child.status == 0 && lines_with(child.said, "cannot start no-such-command") == 1);
	end();
}

/* What is left of a server that was killed, and cannot be removed. */
static void an_upload_that_stays_is_said(void)
{
	struct child child;

	begin();
	CHECK(!mkdir("run", 0700) && !mkdir("run/lighttpd-upload-x", 0700));
	child = launched();
	CHECK_ROW(lines_with(child.said, "OYSTER_RUN_DIR run: Is a directory") == 1, child.said);
	CHECK(!rmdir("run/lighttpd-upload-x") && write_bytes("run/lighttpd-upload-y", "prompt", 6) &&
	      write_bytes("run/other", "", 0));
	child = launched();
	CHECK_ROW(lines_with(child.said, "cannot start no-such-command") == 1, child.said);
	CHECK(access("run/lighttpd-upload-y", F_OK) && !unlink("run/other"));
	end();
}

static void the_program_has_a_path_without_white_space(void)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{ "/opt/a b", "OYSTER_RESPONDER: white space" }, { "/opt/a\tb", "OYSTER_RESPONDER: white space" },
		{ "/opt/a\nb", "OYSTER_RESPONDER: white space" }, { "/opt/ab", "cannot start no-such-command" },
	};
	struct child child;
	size_t i;

	begin();
	for (i = 0; i < COUNT(rows); i++) {
		setenv("OYSTER_RESPONDER", rows[i].path, 1);
		child = launched();
		CHECK_ROW(lines_with(child.said, "") == 1 && lines_with(child.said, rows[i].says) == 1, child.said);
	}
	unsetenv("OYSTER_RESPONDER");
	config.key_file = "nowhere";
	child = launched();
	CHECK_ROW(lines_with(child.said, "OYSTER_KEY_FILE nowhere: No such file") == 1, child.said);
	end();
}

/* A name of the given length for the directory `run'. */
static const char *name_of(size_t len)
{
	static char name[PATH_MAX + 10];
	size_t i;

	for (i = 0; i + 3 < len; i++)
		name[i] = i % 2 == len % 2 ? '/' : '.';
	memcpy(name, "./", 2);
	snprintf(name + len - 3, 4, "run");
	return name;
}

static void no_name_is_cut(void)
{
	size_t longest = PATH_MAX - 1, len;
	struct child child;

	begin();
	CHECK(!mkdir("run", 0700));
	/* There is room for it, but not for every name in it, and at last for none. */
	for (len = longest - strlen("/errors/400.html"); len <= longest + 1; len++) {
		bool fits = len + strlen("/errors/400.html") <= longest;

		config.run_dir = name_of(len);
		child = launched();
		CHECK(lines_with(child.said, "cannot start") == fits);
		if (fits)
			CHECK(!access("run/errors/400.html", F_OK) && !unlink("run/errors/400.html"));
	}
	CHECK(access("run/errors/400.html", F_OK) && access("run/errors/400.htm", F_OK));
	end();
}

static int log_interrupted(void *arg)
{
	(void)arg;
	fault_set("write", 1, EINTR, -1);
	log_line("a line");
	CHECK(fault_came());
	fault_set("write", 1, EIO, -1);
	log_line("a line that is lost");
	return fault_came() ? 0 : 1;
}

static void an_interrupted_line_is_written(void)
{
	struct child child = run_child(log_interrupted, NULL);

	CHECK(child.status == 0 && !strcmp(child.said, "oyster-responder: a line\n"));
}

int main(void)
{
	RUN(what_fails_is_said_in_one_line);
	RUN(without_room_in_the_environment_nothing_is_started);
	RUN(a_lock_that_is_let_go_is_taken);
	RUN(an_upload_that_stays_is_said);
	RUN(the_program_has_a_path_without_white_space);
	RUN(no_name_is_cut);
	RUN(an_interrupted_line_is_written);
	return DONE();
}
