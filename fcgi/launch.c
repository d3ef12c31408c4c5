/* The start of a web server around the responder; see launch.h. */
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define LOCK_TRIES	30
#define LOCK_US		100000	/* between two of them */

/*
 * What lighttpd refuses by itself, with the status that it gives; it looks
 * for a file of this name and knows no other ending.
 */
static const struct {
	const char *name;
	const char *text;
} refusals[] = {
	{ "400.html", "the request is not valid http" },
	{ "411.html", "the request has no content-length" },
	{ "413.html", "the request body is larger than OYSTER_MAX_BODY" },
	{ "431.html", "the request headers are too large" },
	{ "500.html", "the responder failed" },
	{ "501.html", "this method or transfer-encoding is not supported" },
	{ "502.html", "the responder's answer was malformed" },
	{ "503.html", "the responder is not running" },
	{ "505.html", "this version of http is not supported" },
};

static bool complain(const char *what, const char *path)
{
	log_line("%s %s: %s", what, path, strerror(errno));
	return false;
}

/* lighttpd puts -0 and -1 behind it; sockets have short names (unix(7)). */
static bool socket_fits(const char *run_dir)
{
	struct sockaddr_un address;

	if (strlen(run_dir) + sizeof("/responder-0") <= sizeof(address.sun_path))
		return true;
	log_line("OYSTER_RUN_DIR %s: too long for the name of a socket", run_dir);
	return false;
}

/* With a slash behind it a symbolic link would be followed. */
static bool make_directory(struct stat *st, const char *path)
{
	char plain[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= sizeof(plain)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(plain, path, len);
	plain[len] = '\0';
	return (!mkdir(plain, 0700) || errno == EEXIST) && !lstat(plain, st);
}

/* A directory of our own that nobody else can look into. */
static bool make_private(const char *path)
{
	struct stat st;

	if (!make_directory(&st, path))
		return complain("OYSTER_RUN_DIR", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077) {
		log_line("OYSTER_RUN_DIR %s: not a directory of our own with mode 0700",
			 path);
		return false;
	}
	return true;
}

/*
 * One server a directory: a second one would take the sockets of the first
 * for its own.  The lock is held by whoever has the open file: the command,
 * and the responders that it starts, which may still be ending when their
 * server was killed.
 */
static bool take_lock(const char *run_dir)
{
	char path[PATH_MAX];
	int tries = LOCK_TRIES, fd;

	if (snprintf(path, sizeof(path), "%s/lock", run_dir) >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return complain("file", path);
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK || --tries == 0) {
			log_line("OYSTER_RUN_DIR %s: another server runs there",
				 run_dir);
			close(fd);
			return false;
		}
		usleep(LOCK_US);
	}
	return true;
}

/* A server that was killed leaves prompts behind, in the clear. */
static bool remove_uploads(const char *run_dir)
{
	static const char prefix[] = "lighttpd-upload-";
	struct dirent *entry;
	DIR *dir = opendir(run_dir);
	bool ok = dir;

	while (ok && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, sizeof(prefix) - 1))
			ok = !unlinkat(dirfd(dir), entry->d_name, 0);
	if (!ok)
		complain("OYSTER_RUN_DIR", run_dir);
	if (dir)
		closedir(dir);
	return ok;
}

static bool make_inside(char *path, size_t size, const char *dir,
			const char *name)
{
	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size) {
		errno = ENAMETOOLONG;
		return complain("OYSTER_RUN_DIR", dir);
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return complain("directory", path);
	return true;
}

static bool write_refusal(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;
	bool ok;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "we");
	if (!file)
		return complain("file", path);
	ok = fprintf(file, "{\"error\":\"%s\"}\n", text) > 0;
	ok = !fclose(file) && ok;
	if (!ok)
		complain("file", path);
	return ok;
}

static bool make_refusals(const char *run_dir)
{
	char dir[PATH_MAX];
	size_t i;

	if (!make_inside(dir, sizeof(dir), run_dir, "errors"))
		return false;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!write_refusal(dir, refusals[i].name, refusals[i].text))
			return false;
	return true;
}

static bool export_number(const char *name, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	return !setenv(name, text, 1);
}

static bool export_path(const char *name, const char *path)
{
	char absolute[PATH_MAX];

	return realpath(path, absolute) ? !setenv(name, absolute, 1) :
					  complain(name, path);
}

/* lighttpd takes a program's path apart at white space, whatever the quotes. */
static bool export_program(void)
{
	if (!getenv("OYSTER_RESPONDER") &&
	    !export_path("OYSTER_RESPONDER", "/proc/self/exe"))
		return false;
	if (!strpbrk(getenv("OYSTER_RESPONDER"), " \t\n"))
		return true;
	log_line("OYSTER_RESPONDER: white space in the path of the program");
	return false;
}

static bool export_all(const struct config *config)
{
	return export_number("OYSTER_PORT", config->port) &&
	       export_number("OYSTER_MAX_BODY_KB", (config->max_body + 1023) / 1024) &&
	       export_path("OYSTER_RUN_DIR", config->run_dir) &&
	       export_path("OYSTER_KEY_FILE", config->key_file) &&
	       export_program() && socket_fits(getenv("OYSTER_RUN_DIR"));
}

void launch(const struct config *config, char *const command[])
{
	if (!make_private(config->run_dir) || !take_lock(config->run_dir) ||
	    !remove_uploads(config->run_dir) || !make_refusals(config->run_dir) ||
	    !export_all(config))
		return;
	execvp(command[0], command);
	complain("cannot start", command[0]);
}
