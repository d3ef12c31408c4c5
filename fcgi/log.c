/* Lines on stderr; see log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE	512	/* bytes; what is longer is cut */

static bool is_mute;

void log_mute(bool mute)
{
	is_mute = mute;
}

void log_line(const char *format, ...)
{
	char line[LINE] = "oyster-responder: ";
	size_t len = strlen(line);
	va_list args;

	if (is_mute)
		return;
	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);

	len = strlen(line);
	line[len++] = '\n';
	while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
		;
}
