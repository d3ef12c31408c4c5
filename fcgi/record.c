/* FastCGI records (FastCGI Specification 1.0, sections 3.3 and 5.5); see record.h. */
#include "record.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdint.h>
#include <sys/socket.h>

#define CONTENT_MAX	65528	/* bytes in a record: the most that need no padding */

/* What ends every answer. */
struct end {
	FCGI_Header output;	/* an empty record */
	FCGI_EndRequestRecord request;
};

static FCGI_Header header(int type, int request, size_t len)
{
	return (FCGI_Header){
		.version = FCGI_VERSION_1,
		.type = (unsigned char)type,
		.requestIdB1 = (unsigned char)(request >> 8),
		.requestIdB0 = (unsigned char)request,
		.contentLengthB1 = (unsigned char)(len >> 8),
		.contentLengthB0 = (unsigned char)len,
	};
}

/* Pass bytes that were sent; returns how many parts are left. */
static int pass(struct iovec **parts, int count, size_t sent)
{
	while (count > 0 && sent >= (*parts)->iov_len) {
		sent -= (*parts)->iov_len;
		(*parts)++;
		count--;
	}
	if (count > 0) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + sent;
		(*parts)->iov_len -= sent;
	}
	return count;
}

static bool send_all(int socket, struct iovec *parts, int count)
{
	struct msghdr message = { 0 };
	ssize_t sent;

	while (count > 0) {
		message.msg_iov = parts;
		message.msg_iovlen = (size_t)count;
		do
			sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		while (sent < 0 && errno == EINTR);
		if (sent < 0)
			return false;
		count = pass(&parts, count, (size_t)sent);
	}
	return true;
}

/*
 * Take the next record's content off the parts.
 *
 * Out:     content  at most *count slices, CONTENT_MAX bytes in all
 * Returns: how many slices
 */
static int slice(struct iovec *content, struct iovec **parts, int *count,
		 size_t *len)
{
	int slices = 0;

	*len = 0;
	while (*count > 0 && *len < CONTENT_MAX) {
		struct iovec part = **parts;

		if (part.iov_len > CONTENT_MAX - *len)
			part.iov_len = CONTENT_MAX - *len;
		content[slices++] = part;
		*len += part.iov_len;
		*count = pass(parts, *count, part.iov_len);
	}
	return slices;
}

bool record_send(int socket, int request, const struct text *parts, int count)
{
	struct end end = { .output = header(FCGI_STDOUT, request, 0) };
	struct iovec whole[RECORD_PARTS], *left = whole;
	struct iovec record[1 + RECORD_PARTS + 1];
	FCGI_Header head;
	size_t len;
	int i, slices;

	end.request.header = header(FCGI_END_REQUEST, request,
				    sizeof(end.request.body));
	end.request.body.protocolStatus = FCGI_REQUEST_COMPLETE;
	for (i = 0; i < count; i++)
		whole[i] = (struct iovec){ (void *)(uintptr_t)parts[i].at,
					   parts[i].len };
	count = pass(&left, count, 0);

	do {
		slices = 1 + slice(record + 1, &left, &count, &len);
		head = header(FCGI_STDOUT, request, len);
		record[0] = (struct iovec){ &head, len ? sizeof(head) : 0 };
		if (count == 0)
			record[slices++] = (struct iovec){ &end, sizeof(end) };
		if (!send_all(socket, record, slices))
			return false;
	} while (count > 0);
	return true;
}
