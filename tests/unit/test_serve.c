/*
 * The service without a web server and without a model: paths, methods, nonces
 * and digests, and that a signature is over the very request and answer.
 */
#include "tests/unit/dialed.h"
#include "tests/unit/tap.h"

#define SIGNER	"{\"address\":\"0x" TEST_ADDRESS "\",\"public_key\":\"0x" TEST_PUBLIC "\"}\n"

static void other_paths_are_404_and_unsigned(void)
{
	static const char *const targets[] = {
		"", "/", "*", "?", "?/health", "/api", "/api/", "/api/generat", "/api/generate/", "/api/generatefoo",
		"/api/generate%00", "/api/generate;", "/api/generate#", "//api/generate", "/api//generate",
		"/./api/generate", "/x/../api/generate", "/api%2fgenerate", "/%61pi/generate", "/API/generate",
		"api/generate", "http://localhost/api/generate", "/api/generate ", " /api/generate", "/api/tags",
		"/api/pull", "/api/chat", "/v1/completions", "/health/", "/healthz", "/oyster", "/oyster/signer/",
	};
	static const char *const methods[] = { "POST", "GET", "HEAD", "DELETE", "" };
	size_t i, k;

	for (i = 0; i < COUNT(targets); i++)
		for (k = 0; k < COUNT(methods); k++) {
			struct call call = dial(methods[k], targets[i], GOOD);

			call.nonce = "n-1";
			check_answer(&call, (struct want){ 404, "{\"error\":\"there is nothing at this path\"}\n", NULL, NULL });
		}
}

static void other_methods_are_405_and_unsigned(void)
{
	static const char *const methods[] = {
		"", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "post", "get", "Post",
		"POST ", "POSTT", "POS", " POST", "GET\n", "A METHOD THAT IS MUCH LONGER THAN THOSE THAT ARE SIGNED",
	};
	static const struct {
		const char *target, *more, *allow;
	} rows[] = {
		{ "/api/generate", "GET", "POST" }, { "/api/generate?x", "HEAD", "POST" },
		{ "/health", "POST", "GET, HEAD" }, { "/oyster/signer", "POST", "GET, HEAD" },
	};
	size_t i, k;

	for (i = 0; i < COUNT(rows); i++)
		for (k = 0; k <= COUNT(methods); k++) {
			const char *method = k < COUNT(methods) ? methods[k] : rows[i].more;
			struct call call = dial(method, rows[i].target, GOOD);
			struct answer answer;

			CHECK(serve(&server, &answer, &call));
			CHECK_ROW(answer.allow && !strcmp(answer.allow, rows[i].allow), method);
			answer_clear(&answer);
			check_answer(&call, (struct want){ 405, "{\"error\":\"this path does not answer this method\"}\n", NULL, NULL });
		}
}

static void the_signer_is_shown_and_signed(void)
{
	static const char *const targets[] = {
		"/oyster/signer", "/oyster/signer?", "/oyster/signer?x=/health", "/oyster/signer??\"",
	};
	size_t i;

	for (i = 0; i < COUNT(targets); i++) {
		struct call call = dial("GET", targets[i], "");

		check_answer(&call, (struct want){ 200, SIGNER, "/oyster/signer", NULL });
		call = dial("GET", targets[i], "a body that nobody asked for");
		call.nonce = "n-1";
		check_answer(&call, (struct want){ 200, SIGNER, "/oyster/signer", "n-1" });
	}
}

/* Its length is that of the answer to a GET; what is signed is what was sent. */
static void a_head_is_signed_over_no_bytes(void)
{
	struct call call = dial("HEAD", "/oyster/signer", "");
	struct signer_signed made;
	struct answer answer;

	CHECK(serve(&server, &answer, &call));
	serve_sign(&server, &answer, &call, &made);
	CHECK(answer.made == &made && answer_len(&answer) == strlen(SIGNER));
	CHECK(!strcmp(made.fields.content_digest, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"));
	CHECK(!strcmp(made.fields.request_digest, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"));
	answer_clear(&answer);
	check_answer(&call, (struct want){ 200, SIGNER, "/oyster/signer", NULL });

	call = dial("HEAD", "/oyster/signer", "");
	call.nonce = "n 1";
	check_answer(&call, (struct want){ 400, "{\"error\":\"x-oyster-nonce must have 1 to 128 characters out of "
					       "A-Z a-z 0-9 - . _ ~ + / =\"}\n", "/oyster/signer", NULL });
}

static void a_nonce_is_signed_or_refused(void)
{
	static const char *const bad[] = {
		"", " ", "a b", "a\"b", "a\nb", "a;b", "a,b", "n\xc3\xa9", "\"n-1\"", "n-1 ", "a\\b", "\x7f",
	};
	static const char refusal[] = "{\"error\":\"x-oyster-nonce must have 1 to 128 characters out of "
				      "A-Z a-z 0-9 - . _ ~ + / =\"}\n";
	char nonce[EXCHANGE_NONCE + 1] = "";
	struct call call;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		call = dial("POST", "/api/generate", GOOD);
		call.nonce = bad[i];
		check_answer(&call, (struct want){ 400, refusal, "/api/generate", NULL });
		call = dial("GET", "/health", "");
		call.nonce = bad[i];
		check_answer(&call, (struct want){ 400, refusal, "/health", NULL });
	}
	memset(nonce, '=', EXCHANGE_NONCE - 1);
	call = dial("GET", "/oyster/signer", "");
	call.nonce = nonce;
	check_answer(&call, (struct want){ 200, SIGNER, "/oyster/signer", nonce });
	memset(nonce, '=', EXCHANGE_NONCE);
	call = dial("GET", "/oyster/signer", "");
	call.nonce = nonce;
	check_answer(&call, (struct want){ 400, refusal, "/oyster/signer", NULL });
}

static void a_content_digest_is_held_against_the_body(void)
{
	static const char *const right[] = {
		"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
	};
	static const char *const wrong[] = {
		"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=:", "sha-256=::",
		"sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:",
	};
	static const char *const malformed[] = { "", "sha-256", "sha-256=47DE", "=", "sha-256=:47DE", "\"" };
	static const char mismatch[] = "{\"error\":\"content-digest does not match the request body\"}\n";
	struct call call;
	size_t i;

	for (i = 0; i < COUNT(right); i++) {
		call = dial("GET", "/oyster/signer", "");
		call.content_digest = right[i];
		check_answer(&call, (struct want){ 200, SIGNER, "/oyster/signer", NULL });
	}
	for (i = 0; i < COUNT(wrong); i++) {
		call = dial("POST", "/api/generate", GOOD);
		call.content_digest = wrong[i];
		call.nonce = "n-1";
		check_answer(&call, (struct want){ 400, mismatch, "/api/generate", "n-1" });
	}
	for (i = 0; i < COUNT(malformed); i++) {
		call = dial("POST", "/api/generate", GOOD);
		call.content_digest = malformed[i];
		check_answer(&call, (struct want){ 400, "{\"error\":\"content-digest is not a list of digests\"}\n",
						   "/api/generate", NULL });
	}
}

int main(void)
{
	set_up();
	RUN(other_paths_are_404_and_unsigned);
	RUN(other_methods_are_405_and_unsigned);
	RUN(the_signer_is_shown_and_signed);
	RUN(a_head_is_signed_over_no_bytes);
	RUN(a_nonce_is_signed_or_refused);
	RUN(a_content_digest_is_held_against_the_body);
	tear_down();
	return DONE();
}
