/* Messages over a socket that takes and gives less than it is asked. */
#include <sys/socket.h>
#include <unistd.h>

#include "keys/wire.h"
#include "tests/unit/bytes.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

/* The socket takes, or gives, at most so many bytes; 0: as it likes. */
static size_t at_most;

ssize_t __real_sendmsg(int socket, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int socket, const struct msghdr *message, int flags);

ssize_t __wrap_sendmsg(int socket, const struct msghdr *message, int flags)
{
	char bytes[64];
	size_t i, len = 0;

	if (fault_is_due("sendmsg"))
		return fault_result;
	if (at_most == 0)
		return __real_sendmsg(socket, message, flags);
	for (i = 0; i < message->msg_iovlen && len < at_most; i++) {
		struct iovec part = message->msg_iov[i];
		size_t some = part.iov_len < at_most - len ? part.iov_len : at_most - len;

		memcpy(bytes + len, part.iov_base, some);
		len += some;
	}
	return send(socket, bytes, len, flags);
}

ssize_t __real_recv(int socket, void *bytes, size_t len, int flags);
ssize_t __wrap_recv(int socket, void *bytes, size_t len, int flags);

ssize_t __wrap_recv(int socket, void *bytes, size_t len, int flags)
{
	if (fault_is_due("recv"))
		return fault_result;
	return __real_recv(socket, bytes, at_most && at_most < len ? at_most : len, flags);
}

static int pair[2];

static void open_pair(void)
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
	at_most = 0;
}

#define WORDS	"the quick brown fox"

static bool send_words(void)
{
	static char texts[][8] = { "", "the", "", " quick ", "b", "", "rown", " fox" };
	struct iovec parts[COUNT(texts)];
	size_t i;

	for (i = 0; i < COUNT(texts); i++)
		parts[i] = (struct iovec){ texts[i], strlen(texts[i]) };
	return wire_send(pair[0], parts, COUNT(texts));
}

static void parts_are_sent_whole_however_little_is_taken_at_once(void)
{
	char got[2 * sizeof(WORDS)];

	for (at_most = 0; at_most <= sizeof(WORDS); at_most++) {
		size_t limit = at_most;

		open_pair();
		CHECK(send_words());
		at_most = 0;
		memset(got, 0, sizeof(got));
		CHECK(read(pair[1], got, sizeof(got)) == sizeof(WORDS) - 1 && !strcmp(got, WORDS));
		close_pair();
		at_most = limit;
	}
	at_most = 0;
}

static void nothing_to_send_is_sent(void)
{
	struct iovec part = { NULL, 0 };

	open_pair();
	CHECK(wire_send(pair[0], &part, 0) && wire_send(pair[0], &part, 1));
	CHECK(recv(pair[1], &part, 1, MSG_DONTWAIT) < 0);
	close_pair();
}

static void a_signal_does_not_cut_what_is_sent(void)
{
	char got[2 * sizeof(WORDS)] = "";

	open_pair();
	fault_set("sendmsg", 1, EINTR, -1);
	CHECK(send_words() && fault_came());
	CHECK(read(pair[1], got, sizeof(got)) == sizeof(WORDS) - 1 && !strcmp(got, WORDS));
	close_pair();
}

static void what_cannot_be_sent_is_told(void)
{
	static const int errors[] = { EAGAIN, EPIPE, ECONNRESET, ENOMEM };
	size_t i;

	open_pair();
	for (i = 0; i < COUNT(errors); i++) {
		fault_set("sendmsg", 1, errors[i], -1);
		CHECK(!send_words() && fault_came());
	}
	close(pair[1]);
	CHECK(!send_words());	/* and no SIGPIPE */
	close(pair[0]);
}

static void bytes_are_received_whole_however_few_come_at_once(void)
{
	char got[sizeof(WORDS) + 1];
	size_t limit;

	for (limit = 0; limit <= sizeof(WORDS); limit++) {
		open_pair();
		CHECK(write(pair[0], WORDS, sizeof(WORDS)) == sizeof(WORDS));
		at_most = limit;
		memset(got, 0x7f, sizeof(got));
		CHECK(wire_receive(pair[1], got, sizeof(WORDS)));
		CHECK(!strcmp(got, WORDS) && got[sizeof(WORDS)] == 0x7f);
		close_pair();
	}
}

static void a_signal_does_not_cut_what_is_received(void)
{
	char got[sizeof(WORDS)];

	open_pair();
	CHECK(write(pair[0], WORDS, sizeof(WORDS)) == sizeof(WORDS));
	at_most = 3;
	fault_set("recv", 2, EINTR, -1);
	CHECK(wire_receive(pair[1], got, sizeof(got)) && fault_came() && !strcmp(got, WORDS));
	close_pair();
}

static void what_does_not_come_is_told(void)
{
	char got[sizeof(WORDS)];

	open_pair();
	fault_set("recv", 1, EAGAIN, -1);
	CHECK(!wire_receive(pair[1], got, 1) && fault_came());
	CHECK(wire_receive(pair[1], got, 0));
	CHECK(write(pair[0], WORDS, 3) == 3 && !shutdown(pair[0], SHUT_WR));
	errno = EINTR;	/* of an earlier call, which says nothing about this one */
	CHECK(!wire_receive(pair[1], got, 4));
	close_pair();
}

static void a_signal_does_not_end_a_stream(void)
{
	uint8_t room[8];
	struct wire_in in = { .bytes = room, .size = sizeof(room) };

	open_pair();
	in.socket = pair[1];
	CHECK(write(pair[0], "ab", 2) == 2);
	fault_set("recv", 1, EINTR, -1);
	CHECK(wire_more(&in) && fault_came() && in.len == 2 && in.used == 0 && in.most == 2);
	fault_set("recv", 1, EINTR, -1);
	CHECK(wire_more(&in) && !fault_came());	/* there is some: nothing is asked */
	in.used = 2;
	fault_set("recv", 1, ECONNRESET, -1);
	CHECK(!wire_more(&in) && fault_came());
	CHECK(!shutdown(pair[0], SHUT_WR));
	errno = EINTR;
	CHECK(!wire_more(&in));
	close_pair();
}

static void a_stream_is_taken_in_any_pieces(void)
{
	uint8_t room[8], got[32];
	struct wire_in in = { .bytes = room, .size = sizeof(room) };
	size_t piece, done, len;

	for (piece = 1; piece <= sizeof(WORDS); piece++) {
		open_pair();
		in.socket = pair[1];
		in.len = in.used = 0;
		CHECK(write(pair[0], WORDS, sizeof(WORDS)) == sizeof(WORDS) && !shutdown(pair[0], SHUT_WR));
		for (done = 0; done < sizeof(WORDS); done += len) {
			len = piece < sizeof(WORDS) - done ? piece : sizeof(WORDS) - done;
			memset(got, 0x7f, sizeof(got));
			CHECK(wire_take(&in, got, len) && !memcmp(got, &WORDS[done], len) && got[len] == 0x7f);
		}
		CHECK(wire_take(&in, got, 0) && !wire_take(&in, got, 1));
		close_pair();
	}
}

static void some_is_no_more_than_came_and_no_more_than_was_asked(void)
{
	uint8_t room[8];
	struct wire_in in = { .bytes = room, .size = sizeof(room) };
	size_t len = 2;

	open_pair();
	in.socket = pair[1];
	CHECK(write(pair[0], "abcde", 5) == 5);
	CHECK(wire_some(&in, &len) == room && len == 2 && in.used == 2);
	len = 100;
	CHECK(wire_some(&in, &len) == room + 2 && len == 3 && in.used == 5);
	CHECK(!shutdown(pair[0], SHUT_WR) && !wire_some(&in, &len));
	close_pair();
}

static void what_was_taken_is_overwritten_once_nothing_is_left(void)
{
	static const uint8_t zeros[8];
	uint8_t room[9], got[8];
	struct wire_in in = { .bytes = room, .size = 8 };

	open_pair();
	in.socket = pair[1];
	room[8] = 'x';
	CHECK(write(pair[0], "abcdefgh", 8) == 8 && wire_take(&in, got, 7));
	wire_wipe(&in);
	CHECK(!memcmp(room, "abcdefgh", 8));	/* there is still an h to take */
	CHECK(wire_take(&in, got, 1) && *got == 'h');
	CHECK(write(pair[0], "ij", 2) == 2 && wire_take(&in, got, 2) && in.most == 8);
	wire_wipe(&in);
	CHECK(!memcmp(room, zeros, 8) && in.most == 0 && room[8] == 'x');
	memset(room, 'y', sizeof(room));
	CHECK(write(pair[0], "kl", 2) == 2 && wire_take(&in, got, 2));
	wire_wipe(&in);
	CHECK(!memcmp(room, zeros, 2) && room[2] == 'y');	/* and no more than came */
	close_pair();
}

int main(void)
{
	RUN(parts_are_sent_whole_however_little_is_taken_at_once);
	RUN(nothing_to_send_is_sent);
	RUN(a_signal_does_not_cut_what_is_sent);
	RUN(what_cannot_be_sent_is_told);
	RUN(bytes_are_received_whole_however_few_come_at_once);
	RUN(a_signal_does_not_cut_what_is_received);
	RUN(what_does_not_come_is_told);
	RUN(a_signal_does_not_end_a_stream);
	RUN(a_stream_is_taken_in_any_pieces);
	RUN(some_is_no_more_than_came_and_no_more_than_was_asked);
	RUN(what_was_taken_is_overwritten_once_nothing_is_left);
	return DONE();
}
