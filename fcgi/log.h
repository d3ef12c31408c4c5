/*
 * log.h - lines on stderr, which lighttpd puts into its own log.
 *
 * Nothing that came from a client or from the model is ever logged: events
 * and numbers only.
 */
#ifndef OYSTER_LOG_H
#define OYSTER_LOG_H

#include <stdbool.h>

/* One line, written at once, so that threads and processes do not mix. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether lines are dropped: for who knows better what to say. */
void log_mute(bool mute);

#endif
