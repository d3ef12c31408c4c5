/*
 * conn.c - connections: what comes in, what is held back, what goes out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "practice.h"

#define READ_BYTES	16384
#define NEVER		INT64_MAX
#define LONGEST_WAIT	60000	/* ms */
#define DRIP_MS		1000

struct conn {
	struct conn *prev, *next;
	int fd, epoll;
	uint32_t watched;	/* events that epoll was asked for */
	struct buf in;
	size_t used;		/* bytes of in that the request at work takes */
	bool continued;		/* 100 Continue was sent for it */
	bool busy;		/* a reply is held or being sent */
	bool blocked;		/* the socket takes no more yet */
	int64_t due;		/* ms: when to go on, or NEVER */
	size_t sent;
	struct reply reply;
};

static struct {
	struct conn *conns;
	int64_t now;		/* ms */
	int64_t next_due;	/* no connection is due before */
} the = { .next_due = NEVER };

struct counters counters;

/* Returns false, as every function that may end the connection. */
static bool conn_close(struct conn *c)
{
	if (c->busy) {
		counters.waiting--;
		counters.aborted++;
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		the.conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->reply.bytes);
	free(c);
	return false;
}

void conn_open(int epoll, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data = { .ptr = c } };
	int on = 1;

	if (!c)
		die("new connection");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->fd = fd;
	c->epoll = epoll;
	c->watched = event.events;
	c->due = NEVER;
	c->next = the.conns;
	if (c->next)
		c->next->prev = c;
	the.conns = c;
	counters.connections++;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void conn_later(struct conn *c, int64_t ms)
{
	c->due = ms < 0 ? NEVER : the.now + ms + 1;
	if (c->due < the.next_due)
		the.next_due = c->due;
}

/* The reply is out: ready for the next request. */
static void conn_rest(struct conn *c)
{
	c->busy = c->continued = false;
	counters.waiting--;
	c->in.len -= c->used;
	if (c->in.len)
		memmove(c->in.data, c->in.data + c->used, c->in.len);
	else
		buf_reset(&c->in);
	buf_reset(&c->reply.bytes);
}

static bool conn_end(struct conn *c)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	switch (c->reply.ending) {
	case END_RESET:
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		/* fall through */
	case END_CLOSE:
		conn_rest(c);
		return conn_close(c);
	case END_STALL:
		return true;
	case END_ENDLESS:
		answer_endless(&c->reply);
		c->sent = 0;
		c->blocked = true;	/* go on when there is room */
		return true;
	case END_DIE:
		fputs("practice-model: a model told me to end\n", stderr);
		_exit(3);
	case END_KEEP:
		conn_rest(c);
	}
	return true;
}

/* Send what may go now. */
static bool conn_push(struct conn *c)
{
	size_t all = c->reply.bytes.len;
	size_t now = c->reply.drip_from < all ? c->reply.drip_from : all;

	c->due = NEVER;
	c->blocked = false;
	while (c->sent < now) {
		ssize_t n = send(c->fd, c->reply.bytes.data + c->sent, now - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			c->blocked = true;
			return true;
		}
		if (n < 0)
			return conn_close(c);
		c->sent += (size_t)n;
	}
	if (c->sent == all)
		return conn_end(c);
	c->reply.drip_from++;
	conn_later(c, DRIP_MS);
	return true;
}

static bool conn_begin(struct conn *c)
{
	c->busy = true;
	c->sent = 0;
	counters.waiting++;
	if (!c->reply.hold_ms)
		return conn_push(c);
	conn_later(c, c->reply.hold_ms);
	return true;
}

static bool conn_refuse(struct conn *c, int status, const char *why)
{
	answer_refuse(&c->reply, status, why);
	return conn_begin(c);
}

/* Answer as many requests as are there in whole. */
static bool conn_serve(struct conn *c)
{
	struct request rq;
	bool open = true;

	while (open && !c->busy && c->in.len) {
		enum request_state state = request_read(&rq, c->in.data, c->in.len);

		c->used = rq.size < c->in.len ? rq.size : c->in.len;
		switch (state) {
		case REQUEST_MORE:
			if (rq.expect && !c->continued)
				send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
			c->continued = rq.expect;
			return true;
		case REQUEST_WHOLE:
			answer_request(&c->reply, &rq, c->in.data);
			open = conn_begin(c);
			break;
		case REQUEST_BAD:
			return conn_refuse(c, 400, "");
		case REQUEST_NO_HOST:
			return conn_refuse(c, 400, ": missing required Host header");
		case REQUEST_TOO_LARGE:
			return conn_refuse(c, 413, "");
		case REQUEST_HEAD_TOO_LARGE:
			return conn_refuse(c, 431, "");
		}
	}
	return open;
}

static bool conn_read(struct conn *c)
{
	ssize_t n;

	buf_reserve(&c->in, READ_BYTES);
	n = recv(c->fd, c->in.data + c->in.len, c->in.cap - c->in.len, 0);
	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return conn_close(c);
	c->in.len += (size_t)n;
	return conn_serve(c);
}

/* While a reply is held or sent, only room and the peer's leaving matter. */
static void conn_watch(struct conn *c)
{
	uint32_t events = EPOLLRDHUP | (uint32_t)(c->busy ? (c->blocked ? EPOLLOUT : 0) : EPOLLIN);
	struct epoll_event event = { .events = events, .data = { .ptr = c } };

	if (events == c->watched)
		return;
	c->watched = events;
	if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &event))
		die("epoll_ctl");
}

void conn_event(void *ptr, uint32_t events)
{
	struct conn *c = ptr;
	bool open = true;

	if (events & (EPOLLERR | EPOLLHUP) || (c->busy && events & EPOLLRDHUP))
		open = conn_close(c);
	else if (!c->busy)
		open = conn_read(c);
	else if (events & EPOLLOUT)
		open = conn_push(c) && conn_serve(c);
	if (open)
		conn_watch(c);
}

void conns_go_on(void)
{
	struct conn *c, *next;

	if (the.now < the.next_due)
		return;
	the.next_due = NEVER;
	for (c = the.conns; c; c = next) {
		next = c->next;
		if (c->due > the.now) {
			if (c->due < the.next_due)
				the.next_due = c->due;
		} else if (conn_push(c) && conn_serve(c)) {
			conn_watch(c);
		}
	}
}

void conns_tick(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	the.now = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int conns_wait_ms(void)
{
	int64_t wait;

	if (the.next_due == NEVER)
		return -1;
	conns_tick();
	wait = the.next_due - the.now;
	return wait < 0 ? 0 : wait > LONGEST_WAIT ? LONGEST_WAIT : (int)wait;
}

void conns_close(void)
{
	while (the.conns)
		conn_close(the.conns);
}
