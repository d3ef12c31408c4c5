/*
 * record.h - an answer as FastCGI records, from where it lies.
 *
 * libfcgi's own stream would copy all of it into a buffer of 8 KB, again and
 * again, and make a record and a system call of each.
 */
#ifndef OYSTER_RECORD_H
#define OYSTER_RECORD_H

#include <stdbool.h>

#include "buf.h"

#define RECORD_PARTS	24	/* of an answer, at most */

/*
 * Send the parts as the output of a request, its end, and the request's end.
 *
 * In:      socket   the web server's connection
 *          request  the id that it gave
 *          parts    empty ones are fine, and none at all
 * Returns: false if the web server is gone
 */
bool record_send(int socket, int request, const struct text *parts, int count)
	__attribute__((warn_unused_result));

#endif
