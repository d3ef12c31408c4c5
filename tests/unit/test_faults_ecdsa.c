/* Signing when the library or the system fails: no signature, and no crash. */
#include <stdlib.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "tests/unit/faults.h"
#include "tests/unit/oracle_asked.h"

FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(ssize_t, getrandom, (void *bytes, size_t len, unsigned flags), (bytes, len, flags))
FAULT(ssize_t, sendmsg, (int socket, const struct msghdr *message, int flags), (socket, message, flags))
FAULT(secp256k1_context *, secp256k1_context_create, (unsigned flags), (flags))
FAULT(int, secp256k1_context_randomize, (secp256k1_context *context, const unsigned char *seed), (context, seed))
FAULT(int, secp256k1_ec_pubkey_create, (const secp256k1_context *context, secp256k1_pubkey *point, const unsigned char *secret),
      (context, point, secret))
FAULT(int, secp256k1_ec_pubkey_serialize, (const secp256k1_context *context, unsigned char *to, size_t *len,
      const secp256k1_pubkey *point, unsigned flags), (context, to, len, point, flags))
FAULT(int, secp256k1_ecdsa_sign_recoverable, (const secp256k1_context *context,
      secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest, const unsigned char *secret,
      secp256k1_nonce_function nonce, const void *data), (context, signature, digest, secret, nonce, data))
FAULT(int, secp256k1_ecdsa_recover, (const secp256k1_context *context, secp256k1_pubkey *point,
      const secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *digest),
      (context, point, signature, digest))
FAULT(int, secp256k1_ecdsa_recoverable_signature_serialize_compact, (const secp256k1_context *context,
      unsigned char *to, int *recid, const secp256k1_ecdsa_recoverable_signature *signature),
      (context, to, recid, signature))
FAULT(int, secp256k1_ecdsa_recoverable_signature_parse_compact, (const secp256k1_context *context,
      secp256k1_ecdsa_recoverable_signature *signature, const unsigned char *from, int recid),
      (context, signature, from, recid))

/* Clocks that stand where a test puts them. */
static time_t wall = -1, jump;	/* wall: seconds, unless it is -1 */
static int looks;		/* at the monotonic clock */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock == CLOCK_REALTIME && fault_is_due("clock_gettime"))
		return -1;
	if (__real_clock_gettime(clock, now))
		return -1;
	if (clock == CLOCK_REALTIME && wall != -1)
		now->tv_sec = wall;
	if (clock == CLOCK_MONOTONIC) {
		now->tv_sec = 1000 + (looks++ ? jump : 0);
		now->tv_nsec = 0;
	}
	return 0;
}

static void without_all_of_the_library_there_is_no_key(void)
{
	static const struct {
		const char *name;
		long result;
	} rows[] = {
		{ "calloc", 0 }, { "getrandom", -1 }, { "getrandom", 31 }, { "secp256k1_context_create", 0 },
		{ "secp256k1_context_randomize", 0 }, { "secp256k1_ec_pubkey_create", 0 },
		{ "secp256k1_ec_pubkey_serialize", 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fault_set(rows[i].name, 1, ENOMEM, rows[i].result);
		CHECK_ROW(!ecdsa_new(test_secret()), rows[i].name);
		CHECK_ROW(fault_came(), rows[i].name);
	}
}

static const char *const signing[] = {
	"secp256k1_ecdsa_sign_recoverable", "secp256k1_ecdsa_recover", "secp256k1_ec_pubkey_serialize",
	"secp256k1_ecdsa_recoverable_signature_serialize_compact",
};

static void a_signature_that_fails_is_none(void)
{
	static const uint8_t digest[ECDSA_DIGEST_LEN] = "digest";
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t sig[ECDSA_SIG_LEN];
	size_t i;

	for (i = 0; i < COUNT(signing); i++) {
		fault_set(signing[i], 1, 0, 0);
		CHECK_ROW(!ecdsa_sign(ecdsa, sig, digest), signing[i]);
		CHECK_ROW(fault_came() && ecdsa_sign(ecdsa, sig, digest), signing[i]);
	}
	ecdsa_free(ecdsa);
}

static void a_key_that_is_not_recovered_is_none(void)
{
	static const char *const names[] = {
		"secp256k1_ecdsa_recoverable_signature_parse_compact", "secp256k1_ecdsa_recover",
		"secp256k1_ec_pubkey_serialize",
	};
	static const uint8_t digest[ECDSA_DIGEST_LEN] = "digest";
	struct ecdsa *ecdsa = ecdsa_new(test_secret());
	uint8_t sig[ECDSA_SIG_LEN], public_key[ECDSA_PUBLIC_LEN];
	size_t i;

	CHECK(ecdsa_sign(ecdsa, sig, digest));
	for (i = 0; i < COUNT(names); i++) {
		fault_set(names[i], 1, 0, 0);
		CHECK_ROW(ecdsa_recover(public_key, sig, digest) == ECDSA_NO_KEY, names[i]);
		CHECK_ROW(fault_came() && ecdsa_recover(public_key, sig, digest) == ECDSA_GOOD, names[i]);
	}
	ecdsa_free(ecdsa);
}

static const struct exchange generate = { .status = 200, .method = "POST", .path = "/api/generate", .nonce = "n-1" };
static const char *const strings[] = { "llama3.2", "Why?", "[]", "Because.", "[1,2]" };

/* Ask for both signatures; how many bytes of answer there are. */
static size_t ask_both(bool *ok)
{
	uint8_t bytes[QUESTIONS], *end = put_question(bytes, 'B', &generate, strings);
	struct result result = serve(bytes, (size_t)(end - bytes));

	*ok = result.ok;
	return result.len;
}

/* As in a child: what it says goes to its stderr. */
static int fail_to_sign(void *turn)
{
	bool ok;

	fault_set("secp256k1_ecdsa_sign_recoverable", *(int *)turn, 0, 0);
	return ask_both(&ok) == 0 && !ok && fault_came() ? 0 : 1;
}

static void a_signer_that_cannot_sign_says_so_and_ends(void)
{
	struct child child;
	int turn;

	for (turn = 1; turn <= 2; turn++) {	/* the receipt, the exchange */
		child = run_child(fail_to_sign, &turn);
		CHECK(child.status == 0);
		CHECK_ROW(!strcmp(strchr(child.said, ':'), ": signer: a signature did not recover to its key\n"), child.said);
	}
}

static void without_a_time_nothing_is_signed(void)
{
	bool ok;

	fault_set("clock_gettime", 1, EINVAL, -1);
	CHECK(ask_both(&ok) == 0 && !ok && fault_came());
	wall = -2;
	CHECK(ask_both(&ok) == 0 && !ok);
	wall = 0;
	CHECK(ask_both(&ok) == sizeof(struct oracle_answer) && ok);
	wall = -1;
}

static void an_answer_that_nobody_takes_is_the_last(void)
{
	bool ok;

	fault_set("sendmsg", 1, EPIPE, -1);
	CHECK(ask_both(&ok) == 0 && !ok && fault_came());
}

static void strings_that_take_longer_than_the_patience_are_not_signed(void)
{
	bool ok;

	looks = 0;
	jump = ORACLE_PATIENCE;
	CHECK(ask_both(&ok) == sizeof(struct oracle_answer) && ok && looks == 2);
	looks = 0;
	jump = ORACLE_PATIENCE + 1;
	CHECK(ask_both(&ok) == 0 && !ok && looks == 2);
	jump = 0;
}

int main(void)
{
	RUN(without_all_of_the_library_there_is_no_key);
	RUN(a_signature_that_fails_is_none);
	RUN(a_key_that_is_not_recovered_is_none);
	RUN(a_signer_that_cannot_sign_says_so_and_ends);
	RUN(without_a_time_nothing_is_signed);
	RUN(an_answer_that_nobody_takes_is_the_last);
	RUN(strings_that_take_longer_than_the_patience_are_not_signed);
	return DONE();
}
