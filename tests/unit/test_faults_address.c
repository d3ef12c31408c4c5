/* The model server's name, wherever it leads. */
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "fcgi/address.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

#define FOUND_MAX	100	/* addresses of one name */

/* What the name leads to; with none of them it leads nowhere. */
static const char *const *leads;
static const char *asked_host, *asked_port;
static int lookups, freed;

static struct found {
	struct addrinfo info;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} at;
} found[FOUND_MAX];

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *wanted, struct addrinfo **result);
void __wrap_freeaddrinfo(struct addrinfo *result);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *wanted, struct addrinfo **result)
{
	int i;

	lookups++;
	asked_host = strdup(host);
	asked_port = strdup(port);
	CHECK(wanted->ai_socktype == SOCK_STREAM && wanted->ai_family == AF_UNSPEC);
	if (!leads[0])
		return EAI_NONAME;
	memset(found, 0, sizeof(found));
	for (i = 0; leads[i]; i++) {
		found[i].info.ai_addr = &found[i].at.any;
		found[i].info.ai_next = leads[i + 1] ? &found[i + 1].info : NULL;
		found[i].info.ai_family = strchr(leads[i], ':') ? AF_INET6 : *leads[i] == '?' ? AF_UNIX : AF_INET;
		if (found[i].info.ai_family == AF_INET6)
			CHECK(inet_pton(AF_INET6, leads[i], &found[i].at.six.sin6_addr) == 1);
		if (found[i].info.ai_family == AF_INET)
			CHECK(inet_pton(AF_INET, leads[i], &found[i].at.four.sin_addr) == 1);
	}
	*result = &found[0].info;
	return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *result)
{
	freed += result == &found[0].info;
}

static bool is_asked(const char *host, const char *port)
{
	bool ok = lookups == 1 && !strcmp(asked_host, host) && !strcmp(asked_port, port);

	free((void *)(uintptr_t)asked_host);
	free((void *)(uintptr_t)asked_port);
	lookups = 0;
	return ok;
}

static void a_name_leads_to_all_its_addresses(void)
{
	static const struct {
		const char *leads[5], *list;
	} rows[] = {
		{ { "10.0.0.7" }, "*:11434:10.0.0.7" },
		{ { "10.0.0.7", "10.0.0.8" }, "*:11434:10.0.0.7,10.0.0.8" },
		{ { "fd00::7" }, "*:11434:[fd00::7]" },
		{ { "fd00::7", "10.0.0.7", "2001:db8::1" }, "*:11434:[fd00::7],10.0.0.7,[2001:db8::1]" },
		{ { "?", "10.0.0.7", "?" }, "*:11434:10.0.0.7" },	/* of a family that is none of ours */
	};
	struct address address;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		leads = rows[i].leads;
		freed = 0;
		address_find(&address, "http://model.test:11434");
		CHECK_ROW(is_asked("model.test", "11434"), rows[i].list);
		CHECK_ROW(address.is_named && !address_is_nowhere(&address), rows[i].list);
		CHECK_ROW(!strcmp(address.list, rows[i].list), address.list);
		CHECK_ROW(freed == 1, rows[i].list);
	}
}

/* Of more than there is room for, the first; and none of them in part. */
static void no_address_is_cut(void)
{
	static const char six[] = "2001:db8:1111:2222:3333:4444:5555:6666";
	const char *many[FOUND_MAX + 1] = { NULL };
	struct address address;
	char want[ADDRESS_LIST + 64] = "*:1:";
	size_t i, len;

	for (i = 0; i < FOUND_MAX; i++)
		many[i] = six;
	leads = many;
	address_find(&address, "http://model.test:1");
	CHECK(is_asked("model.test", "1"));
	len = strlen(address.list);
	CHECK(len < ADDRESS_LIST && len > ADDRESS_LIST - 100);
	for (i = 0; strlen(want) < len; i++)
		sprintf(want + strlen(want), "%s[%s]", i ? "," : "", six);
	CHECK_ROW(!strcmp(address.list, want), address.list);
}

static int find_nowhere(void *arg)
{
	static const char *const none[] = { NULL };
	struct address address;

	(void)arg;
	leads = none;
	address_find(&address, "http://model.test:11434");
	return is_asked("model.test", "11434") && address_is_nowhere(&address) && !*address.list ? 0 : 1;
}

static void a_name_that_leads_nowhere_is_said(void)
{
	struct child child = run_child(find_nowhere, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(!strcmp(child.said, "oyster-responder: OYSTER_UPSTREAM: model.test: Name or service not known\n"), child.said);
}

static void who_has_an_address_is_not_looked_up(void)
{
	static const char *const upstreams[] = { "http://127.0.0.1:11434", "http://[::1]:11434", "http://10.0.0.7:1", "http://" };
	struct address address;
	size_t i;

	for (i = 0; i < COUNT(upstreams); i++) {
		address_find(&address, upstreams[i]);
		CHECK_ROW(!address.is_named && !address_is_nowhere(&address) && !*address.list, upstreams[i]);
		address_note(&address, false, 1);
		address_note(&address, false, 3600000);
		CHECK_ROW(!address_is_lost(&address), upstreams[i]);
	}
	address_find(&address, "http://LocalHost:80");
	CHECK(address.is_named && !strcmp(address.list, "*:80:127.0.0.1,[::1]"));
	CHECK(lookups == 0);
}

int main(void)
{
	RUN(a_name_leads_to_all_its_addresses);
	RUN(no_address_is_cut);
	RUN(a_name_that_leads_nowhere_is_said);
	RUN(who_has_an_address_is_not_looked_up);
	return DONE();
}
