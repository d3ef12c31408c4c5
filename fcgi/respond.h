/*
 * respond.h - requests from the web server: FastCGI, or plain CGI.
 *
 * Only respond.c includes fcgiapp.h.  It reads a call, has it served, and
 * writes header and body; it never decides what they say.
 */
#ifndef OYSTER_RESPOND_H
#define OYSTER_RESPOND_H

#include <stdbool.h>

#include "serve.h"

/* Whether this process was started as a CGI program, not as a FastCGI responder. */
bool respond_is_cgi(void);

/* Answer the one request of a CGI program; false if nobody could be answered. */
bool respond_cgi(const struct server *server)
	__attribute__((nonnull, warn_unused_result));

/*
 * Prepare descriptor 0, the socket that the web server listens on.
 * Before there are threads.  Returns: false, with a log line, if it is none.
 */
bool respond_init(void) __attribute__((warn_unused_result));

/*
 * Shut the socket down: connections that wait in its queue can still be
 * accepted, others are refused at once, so that the web server takes them to
 * another process.  The socket must be this process's alone, as lighttpd's are.
 */
void respond_stop(void);

/* What one thread needs to answer one request after the other. */
struct responder;

/* NULL without memory; to be released with responder_free. */
struct responder *responder_new(const struct server *server)
	__attribute__((nonnull, warn_unused_result));

/*
 * Wait for a request.
 *
 * Returns: false when there was nothing to accept: when stopping, and when
 *          there was no memory or no descriptor for it
 */
bool responder_accept(struct responder *responder)
	__attribute__((nonnull, warn_unused_result));

/* Answer the request that was accepted. */
void responder_answer(struct responder *responder) __attribute__((nonnull));

/* NULL is fine. */
void responder_free(struct responder *responder);

#endif
