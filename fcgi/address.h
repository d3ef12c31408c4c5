/*
 * address.h - where the model server's name leads.
 *
 * A responder looks the name up once, at its start: later it can open none of
 * the files that this takes.  When nobody is there any more, the responder has
 * to end, and the next one looks again.
 */
#ifndef OYSTER_ADDRESS_H
#define OYSTER_ADDRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_LIST	1024	/* bytes: port and addresses of a server */

struct address {
	bool is_named;		/* by a name, not by an address */
	char list[ADDRESS_LIST];	/* of the name: `*:port:address,address...'; or empty */
	_Atomic int64_t failing;	/* relay_now() since when nothing connects, or 0 */
	_Atomic int64_t failed;	/* relay_now() of the last that did not */
};

/*
 * Look the host of http://host:port up.
 *
 * Out:     address  with a list, as CURLOPT_RESOLVE wants it, if the host is a
 *                   name that leads somewhere; if it does not, with a log line
 */
void address_find(struct address *address, const char *upstream)
	__attribute__((nonnull));

/* It is a name that leads nowhere. */
bool address_is_nowhere(const struct address *address) __attribute__((nonnull));

/* Tell whether somebody was there. */
void address_note(struct address *address, bool there, int64_t now)
	__attribute__((nonnull));

/*
 * Whether for seconds nobody has been where the name led.  One failure does
 * not tell, however long ago: who was away may be back, and nobody has asked.
 */
bool address_is_lost(const struct address *address) __attribute__((nonnull));

#endif
