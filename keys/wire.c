/* Whole messages over a stream socket; see wire.h. */
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Take sent bytes off the front of the parts; returns how many are left. */
static int use_up(struct iovec **parts, int count, size_t sent)
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

bool wire_send(int socket, struct iovec *parts, int count)
{
	struct msghdr message = { 0 };
	ssize_t sent;

	while ((count = use_up(&parts, count, 0)) > 0) {
		message.msg_iov = parts;
		message.msg_iovlen = (size_t)count;
		do
			sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		while (sent < 0 && errno == EINTR);
		if (sent < 0)
			return false;
		count = use_up(&parts, count, (size_t)sent);
	}
	return true;
}

bool wire_receive(int socket, void *bytes, size_t len)
{
	char *to = bytes;
	ssize_t got;

	while (len > 0) {
		got = recv(socket, to, len, MSG_WAITALL);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		len -= (size_t)got;
	}
	return true;
}

bool wire_more(struct wire_in *in)
{
	ssize_t got;

	if (in->used < in->len)
		return true;
	do
		got = recv(in->socket, in->bytes, in->size, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	in->used = 0;
	in->len = (size_t)got;
	if (in->most < in->len)
		in->most = in->len;
	return true;
}

const void *wire_some(struct wire_in *in, size_t *len)
{
	const uint8_t *bytes;

	if (!wire_more(in))
		return NULL;
	if (*len > in->len - in->used)
		*len = in->len - in->used;
	bytes = in->bytes + in->used;
	in->used += *len;
	return bytes;
}

bool wire_take(struct wire_in *in, void *bytes, size_t len)
{
	uint8_t *to = bytes;
	const void *from;
	size_t some;

	for (; len > 0; len -= some) {
		some = len;
		from = wire_some(in, &some);
		if (!from)
			return false;
		memcpy(to, from, some);
		to += some;
	}
	return true;
}

void wire_wipe(struct wire_in *in)
{
	if (in->used < in->len)
		return;		/* part of the next question is there */
	explicit_bzero(in->bytes, in->most);
	in->most = 0;
}
