/* FastCGI records: what is in them is what was to be sent, and then the end. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/record.h"
#include "tests/unit/tap.h"

#define REQUEST	0x1234
#define ROOM	(1 << 20)	/* bytes */
#define STDOUT	6		/* types of records (FastCGI 1.0, section 8) */
#define END	3

struct sending {
	int socket;
	const struct text *parts;
	int count;
	bool ok;
};

static void *send_parts(void *arg)
{
	struct sending *sending = arg;

	sending->ok = record_send(sending->socket, REQUEST, sending->parts,
				  sending->count);
	close(sending->socket);
	return NULL;
}

/* Everything that the parts become, into to; returns how many bytes. */
static size_t sent(uint8_t *to, const struct text *parts, int count)
{
	struct sending sending = { .parts = parts, .count = count };
	pthread_t thread;
	size_t len = 0;
	ssize_t got;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	sending.socket = pair[0];
	if (pthread_create(&thread, NULL, send_parts, &sending))
		abort();
	while ((got = read(pair[1], to + len, ROOM - len)) > 0)
		len += (size_t)got;
	pthread_join(thread, NULL);
	close(pair[1]);
	CHECK(sending.ok);
	return len;
}

/* Whether the bytes are records of that output, its end, and the request's. */
static bool says(const uint8_t *bytes, size_t len, const char *output,
		 size_t output_len)
{
	static const uint8_t end[] = {
		1, STDOUT, 0x12, 0x34, 0, 0, 0, 0,
		1, END, 0x12, 0x34, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	static const uint8_t head[] = { 1, STDOUT, 0x12, 0x34 };
	size_t content;

	while (output_len > 0) {
		if (len < 8 || memcmp(bytes, head, sizeof(head)))
			return false;
		content = (size_t)bytes[4] << 8 | bytes[5];
		if (content == 0 || content > output_len ||
		    len < 8 + content + bytes[6] ||
		    memcmp(bytes + 8, output, content))
			return false;
		output += content;
		output_len -= content;
		len -= 8 + content + bytes[6];
		bytes += 8 + content + bytes[6];
	}
	return len == sizeof(end) && !memcmp(bytes, end, sizeof(end));
}

static char output[ROOM / 2];
static uint8_t bytes[ROOM];

static void every_length_arrives_whole(void)
{
	static const size_t lens[] = { 1, 7, 8, 65527, 65528, 65529, 65535, 65536,
				       131056, 131057, sizeof(output) };
	size_t i;

	for (i = 0; i < COUNT(lens); i++) {
		struct text part = { output, lens[i] };

		CHECK(says(bytes, sent(bytes, &part, 1), output, lens[i]));
	}
}

static void parts_become_one_output(void)
{
	struct text parts[RECORD_PARTS] = { { NULL, 0 } };
	size_t len = 0;
	int i;

	for (i = 0; i < RECORD_PARTS; i++) {
		parts[i] = (struct text){ output + len, (size_t)(i % 3) * 4099 };
		len += parts[i].len;
	}
	CHECK(says(bytes, sent(bytes, parts, RECORD_PARTS), output, len));
}

static void no_output_is_an_end_alone(void)
{
	struct text part = { NULL, 0 };

	CHECK(says(bytes, sent(bytes, NULL, 0), NULL, 0));
	CHECK(says(bytes, sent(bytes, &part, 1), NULL, 0));
}

static void a_server_that_is_gone_is_noticed(void)
{
	struct text part = { output, sizeof(output) };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	close(pair[1]);
	CHECK(!record_send(pair[0], REQUEST, &part, 1));
	close(pair[0]);
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(output); i++)
		output[i] = (char)(i * 7 + i / 251);
	RUN(every_length_arrives_whole);
	RUN(parts_become_one_output);
	RUN(no_output_is_an_end_alone);
	RUN(a_server_that_is_gone_is_noticed);
	return DONE();
}
