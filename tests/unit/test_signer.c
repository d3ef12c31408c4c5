/* The signer's process: started, asked by many, stopped, killed. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "keys/signer.h"
#include "tests/unit/child.h"
#include "tests/unit/signed.h"
#include "tests/unit/tap.h"

#define KEY	"key"
#define THREADS	32
#define EACH	200		/* receipts a thread asks for */

static char scratch[32];
static int back;

static struct signer *start(void)
{
	struct signer *signer;

	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	signer = signer_start(KEY);
	CHECK(signer != NULL);
	CHECK(!unlink(KEY));	/* it is read once */
	CHECK(leave_scratch(scratch, back));
	if (!signer) {
		fputs("Bail out! no signer\n", stdout);
		exit(EXIT_FAILURE);
	}
	return signer;
}

/* Ask for a receipt and check it. */
static bool signs(struct signer *signer, const struct ecdsa *ecdsa,
		  const struct signer_string *strings)
{
	uint64_t before = now();
	struct signer_receipt receipt;

	return signer_receipt(signer, &receipt, strings) &&
	       receipt.seconds >= before && receipt.seconds <= now() &&
	       is_signature(ecdsa, receipt.sig, receipt.seconds, strings);
}

static const struct signer_string plain[SIGNER_STRINGS] = {
	{ "llama3.2", 8 }, { "Why is the sky blue?", 20 }, { "[]", 2 }, { "Because.", 8 }, { "[1,2,3]", 7 },
};

static void it_has_the_key_of_its_file(void)
{
	struct signer *signer = start();

	CHECK(is_hex(signer_public(signer), SIGNER_PUBLIC_LEN, TEST_PUBLIC));
	CHECK(is_hex(signer_address(signer), SIGNER_ADDRESS_LEN, TEST_ADDRESS));
	CHECK(signer_pid(signer) > 0 && signer_pid(signer) != getpid());
	CHECK(signer_ping(signer) && signer_ping(signer));
	signer_free(signer);
}

static void receipts_are_over_what_was_given(void)
{
	static const char big[3 << 20];
	const struct signer_string rows[][SIGNER_STRINGS] = {
		{ { NULL, 0 }, { NULL, 0 }, { "[]", 2 }, { "", 0 }, { "[]", 2 } },
		{ { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } },
		{ { "m", 1 }, { "a\0b", 3 }, { "[]", 2 }, { "\0", 1 }, { "[1]", 3 } },
		{ { big, 512 }, { big, 65535 }, { big, 65536 }, { big, 65537 }, { big, 131073 } },
		{ { "m", 1 }, { big, sizeof(big) }, { big, sizeof(big) - 1 }, { big, sizeof(big) - 31 }, { "", 0 } },
	};
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	struct signer *signer = start();
	size_t i;

	CHECK(signs(signer, ecdsa, plain));
	for (i = 0; i < COUNT(rows); i++)
		CHECK(signs(signer, ecdsa, rows[i]));
	CHECK(signs(signer, ecdsa, plain));
	signer_free(signer);
	ecdsa_free(ecdsa);
}

struct asker {
	pthread_t thread;
	struct signer *signer;
	int number, wrong;
};

static void *ask_often(void *arg)
{
	struct asker *asker = arg;
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	char prompt[100], answer[2000];
	int i;

	memset(answer, 'a' + asker->number % 26, sizeof(answer));
	for (i = 0; i < EACH; i++) {
		int len = snprintf(prompt, sizeof(prompt), "%d asks for the %dth time", asker->number, i);
		const struct signer_string strings[SIGNER_STRINGS] = {
			{ "m", 1 }, { prompt, (size_t)len }, { "[]", 2 }, { answer, (size_t)(i * 10) }, { "[]", 2 },
		};

		asker->wrong += !signs(asker->signer, ecdsa, strings);
		asker->wrong += i % 50 == 0 && !signer_ping(asker->signer);
	}
	ecdsa_free(ecdsa);
	return NULL;
}

static void many_threads_each_get_their_own_signature(void)
{
	struct signer *signer = start();
	struct asker askers[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){ .signer = signer, .number = i };
		CHECK(!pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		CHECK(askers[i].wrong == 0);
	}
	signer_free(signer);
}

static void check_gone(struct signer *signer)
{
	struct signer_receipt receipt, untouched;
	int i;

	memset(&receipt, 0xee, sizeof(receipt));
	memset(&untouched, 0xee, sizeof(untouched));
	for (i = 0; i < 3; i++) {
		CHECK(!signer_receipt(signer, &receipt, plain));
		CHECK(!memcmp(&receipt, &untouched, sizeof(receipt)));
		CHECK(!signer_ping(signer));
	}
}

static void a_signer_that_was_killed_stays_so(void)
{
	struct signer *signer = start();

	CHECK(signer_ping(signer));
	CHECK(!kill(signer_pid(signer), SIGKILL));
	check_gone(signer);
	CHECK(is_hex(signer_address(signer), SIGNER_ADDRESS_LEN, TEST_ADDRESS));
	signer_free(signer);
}

static void killed_under_load_nobody_waits_for_ever(void)
{
	struct signer *signer = start();
	struct asker askers[8];
	int i;

	for (i = 0; i < 8; i++) {
		askers[i] = (struct asker){ .signer = signer, .number = i };
		CHECK(!pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]));
	}
	usleep(20000);
	CHECK(!kill(signer_pid(signer), SIGKILL));
	for (i = 0; i < 8; i++) {
		pthread_join(askers[i].thread, NULL);
		CHECK(askers[i].wrong > 0);
	}
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
	struct signer *signer = start();
	size_t i;

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

static void it_has_no_descriptors_but_its_socket_and_the_first_three(void)
{
	int opened[50], i;
	struct signer *signer;
	char list[100] = "";

	for (i = 0; i < 50; i++)
		opened[i] = open("/dev/null", O_RDWR);
	signer = start();
	CHECK(signer_ping(signer));
	if (!descriptors(signer_pid(signer), list, sizeof(list)))
		printf("# not root: /proc/PID/fd of the signer cannot be read\n");
	else
		CHECK_ROW(!strcmp(list, "0123"), list);
	signer_free(signer);
	for (i = 0; i < 50; i++)
		close(opened[i]);
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

static void it_is_shut_off(void)
{
	struct signer *signer = start();

	CHECK(proc_has(signer_pid(signer), "comm", "oyster-signer"));
	CHECK(proc_has(signer_pid(signer), "status", "NoNewPrivs:\t1"));
	CHECK(proc_has(signer_pid(signer), "limits", "Max core file size        0                    0 "));
	CHECK(proc_has(signer_pid(signer), "status", "Threads:\t1"));
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
static int start_and_end(void *arg)
{
	struct signer *signer = signer_start(KEY);

	(void)arg;
	return signer && write(STDERR_FILENO, &(pid_t){ signer_pid(signer) }, sizeof(pid_t)) > 0 ? 0 : 1;
}

static void it_ends_when_the_asking_process_does(void)
{
	struct child child;
	int status = -1;
	pid_t pid;

	CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	back = enter_scratch(scratch);
	CHECK(write_bytes(KEY, test_secret(), ECDSA_SECRET_LEN));
	child = run_child(start_and_end, NULL);
	CHECK(child.status == 0);
	memcpy(&pid, child.said, sizeof(pid));
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
	CHECK(!unlink(KEY));
	CHECK(leave_scratch(scratch, back));
	CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 0));
}

static int start_only(void *path)
{
	struct signer *signer = signer_start(path);

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
	RUN(receipts_are_over_what_was_given);
	RUN(many_threads_each_get_their_own_signature);
	RUN(a_signer_that_was_killed_stays_so);
	RUN(killed_under_load_nobody_waits_for_ever);
	RUN(a_signer_that_hangs_is_given_up_after_its_patience);
	RUN(signals_for_the_server_do_not_end_it);
	RUN(it_has_no_descriptors_but_its_socket_and_the_first_three);
	RUN(it_is_shut_off);
	RUN(it_ends_when_it_is_released);
	RUN(it_ends_when_the_asking_process_does);
	RUN(without_a_key_there_is_no_signer);
	return DONE();
}
