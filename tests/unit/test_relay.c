/* What libcurl is told never to do, for any upstream. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/socket.h>

#include "fcgi/relay.h"
#include "tests/unit/bytes.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define SOON	2000	/* ms */

/* config.c lets no other scheme pass; here it is passed by. */
static void no_protocol_but_http_is_spoken(void)
{
	struct relay *relay = relay_new("file://", 1);
	struct buf reply = BUF_INIT(100);
	char scratch[32], path[PATH_MAX];
	int back = enter_scratch(scratch);
	long status = -1;

	CHECK(write_bytes("file", "secret", 6));
	CHECK(realpath("file", path) != NULL);
	CHECK(relay && relay_get(relay, &status, &reply, path,
				 relay_now() + SOON) == OYSTER_ECUT);
	CHECK(status == -1 && reply.len == 0);

	relay_free(relay);
	CHECK(!unlink("file"));
	CHECK(leave_scratch(scratch, back));
}

/* A server that answers each connection's first request, and says more behind it. */
struct talker {
	int listens;
	int connections;
};

static void *talk(void *arg)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";
	static const char more[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale";
	struct talker *talker = arg;
	char request[4096];
	int client;

	while ((client = accept(talker->listens, NULL, NULL)) >= 0) {
		talker->connections++;
		if (recv(client, request, sizeof(request), 0) > 0) {
			send(client, first, sizeof(first) - 1, MSG_NOSIGNAL);
			usleep(50000);
			send(client, more, sizeof(more) - 1, MSG_NOSIGNAL);
			while (recv(client, request, sizeof(request), 0) > 0)
				;
		}
		close(client);
	}
	return NULL;
}

/* A socket to which anybody can connect. */
static int listen_at(char url[static 64])
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listens = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(to);

	CHECK(!bind(listens, (struct sockaddr *)&to, len));
	CHECK(!listen(listens, 8));
	CHECK(!getsockname(listens, (struct sockaddr *)&to, &len));
	snprintf(url, 64, "http://127.0.0.1:%d", ntohs(to.sin_port));
	return listens;
}

static void what_came_unasked_is_no_reply(void)
{
	struct buf reply = BUF_INIT(100);
	char url[64];
	struct talker talker = { .listens = listen_at(url) };
	struct relay *relay;
	pthread_t thread;
	long status;
	int i;

	CHECK(!pthread_create(&thread, NULL, talk, &talker));
	relay = relay_new(url, 1);

	for (i = 0; relay && i < 3; i++) {
		CHECK(relay_get(relay, &status, &reply, "/", relay_now() + SOON) == OYSTER_OK);
		CHECK(reply.len == 5 && !memcmp(reply.data, "first", 5));
		buf_clear(&reply);
		usleep(200000);	/* until there is more */
	}
	relay_free(relay);
	shutdown(talker.listens, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(talker.listens);
	CHECK(talker.connections == 3);
}

static int given;

void __wrap_wipe_give_stack(void);

void __wrap_wipe_give_stack(void)
{
	given++;
}

/* A server that never answers. */
static void who_waits_for_long_gives_back_stack(void)
{
	char url[64];
	int listens = listen_at(url);
	struct relay *relay = relay_new(url, 1);
	struct buf reply = BUF_INIT(100);
	long status;

	CHECK(relay_get(relay, &status, &reply, "/", relay_now() + 200) == OYSTER_ETIMEOUT);
	CHECK(given == 0);
	CHECK(relay_get(relay, &status, &reply, "/", relay_now() + 3000) == OYSTER_ETIMEOUT);
	CHECK(given > 0);
	relay_free(relay);
	close(listens);
}

int main(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return 1;
	RUN(no_protocol_but_http_is_spoken);
	RUN(what_came_unasked_is_no_reply);
	RUN(who_waits_for_long_gives_back_stack);
	curl_global_cleanup();
	return DONE();
}
