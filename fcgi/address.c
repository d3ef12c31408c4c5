/* The model server's name; see address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "log.h"

#define LOST_MS		10000	/* nobody there, and so long after still nobody: the name may lead elsewhere */
#define HOST_MAX	300	/* bytes; longer than any that config.c lets through */

/* Returns: the port, in digits; NULL if there is none, which config.c never lets pass */
static const char *split(char host[static HOST_MAX], const char *upstream)
{
	const char *at = strstr(upstream, "://") + 3;
	const char *colon = strrchr(at, ':');

	if (!colon)
		return NULL;
	snprintf(host, HOST_MAX, "%.*s", (int)(colon - at), at);
	return colon + 1;
}

static bool is_name(const char *host)
{
	struct in_addr four;

	return host[0] != '[' && inet_pton(AF_INET, host, &four) != 1;
}

/* One more for the list, if it fits. */
static void add(char list[static ADDRESS_LIST], const struct addrinfo *found)
{
	const void *at = found->ai_addr;
	const void *bytes = &((const struct sockaddr_in *)at)->sin_addr;
	size_t len = strlen(list);
	char text[INET6_ADDRSTRLEN];

	if (found->ai_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)at)->sin6_addr;
	if (!inet_ntop(found->ai_family, bytes, text, sizeof(text)) ||
	    len + sizeof(text) + sizeof(",[]") > ADDRESS_LIST)
		return;
	snprintf(list + len, ADDRESS_LIST - len,
		 found->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
		 list[len - 1] == ':' ? "" : ",", text);
}

static void look_up(char list[static ADDRESS_LIST], const char *host,
		    const char *port)
{
	static const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
						.ai_family = AF_UNSPEC };
	struct addrinfo *found, *each;
	int code = getaddrinfo(host, port, &wanted, &found);

	if (code) {
		log_line("OYSTER_UPSTREAM: %s: %s", host, gai_strerror(code));
		return;
	}
	snprintf(list, ADDRESS_LIST, "*:%s:", port);
	for (each = found; each; each = each->ai_next)
		add(list, each);
	freeaddrinfo(found);
}

void address_find(struct address *address, const char *upstream)
{
	char host[HOST_MAX];
	const char *port = split(host, upstream);

	address->list[0] = '\0';
	address->failing = address->failed = 0;
	address->is_named = port && is_name(host);
	if (!address->is_named)
		return;
	if (strcasecmp(host, "localhost"))
		look_up(address->list, host, port);
	else	/* needs no file and no server */
		snprintf(address->list, ADDRESS_LIST, "*:%s:127.0.0.1,[::1]", port);
}

bool address_is_nowhere(const struct address *address)
{
	return address->is_named && !address->list[0];
}

void address_note(struct address *address, bool there, int64_t now)
{
	int64_t never = 0;

	if (!address->is_named)
		return;
	if (there) {
		atomic_store(&address->failing, 0);
	} else {
		atomic_store(&address->failed, now);
		atomic_compare_exchange_strong(&address->failing, &never, now);
	}
}

bool address_is_lost(const struct address *address)
{
	int64_t since = atomic_load(&address->failing);

	return since && atomic_load(&address->failed) - since >= LOST_MS;
}
