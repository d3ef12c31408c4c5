/* Files that are read whole; see input.h. */
#include "input.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK	65536	/* bytes read at once */

static bool read_all(struct buf *buf, int fd, const char *path)
{
	char chunk[CHUNK];
	ssize_t got;

	for (;;) {
		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			warn("cannot read %s", path);
			return false;
		}
		if (got == 0)
			return true;
		switch (buf_add(buf, chunk, (size_t)got)) {
		case OYSTER_OK:
			break;
		case OYSTER_ETOOBIG:
			warnx("%s is larger than %zu bytes", path, buf->max);
			return false;
		default:
			warnx("out of memory");
			return false;
		}
	}
}

bool input_read(struct buf *buf, const char *path)
{
	bool ok;
	int fd;

	if (!strcmp(path, "-"))
		return read_all(buf, STDIN_FILENO, "standard input");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		warn("cannot open %s", path);
		return false;
	}
	ok = read_all(buf, fd, path);
	close(fd);
	return ok;
}

static bool is_readable(int fd)
{
	struct pollfd stdin_fd = { .fd = fd, .events = POLLIN };
	int bytes = 0;

	while (poll(&stdin_fd, 1, -1) < 0)
		if (errno != EINTR)
			return false;
	return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool input_is_waiting(void)
{
	struct stat stat;

	if (fstat(STDIN_FILENO, &stat))
		return false;	/* there is no standard input */
	if (S_ISREG(stat.st_mode))
		return lseek(STDIN_FILENO, 0, SEEK_CUR) < stat.st_size;
	return (S_ISFIFO(stat.st_mode) || S_ISSOCK(stat.st_mode)) &&
	       is_readable(STDIN_FILENO);
}

struct text input_text(const struct buf *buf)
{
	return (struct text){ buf->len ? buf->data : "", buf->len };
}

struct text input_digits(struct text text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) &&
	       text.at[text.len - 1])
		text.len--;
	if (text.len >= 2 && text.at[0] == '0' && text.at[1] == 'x') {
		text.at += 2;
		text.len -= 2;
	}
	return text;
}
