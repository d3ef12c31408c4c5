/*
 * child.h - what a test does in a process of its own: its exit status, what
 * it wrote on stderr, and a directory that goes with the test.
 */
#ifndef OYSTER_CHILD_H
#define OYSTER_CHILD_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX	8192	/* bytes kept of stderr */

struct child {
	int status;		/* exit status; -1 if a signal ended it */
	char said[SAID_MAX];	/* its stderr */
};

static inline void read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
}

/* Run a function in a child; what it returns is the exit status. */
static inline struct child run_child(int function(void *arg), void *arg)
{
	struct child child = { .status = -1 };
	int tube[2], status;
	pid_t pid;

	fflush(NULL);
	if (pipe(tube) || (pid = fork()) < 0) {
		fputs("Bail out! no child process\n", stdout);
		exit(EXIT_FAILURE);
	}
	if (pid == 0) {
		dup2(tube[1], STDERR_FILENO);
		close(tube[0]);
		close(tube[1]);
		_exit(function(arg));
	}
	close(tube[1]);
	read_all(tube[0], child.said, sizeof(child.said));
	close(tube[0]);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		child.status = WEXITSTATUS(status);
	return child;
}

/* How many lines hold the text. */
static inline int lines_with(const char *said, const char *text)
{
	char line[SAID_MAX];
	size_t len;
	int count = 0;

	for (; *said; said += len + (said[len] == '\n')) {
		len = strcspn(said, "\n");
		memcpy(line, said, len);
		line[len] = '\0';
		count += strstr(line, text) != NULL;
	}
	return count;
}

/* A fresh directory becomes the working directory; returns the old one's descriptor. */
static inline int enter_scratch(char path[static 32])
{
	int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	strcpy(path, "/tmp/oyster-unit-XXXXXX");
	if (back < 0 || !mkdtemp(path) || chdir(path)) {
		fputs("Bail out! no scratch directory\n", stdout);
		exit(EXIT_FAILURE);
	}
	return back;
}

/* Back again; the directory must be empty. */
static inline bool leave_scratch(const char *path, int back)
{
	bool ok = !fchdir(back) && !rmdir(path);

	close(back);
	return ok;
}

static inline bool write_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && write(fd, bytes, len) == (ssize_t)len;

	close(fd);
	return ok;
}

#endif
