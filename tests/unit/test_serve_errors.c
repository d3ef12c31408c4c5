/* Every error of the service is signed, unless the signer itself is gone. */
#include <signal.h>
#include <sys/mman.h>

#include "tests/unit/dialed.h"
#include "tests/unit/tap.h"

static int hushed, real_stderr;

/* From here on stderr goes into memory. */
static void hush(void)
{
	fflush(NULL);
	hushed = memfd_create("said", MFD_CLOEXEC);
	real_stderr = dup(STDERR_FILENO);
	CHECK(hushed >= 0 && real_stderr >= 0 && dup2(hushed, STDERR_FILENO) >= 0);
}

/* How many of the lines since then hold the text; -1 if there are others. */
static int said(const char *text)
{
	char lines[SAID_MAX];
	int with;

	dup2(real_stderr, STDERR_FILENO);
	lseek(hushed, 0, SEEK_SET);
	read_all(hushed, lines, sizeof(lines));
	close(hushed);
	close(real_stderr);
	with = lines_with(lines, text);
	return with == lines_with(lines, "") ? with : -1;
}

static void a_body_that_is_not_whole_is_refused_and_signed(void)
{
	static const struct {
		enum oyster_err err;
		int status;
		const char *body;
	} rows[] = {
		{ OYSTER_ETOOBIG, 413, "{\"error\":\"the request body is larger than OYSTER_MAX_BODY\"}\n" },
		{ OYSTER_ESHORT, 400, "{\"error\":\"the request body is shorter than announced\"}\n" },
		{ OYSTER_ENOMEM, 500, "{\"error\":\"out of memory\"}\n" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct call call = dial("POST", "/api/generate?x", GOOD);

		call.err = rows[i].err;
		check_answer(&call, (struct want){ rows[i].status, rows[i].body, "/api/generate", NULL });

		call = dial("POST", "/api/generate", "");
		memset(call.digest, 0xd1, sizeof(call.digest));	/* of what was drained */
		call.err = rows[i].err;
		call.nonce = "n-1";
		call.content_digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
		check_answer(&call, (struct want){ rows[i].status, rows[i].body, "/api/generate", "n-1" });

		call = dial("POST", "/api/generate", GOOD);
		call.err = rows[i].err;
		call.nonce = "no nonce";
		check_answer(&call, (struct want){ rows[i].status, rows[i].body, "/api/generate", NULL });
	}
}

static void a_request_that_is_refused_is_signed(void)
{
	static const struct {
		const char *body, *error;
	} rows[] = {
		{ "", "the request has no body" },
		{ "[]", "the request body is not a JSON object" },
		{ "{}", "model is missing" },
		{ "{\"model\":\"m\",\"prompt\":1}", "prompt must be a string" },
		{ "{\"model\":\"m:cloud\"}", "model must not name a cloud model: those are answered outside the enclave" },
		{ "{\"model\":\"m\",\"context\":[99999999999]}", "context must be an array of tokens: integers from 0 to the largest allowed" },
	};
	char body[200];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct call call = dial("POST", "/api/generate", rows[i].body);

		call.nonce = i % 2 ? "n-1" : NULL;
		snprintf(body, sizeof(body), "{\"error\":\"%s\"}\n", rows[i].error);
		check_answer(&call, (struct want){ 400, body, "/api/generate", call.nonce });
	}
}

static void without_a_model_server_the_error_is_signed(void)
{
	static const char *const paths[] = { "/health", "/health?x" };
	struct call call;
	size_t i;

	hush();
	call = dial("POST", "/api/generate", GOOD);
	call.nonce = "n-1";
	check_answer(&call, (struct want){ 502, "{\"error\":\"the model server cannot be reached\"}\n",
					   "/api/generate", "n-1" });
	for (i = 0; i < COUNT(paths); i++) {
		call = dial("GET", paths[i], "");
		check_answer(&call, (struct want){ 503, "{\"error\":\"the model server does not answer\"}\n",
						   "/health", NULL });
		call = dial("HEAD", paths[i], "");
		check_answer(&call, (struct want){ 503, "{\"error\":\"the model server does not answer\"}\n",
						   "/health", NULL });
	}
	CHECK(said("the model server cannot be reached") == 5);
}

static void who_is_one_too_many_gets_a_signed_503(void)
{
	struct relay *relay = server.relay;
	struct call call = dial("POST", "/api/generate", GOOD);
	struct answer answer;

	server.relay = relay_new(upstream, 0);
	CHECK(server.relay && serve(&server, &answer, &call));
	CHECK(answer.retry);
	answer_clear(&answer);
	buf_clear(&call.body);
	call = dial("POST", "/api/generate", GOOD);
	check_answer(&call, (struct want){ 503, "{\"error\":\"too many requests are waiting for the model\"}\n",
					   "/api/generate", NULL });
	relay_free(server.relay);
	server.relay = relay;
}

/* From here on the model server accepts, and says nothing. */
static void a_deadline_is_a_signed_504(void)
{
	struct call call = dial("POST", "/api/generate", GOOD);

	CHECK(!listen(upstream_socket, 10));
	hush();
	call.deadline = relay_now() + 300;
	check_answer(&call, (struct want){ 504, "{\"error\":\"the model server gave no full reply within OYSTER_TIMEOUT\"}\n",
					   "/api/generate", NULL });
	CHECK(said("OYSTER_TIMEOUT") == 1);
}

static void a_client_that_is_gone_is_not_answered(void)
{
	struct call call = dial("POST", "/api/generate", GOOD);
	struct answer answer;
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	close(pair[1]);
	call.client = pair[0];
	CHECK(!serve(&server, &answer, &call));
	CHECK(!answer.made);
	answer_clear(&answer);
	buf_clear(&call.body);
	close(pair[0]);
}

static void without_a_signer_nothing_is_signed(void)
{
	static const char failed[] = "{\"error\":\"the answer could not be signed\"}\n";
	struct call call;

	CHECK(!kill(signer_pid(server.signer), SIGKILL));
	call = dial("GET", "/oyster/signer", "");
	check_answer(&call, (struct want){ 500, failed, NULL, NULL });
	call = dial("HEAD", "/oyster/signer", "");
	check_answer(&call, (struct want){ 500, failed, NULL, NULL });
	call = dial("POST", "/api/generate", "{}");
	call.nonce = "n-1";
	check_answer(&call, (struct want){ 500, failed, NULL, NULL });
	call = dial("POST", "/api/generate", GOOD);
	call.err = OYSTER_ETOOBIG;
	check_answer(&call, (struct want){ 500, failed, NULL, NULL });
}

static void without_a_signer_health_says_so(void)
{
	struct call call = dial("GET", "/health", "");

	check_answer(&call, (struct want){ 503, "{\"error\":\"the signer does not answer\"}\n", NULL, NULL });
}

int main(void)
{
	set_up();
	RUN(a_body_that_is_not_whole_is_refused_and_signed);
	RUN(a_request_that_is_refused_is_signed);
	RUN(without_a_model_server_the_error_is_signed);
	RUN(who_is_one_too_many_gets_a_signed_503);
	RUN(a_deadline_is_a_signed_504);
	RUN(a_client_that_is_gone_is_not_answered);
	RUN(without_a_signer_nothing_is_signed);
	RUN(without_a_signer_health_says_so);
	tear_down();
	return DONE();
}
