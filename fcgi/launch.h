/*
 * launch.h - the start of a web server around the responder, without a shell.
 *
 * The server needs a private directory (sockets, temporary files, the texts
 * of the errors that it answers by itself) and, in its environment, the
 * values that its configuration asks for:
 *
 *	OYSTER_PORT		TCP port
 *	OYSTER_RUN_DIR		the private directory, absolute
 *	OYSTER_KEY_FILE		absolute: the server starts us elsewhere
 *	OYSTER_MAX_BODY_KB	OYSTER_MAX_BODY in KiB, rounded up
 *	OYSTER_RESPONDER	the path of this program, unless it is set
 */
#ifndef OYSTER_LAUNCH_H
#define OYSTER_LAUNCH_H

#include <stdbool.h>

#include "config.h"

/*
 * Prepare directory and environment, and become the command.
 *
 * Returns: only on failure, with a log line
 */
void launch(const struct config *config, char *const command[])
	__attribute__((nonnull));

#endif
