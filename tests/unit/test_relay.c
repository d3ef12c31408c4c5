/* What libcurl is told never to do, for any upstream. */
#include <curl/curl.h>
#include <limits.h>

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

int main(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return 1;
	RUN(no_protocol_but_http_is_spoken);
	curl_global_cleanup();
	return DONE();
}
