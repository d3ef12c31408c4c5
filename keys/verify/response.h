/*
 * response.h - a response as curl saves it: `curl -si' in one piece, or
 * `curl -sD FILE -o FILE' in two.
 *
 * Nothing is copied: the parts lie in the bytes that were read.
 */
#ifndef OYSTER_RESPONSE_H
#define OYSTER_RESPONSE_H

#include <stddef.h>

#include "fcgi/buf.h"

#define RESPONSE_HEAD_MAX	65536	/* bytes of all heads together */
#define RESPONSE_FIELDS		128	/* header fields of one head */

struct response_field {
	struct text name;	/* as it is spelled */
	struct text value;	/* without the blanks around it */
};

struct response {
	unsigned status;
	size_t count;		/* of fields */
	struct response_field field[RESPONSE_FIELDS];
	struct text body;
};

/*
 * Read the head; interim responses (1xx) before it are passed over.  Lines
 * end in CRLF or LF.
 *
 * In:      saved  the head; when body is NULL, with the body behind it
 * Returns: NULL, or why this is no response: a sentence's end after a name
 */
const char *response_read(struct response *response, struct text saved,
			  const struct text *body)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * Find a header field.
 *
 * In:      name   lower case
 * Out:     value  of the last one; empty if there is none
 * Returns: how many fields have that name
 */
size_t response_field(const struct response *response, const char *name,
		      struct text *value)
	__attribute__((nonnull));

#endif
