/* The signer's process: started, asked by many, stopped, killed. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/unit/started.h"
#include "tests/unit/tap.h"

static void it_has_the_key_of_its_file(void)
{
	struct signer *signer = start();

	CHECK(is_hex(signer_public(signer), ECDSA_PUBLIC_LEN, TEST_PUBLIC));
	CHECK(is_hex(signer_address(signer), ECDSA_ADDRESS_LEN, TEST_ADDRESS));
	CHECK(signer_pid(signer) > 0 && signer_pid(signer) != getpid());
	CHECK(signer_ping(signer) && signer_ping(signer));
	signer_free(signer);
}

static void check_gone(struct signer *signer)
{
	struct signer_signed made, untouched;
	int i;

	memset(&made, 0xee, sizeof(made));
	memset(&untouched, 0xee, sizeof(untouched));
	for (i = 0; i < 3; i++) {
		CHECK(!signer_sign(signer, &made, &generate, i ? plain : NULL));
		CHECK(!memcmp(&made, &untouched, sizeof(made)));
		CHECK(!signer_ping(signer));
	}
}

static void a_signer_that_was_killed_stays_so(void)
{
	struct signer *signer = start();

	CHECK(signer_ping(signer));
	CHECK(!kill(signer_pid(signer), SIGKILL));
	check_gone(signer);
	CHECK(is_hex(signer_address(signer), ECDSA_ADDRESS_LEN, TEST_ADDRESS));
	signer_free(signer);
}

static void a_signer_that_hangs_is_given_up_after_its_patience(void)
{
	struct signer *signer = start();
	time_t before = time(NULL);

	CHECK(!kill(signer_pid(signer), SIGSTOP));
	CHECK(!signer_ping(signer));
	CHECK(time(NULL) - before >= SIGNER_PATIENCE - 1 && time(NULL) - before <= SIGNER_PATIENCE + 5);
	before = time(NULL);
	check_gone(signer);
	CHECK(time(NULL) - before <= 2);
	signer_free(signer);
}

static void signals_for_the_server_do_not_end_it(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE };
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	struct signer *signer;
	size_t i;

	/* In the background of a shell some were ignored from the beginning. */
	for (i = 0; i < COUNT(signals) - 1; i++)
		signal(signals[i], SIG_DFL);
	signer = start();
	for (i = 0; i < COUNT(signals) - 1; i++) {
		CHECK(!kill(signer_pid(signer), signals[i]));
		CHECK(signs(signer, ecdsa, plain));
	}
	signer_free(signer);
	ecdsa_free(ecdsa);
}

/* Which descriptors a process has, as a sorted list of digits. */
static bool descriptors(pid_t pid, char *list, size_t size)
{
	char path[64];
	struct dirent *entry;
	size_t len = 0;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir)) && len < size - 1)
		if (entry->d_name[0] != '.') {
			fd = atoi(entry->d_name);
			list[len++] = (char)(fd < 10 ? '0' + fd : 'x');
		}
	list[len] = '\0';
	closedir(dir);
	return true;
}

static bool proc_has(pid_t pid, const char *file, const char *line)
{
	char path[64], text[8192];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	read_all(fd, text, sizeof(text));
	close(fd);
	return strstr(text, line) != NULL;
}

static void it_has_no_descriptors_but_its_socket_and_the_first_three(void)
{
	int opened[50], i;
	struct signer *signer;
	char list[100] = "";

	for (i = 0; i < 50; i++)
		opened[i] = open("/dev/null", O_RDWR);
	signer = start();
	CHECK(signer_ping(signer));
	if (!descriptors(signer_pid(signer), list, sizeof(list))) {
		printf("# not root: /proc/PID/fd of the signer cannot be read\n");
	} else {
		CHECK_ROW(!strcmp(list, "0123"), list);
		/* to read and to write, which ends a line of octal flags */
		CHECK(proc_has(signer_pid(signer), "fdinfo/0", "2\nmnt_id:"));
		CHECK(proc_has(signer_pid(signer), "fdinfo/1", "2\nmnt_id:"));
	}
	signer_free(signer);
	for (i = 0; i < 50; i++)
		close(opened[i]);
}

static void it_is_shut_off(void)
{
	struct signer *signer = start();

	CHECK(proc_has(signer_pid(signer), "comm", "oyster-signer"));
	CHECK(proc_has(signer_pid(signer), "status", "NoNewPrivs:\t1"));
	CHECK(proc_has(signer_pid(signer), "limits", "Max core file size        0                    0 "));
#ifndef __SANITIZE_THREAD__	/* which has a thread of its own */
	CHECK(proc_has(signer_pid(signer), "status", "Threads:\t1"));
#endif
	signer_free(signer);
}

static void it_ends_when_it_is_released(void)
{
	struct signer *signer = start();
	pid_t pid = signer_pid(signer);

	signer_free(signer);
	CHECK(kill(pid, 0) < 0 && errno == ESRCH);
	signer_free(NULL);
}

/* The asking process just ends, as when it is killed. */
static int start_and_end(void *hangs)
{
	struct signer *signer = signer_start(KEY, SANDBOX_QUIET);

	if (!signer || (hangs && kill(signer_pid(signer), SIGSTOP)))
		return 1;
	return write(STDERR_FILENO, &(pid_t){ signer_pid(signer) }, sizeof(pid_t)) > 0 ? 0 : 1;
}

/* By itself at the end of the stream, or killed, whichever comes first. */
static void check_ends_with_asker(bool hangs)
{
	struct child child;
	int status = -1;
	pid_t pid;

	CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	child = run_child(start_and_end, hangs ? &hangs : NULL);
	CHECK(child.status == 0);
	memcpy(&pid, child.said, sizeof(pid));
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK((WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && !hangs) ||
	      (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
	CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static void it_ends_when_the_asking_process_does(void)
{
	check_ends_with_asker(false);
}

static void even_when_it_hangs_it_ends_with_the_asking_process(void)
{
	check_ends_with_asker(true);
}

static int start_only(void *path)
{
	struct signer *signer = signer_start(path, SANDBOX_QUIET);

	signer_free(signer);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		return 2;	/* a child is left */
	return signer ? 0 : 1;
}

static void without_a_key_there_is_no_signer(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ LITERAL("") }, { LITERAL("@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@") }, { LITERAL("@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@") },
		{ LITERAL("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") },
	};
	char key[] = KEY, directory[] = ".";
	struct child child;
	size_t i;

	back = enter_scratch(scratch);
	for (i = 0; i < COUNT(bad); i++) {
		CHECK(write_bytes(KEY, bad[i].bytes, bad[i].len));
		child = run_child(start_only, key);
		CHECK(child.status == 1 && lines_with(child.said, "key file key") == 1 &&
		      !strchr(child.said, '@'));
		CHECK(lines_with(child.said, "") - lines_with(child.said, "page") == 1);
	}
	CHECK(!unlink(KEY));
	child = run_child(start_only, key);
	CHECK(child.status == 1 && lines_with(child.said, "key file key") == 1);
	child = run_child(start_only, directory);
	CHECK(child.status == 1 && lines_with(child.said, "not a regular file") == 1);
	CHECK(leave_scratch(scratch, back));
}

int main(void)
{
	RUN(it_has_the_key_of_its_file);
	RUN(a_signer_that_was_killed_stays_so);
	RUN(a_signer_that_hangs_is_given_up_after_its_patience);
	RUN(signals_for_the_server_do_not_end_it);
	RUN(it_has_no_descriptors_but_its_socket_and_the_first_three);
	RUN(it_is_shut_off);
	RUN(it_ends_when_it_is_released);
	RUN(it_ends_when_the_asking_process_does);
	RUN(even_when_it_hangs_it_ends_with_the_asking_process);
	RUN(without_a_key_there_is_no_signer);
	return DONE();
}
