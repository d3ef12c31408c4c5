/* Requests to the model server when libcurl, memory or the clock do not help. */
#include <curl/curl.h>
#include <sys/socket.h>
#include <time.h>

#include "fcgi/relay.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

#define UPSTREAM	"http://127.0.0.1:1"	/* nobody listens there */

FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *string), (list, string))
FAULT(CURL *, curl_easy_init, (void), ())

/* What curl calls back, and how it is made to end. */
static curl_xferinfo_callback progress;
static curl_write_callback header, body;
static curl_prereq_callback connected;
static void *progress_arg, *header_arg, *body_arg, *connected_arg;
static enum how { ASK, RETURN, PROGRESS, HEADERS, BODY, CONNECTED } performs;
static CURLcode code;

CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, void *value);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, void *value);

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, void *value)
{
	if (fault_is_due("curl_easy_setopt"))
		return (CURLcode)fault_result;
	if (option == CURLOPT_XFERINFOFUNCTION)
		memcpy(&progress, &value, sizeof(progress));
	if (option == CURLOPT_XFERINFODATA)
		progress_arg = value;
	if (option == CURLOPT_PREREQFUNCTION)
		memcpy(&connected, &value, sizeof(connected));
	if (option == CURLOPT_PREREQDATA)
		connected_arg = value;
	if (option == CURLOPT_HEADERFUNCTION)
		memcpy(&header, &value, sizeof(header));
	if (option == CURLOPT_WRITEFUNCTION)
		memcpy(&body, &value, sizeof(body));
	if (option == CURLOPT_WRITEDATA)
		body_arg = value;
	if (option == CURLOPT_HEADERDATA)
		header_arg = value;
	return __real_curl_easy_setopt(easy, option, value);
}

/* Milliseconds that the monotonic clock is ahead. */
static long ahead;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = __real_clock_gettime(clock, now);

	now->tv_sec += ahead / 1000;
	return rc;
}

CURLcode __real_curl_easy_perform(CURL *easy);
CURLcode __wrap_curl_easy_perform(CURL *easy);

CURLcode __wrap_curl_easy_perform(CURL *easy)
{
	char line[] = "x: y\r\n";

	if (performs == ASK)
		return __real_curl_easy_perform(easy);
	if (performs == HEADERS)
		header(line, 1, strlen(line), header_arg);
	if (performs == BODY)	/* a byte more than is looked at, of which none is there */
		return body(line, 1, (256UL << 20) + 1, body_arg) ? CURLE_OK : CURLE_WRITE_ERROR;
	if (performs == CONNECTED)
		connected(connected_arg, NULL, NULL, 0, 0);
	if (performs != PROGRESS)
		return code;
	ahead += 1000;
	return progress(progress_arg, 0, 0, 0, 0) ? CURLE_ABORTED_BY_CALLBACK : CURLE_COULDNT_CONNECT;
}

static enum oyster_err get(struct relay *relay, int64_t left)
{
	struct buf reply = BUF_INIT(1000);
	enum oyster_err err;
	long status;

	err = relay_get(relay, &status, &reply, "/", relay_now() + left);
	CHECK(!reply.data);
	return err;
}

static enum oyster_err generate(struct relay *relay, int client)
{
	struct relay_call call = { .body = { "{}", 2 }, .client = client, .deadline = relay_now() + 5000 };
	struct buf reply = BUF_INIT(1000);
	enum oyster_err err;
	long status;

	err = relay_generate(relay, &status, &reply, &call);
	CHECK(!reply.data);
	return err;
}

static struct relay *must_new(const char *upstream)
{
	struct relay *relay = relay_new(upstream, 10);

	if (!relay) {
		fputs("Bail out! no relay\n", stdout);
		exit(EXIT_FAILURE);
	}
	return relay;
}

static void without_memory_there_is_no_relay(void)
{
	static const struct {
		const char *name;
		int turn;
	} rows[] = { { "calloc", 1 }, { "curl_slist_append", 1 }, { "curl_slist_append", 2 }, { "curl_slist_append", 3 } };
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fault_set(rows[i].name, rows[i].turn, ENOMEM, 0);
		CHECK_ROW(!relay_new("http://localhost:1", 10), rows[i].name);
		CHECK_ROW(fault_came(), rows[i].name);
	}
	relay_free(NULL);
}

/* Every option that curl refuses, in a call of either kind. */
static void no_request_is_sent_without_one_of_its_settings(void)
{
	struct relay *relay = must_new(UPSTREAM);
	int turn, with_body, refused = 0;
	bool came = true;

	performs = RETURN;
	code = CURLE_OK;	/* which no test must get to see */
	for (with_body = 0; with_body < 2; with_body++)
		for (turn = 1, came = true; came; turn++) {
			enum oyster_err err;

			code = CURLE_GOT_NOTHING;
			fault_set("curl_easy_setopt", turn, 0, CURLE_OUT_OF_MEMORY);
			err = with_body ? generate(relay, -1) : get(relay, 1000);
			came = fault_came();
			CHECK(err == (came ? OYSTER_ENOMEM : OYSTER_ECUT));
			refused += came;
		}
	CHECK(refused >= 40);
	fault_set("calloc", 1, ENOMEM, 0);
	CHECK(get(relay, 1000) == OYSTER_ENOMEM && fault_came());
	fault_set("curl_easy_init", 1, ENOMEM, 0);
	CHECK(get(relay, 1000) == OYSTER_ENOMEM && fault_came());
	relay_free(relay);
	performs = ASK;
}

static void a_url_that_does_not_fit_is_not_asked(void)
{
	char upstream[600] = UPSTREAM;
	struct relay *relay;

	memset(upstream + strlen(UPSTREAM), '0', sizeof(upstream) - strlen(UPSTREAM) - 1);
	relay = must_new(upstream);
	CHECK(get(relay, 1000) == OYSTER_ENOMEM);
	relay_free(relay);
}

static int fail_in_a_child(void *arg)
{
	static const struct {
		CURLcode code;
		enum how performs;
		int64_t left;
		enum oyster_err err;
	} rows[] = {
		{ CURLE_OUT_OF_MEMORY, RETURN, 5000, OYSTER_ENOMEM },
		{ CURLE_OUT_OF_MEMORY, HEADERS, 5000, OYSTER_EREPLYSIZE },
		{ CURLE_WRITE_ERROR, RETURN, 5000, OYSTER_ENOMEM },
		{ CURLE_OPERATION_TIMEDOUT, RETURN, 5000, OYSTER_ECONNECT },
		{ CURLE_OPERATION_TIMEDOUT, RETURN, 10, OYSTER_ETIMEOUT },
		{ CURLE_OPERATION_TIMEDOUT, RETURN, -1, OYSTER_ETIMEOUT },
		{ CURLE_COULDNT_CONNECT, RETURN, 5000, OYSTER_ECONNECT },
		{ CURLE_COULDNT_RESOLVE_HOST, RETURN, 5000, OYSTER_ECONNECT },
		{ CURLE_RECV_ERROR, RETURN, 5000, OYSTER_ECUT },
	};
	struct relay *relay = must_new(UPSTREAM);
	int bad = 0;
	size_t i;

	(void)arg;
	for (i = 0; i < COUNT(rows); i++) {
		code = rows[i].code;
		performs = rows[i].performs;
		bad += get(relay, rows[i].left) != rows[i].err;
	}
	relay_free(relay);
	return bad;
}

static void what_curl_says_is_told_apart(void)
{
	struct child child = run_child(fail_in_a_child, NULL);

	CHECK(child.status == 0);
	CHECK(lines_with(child.said, "oyster-responder: ") == 9);	/* one each */
}

static void look_at_nothing(void *arg, const char *bytes, size_t len)
{
	(void)arg, (void)bytes, (void)len;
	tap_bad++;	/* it is not to be looked at */
}

static int show_too_much(void *arg)
{
	struct relay_call call = { .body = { "{}", 2 }, .client = -1, .deadline = relay_now() + 5000, .look = look_at_nothing };
	struct relay *relay = must_new(UPSTREAM);
	struct buf reply = BUF_INIT(1000);
	enum oyster_err err;
	long status;

	(void)arg;
	performs = BODY;
	err = relay_show(relay, &status, &reply, &call);
	buf_clear(&reply);
	relay_free(relay);
	return err == OYSTER_EREPLYSIZE && !tap_bad ? 0 : 1;
}

static void what_is_looked_at_has_an_end(void)
{
	CHECK(run_child(show_too_much, NULL).status == 0);
}

/* A handle that is taken again is not idle, whatever was counted before. */
static void handles_in_use_are_not_given_back(void)
{
	struct relay *relay = must_new(UPSTREAM);

	performs = RETURN;
	code = CURLE_OK;
	CHECK(get(relay, 1000) == OYSTER_OK);
	relay_shrink(relay);
	CHECK(get(relay, 1000) == OYSTER_OK);
	relay_shrink(relay);
	relay_shrink(relay);
	CHECK(get(relay, 1000) == OYSTER_OK);
	relay_free(relay);
	performs = ASK;
}

static int look_in_a_child(void *arg)
{
	struct relay *relay = must_new(UPSTREAM);
	int pair[2], bad = 0;

	(void)arg;
	performs = PROGRESS;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 100;
	bad += generate(relay, pair[0]) != OYSTER_ECONNECT;	/* is there */
	bad += write(pair[1], "x", 1) != 1;
	bad += generate(relay, pair[0]) != OYSTER_ECONNECT;	/* and says something */
	bad += read(pair[0], &bad, 0) != 0;
	close(pair[1]);
	bad += generate(relay, pair[0]) != OYSTER_ECONNECT;	/* its byte is still there */
	bad += recv(pair[0], (char[1]){ 0 }, 1, 0) != 1;
	bad += generate(relay, pair[0]) != OYSTER_ECLIENT;
	close(pair[0]);

	/* What was sent to it was never read: a reset. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], "x", 1) != 1)
		return 100;
	close(pair[1]);
	bad += generate(relay, pair[0]) != OYSTER_ECLIENT;
	close(pair[0]);
	bad += generate(relay, -1) != OYSTER_ECONNECT;	/* nobody to look for */
	relay_free(relay);
	return bad;
}

static void a_client_that_is_gone_ends_the_call(void)
{
	struct child child = run_child(look_in_a_child, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(lines_with(child.said, "") == 4, child.said);	/* nothing of clients that left */
}

/* A name's relay after ten seconds of refusals, and one call in their midst. */
static bool is_lost_despite(enum how how, CURLcode said)
{
	struct relay *relay = must_new("http://localhost:1");
	bool lost;

	performs = RETURN;
	code = CURLE_COULDNT_CONNECT;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	CHECK(!relay_is_lost(relay));
	ahead += 5000;
	performs = how;
	code = said;
	CHECK(get(relay, said == CURLE_OPERATION_TIMEDOUT ? 10 : 5000) != OYSTER_ECONNECT);
	ahead += 5000;
	performs = RETURN;
	code = CURLE_COULDNT_CONNECT;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	lost = relay_is_lost(relay);
	relay_free(relay);
	performs = ASK;
	return lost;
}

/* A call that ended before there was a connection tells nothing of the address. */
static void a_name_is_lost_when_nothing_has_connected(void)
{
	CHECK(is_lost_despite(RETURN, CURLE_ABORTED_BY_CALLBACK));	/* its client hung up */
	CHECK(is_lost_despite(RETURN, CURLE_OPERATION_TIMEDOUT));
	CHECK(is_lost_despite(RETURN, CURLE_OUT_OF_MEMORY));
	CHECK(!is_lost_despite(CONNECTED, CURLE_ABORTED_BY_CALLBACK));
	CHECK(!is_lost_despite(CONNECTED, CURLE_OPERATION_TIMEDOUT));
	CHECK(!is_lost_despite(CONNECTED, CURLE_RECV_ERROR));
	CHECK(!is_lost_despite(CONNECTED, CURLE_OK));
}

static void one_refusal_and_a_long_silence_lose_no_name(void)
{
	struct relay *relay = must_new("http://localhost:1");

	performs = RETURN;
	code = CURLE_COULDNT_CONNECT;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	ahead += 3600000;
	CHECK(!relay_is_lost(relay));
	code = CURLE_RECV_ERROR;
	performs = CONNECTED;
	CHECK(get(relay, 5000) == OYSTER_ECUT);	/* it is back */
	performs = RETURN;
	code = CURLE_COULDNT_CONNECT;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	ahead += 9000;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	CHECK(!relay_is_lost(relay));
	ahead += 1000;
	CHECK(get(relay, 5000) == OYSTER_ECONNECT);
	CHECK(relay_is_lost(relay));
	relay_free(relay);
	performs = ASK;
}

int main(void)
{
	RUN(without_memory_there_is_no_relay);
	RUN(no_request_is_sent_without_one_of_its_settings);
	RUN(a_url_that_does_not_fit_is_not_asked);
	RUN(what_curl_says_is_told_apart);
	RUN(what_is_looked_at_has_an_end);
	RUN(handles_in_use_are_not_given_back);
	RUN(a_client_that_is_gone_ends_the_call);
	RUN(a_name_is_lost_when_nothing_has_connected);
	RUN(one_refusal_and_a_long_silence_lose_no_name);
	return DONE();
}
