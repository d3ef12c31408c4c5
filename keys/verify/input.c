/* Files that are read whole; see input.h. */
#include "input.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
