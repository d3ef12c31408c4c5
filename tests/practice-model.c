/*
 * practice-model: a stand-in for Ollama 0.6.0 that gives canned answers fast,
 * and misbehaves when the model's name says so.
 *
 *   practice-model [-p PORT] [-w FILE] [-l FILE] [-r FILE]
 *
 *   -p PORT   listen on 127.0.0.1:PORT; 0, the default: a free one
 *   -w FILE   write the port number into FILE when it listens
 *   -l FILE   append each request: a line METHOD PATH LENGTH, then its body
 *             and a newline
 *   -r FILE   overwrite FILE with the bytes of each request, head and body
 *
 * GET /oyster/stats tells what happened so far; it is neither counted nor
 * kept in these files.  SIGTERM and SIGINT end it with status 0; a token
 * beyond the vocabulary ends it with status 2, as it would end Ollama.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "practice/practice.h"

#define BACKLOG	4096

static struct {
	int epoll, listener, signals;
	const char *last_file;
	int log;		/* -1 for none */
} the = { .log = -1 };

void die(const char *what)
{
	fprintf(stderr, "practice-model: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0)
			die("cannot write");
		bytes += n;
		len -= (size_t)n;
	}
}

/* Whoever reads the file sees all of it or none. */
static void write_file(const char *path, const char *bytes, size_t len)
{
	static char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s.%ld", path, (long)getpid());
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		die(name);
	write_all(fd, bytes, len);
	close(fd);
	if (rename(name, path))
		die(path);
}

void record_request(const struct request *rq, const char *bytes)
{
	static struct buf line;

	if (the.last_file)
		write_file(the.last_file, bytes, rq->size);
	if (the.log < 0)
		return;
	buf_reset(&line);
	buf_add(&line, rq->method.at, rq->method.len);
	buf_str(&line, " ");
	buf_add(&line, rq->target.at, rq->target.len);
	buf_printf(&line, " %zu\n", rq->body.len);
	buf_add(&line, rq->body.at, rq->body.len);
	buf_str(&line, "\n");
	write_all(the.log, line.data, line.len);
}

static void accept_all(void)
{
	int fd;

	while ((fd = accept4(the.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_open(the.epoll, fd);
}

static void serve(void)
{
	struct epoll_event events[256];

	for (;;) {
		int count = epoll_wait(the.epoll, events, 256, conns_wait_ms());

		if (count < 0 && errno != EINTR)
			die("epoll_wait");
		conns_tick();
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &the.signals)
				return;
			if (events[i].data.ptr == &the.listener)
				accept_all();
			else
				conn_event(events[i].data.ptr, events[i].events);
		}
		conns_go_on();
	}
}

static void watch(int fd, void *ptr)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = ptr } };

	if (fd < 0 || epoll_ctl(the.epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	the.signals = signalfd(-1, &set, SFD_CLOEXEC);
	watch(the.signals, &the.signals);
}

/* Returns the port. */
static int listen_on(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof(at);
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	the.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(the.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(the.listener, (struct sockaddr *)&at, len) || listen(the.listener, BACKLOG) ||
	    getsockname(the.listener, (struct sockaddr *)&at, &len))
		die("cannot listen");
	watch(the.listener, &the.listener);
	return ntohs(at.sin_port);
}

static void usage(FILE *to)
{
	fputs("usage: practice-model [-p PORT] [-w FILE] [-l FILE] [-r FILE]\n", to);
}

static int port_number(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (end == text || *end || port < 0 || port > 65535) {
		fprintf(stderr, "practice-model: not a port: `%s'\n", text);
		exit(EXIT_FAILURE);
	}
	return (int)port;
}

static void announce(int port, const char *port_file)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", port);

	if (port_file)
		write_file(port_file, text, (size_t)len);
	printf("practice-model: http://127.0.0.1:%d\n", port);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option names[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	struct rlimit files;
	const char *port_file = NULL;
	int option, port = 0;

	while ((option = getopt_long(argc, argv, "p:w:l:r:h", names, NULL)) != -1) {
		switch (option) {
		case 'p':
			port = port_number(optarg);
			break;
		case 'w':
			port_file = optarg;
			break;
		case 'l':
			the.log = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
			if (the.log < 0)
				die(optarg);
			break;
		case 'r':
			the.last_file = optarg;
			break;
		case 'h':
			usage(stdout);
			twist_help();
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	the.epoll = epoll_create1(EPOLL_CLOEXEC);
	catch_signals();
	announce(listen_on(port), port_file);
	serve();
	conns_close();
	return EXIT_SUCCESS;
}
