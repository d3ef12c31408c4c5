/*
 * The signer's own end of the socket.
 *
 * The input is how many bytes arrive at once, and the questions.  The
 * answers must be as many as were asked for, and each signature must recover
 * to the key over what was asked.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/oracle.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX	4096	/* bytes; with the answers to them, a socket holds them */
#define SMALLEST	16	/* bytes that arrive at once, so that the parts are few */

static const uint8_t secret[ECDSA_SECRET_LEN] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

static uint8_t public_key[ECDSA_PUBLIC_LEN], address[ECDSA_ADDRESS_LEN];
static struct ecdsa *ecdsa;	/* for all inputs */

static void learn_key(void)
{
	ecdsa = must(ecdsa_new(secret));
	memcpy(public_key, ecdsa_public(ecdsa), sizeof(public_key));
	ecdsa_address(address, public_key);
}

static bool is_ours(const uint8_t *sig, const uint8_t *digest)
{
	uint8_t key[ECDSA_PUBLIC_LEN];

	return ecdsa_recover(key, sig, digest) == ECDSA_GOOD &&
	       !memcmp(key, public_key, sizeof(key));
}

/* Hash the strings that follow a question; false if they are not all there. */
static bool take_strings(uint8_t *digest, struct text *rest, uint64_t seconds,
			 const struct oracle_question *question)
{
	struct receipt receipt;
	uint64_t want;

	if (!receipt_init(&receipt, seconds, question->len))
		return false;
	while ((want = receipt_want(&receipt)) > 0) {
		if (want > rest->len)
			return false;
		receipt_add(&receipt, rest->at, (size_t)want);
		rest->at += want;
		rest->len -= want;
	}
	receipt_final(&receipt, digest);
	return true;
}

/* Returns whether the question was a good one. */
static bool check_answer(int socket, const struct oracle_question *question,
			 struct text *rest)
{
	static const uint8_t none[ECDSA_SIG_LEN];
	uint8_t digest[KECCAK_LEN], key[ECDSA_PUBLIC_LEN];
	struct oracle_answer answer;
	struct text strings;

	if (question->what == ORACLE_PUBLIC) {
		MUST(recv(socket, key, sizeof(key), MSG_DONTWAIT) == (ssize_t)sizeof(key));
		MUST(!memcmp(key, public_key, sizeof(key)));
		return true;
	}
	if ((question->what != ORACLE_EXCHANGE && question->what != ORACLE_BOTH) ||
	    !exchange_valid(&question->exchange))
		return false;
	strings = *rest;
	if (question->what == ORACLE_BOTH && !take_strings(digest, &strings, 0, question))
		return false;

	MUST(recv(socket, &answer, sizeof(answer), MSG_DONTWAIT) == (ssize_t)sizeof(answer));
	exchange_digest(digest, &question->exchange, answer.seconds, address);
	MUST(is_ours(answer.exchange, digest));
	if (question->what == ORACLE_EXCHANGE) {
		MUST(!memcmp(answer.receipt, none, sizeof(none)));
		return true;
	}
	MUST(take_strings(digest, rest, answer.seconds, question));
	MUST(is_ours(answer.receipt, digest));
	return true;
}

static void check_answers(int socket, struct text rest, bool served)
{
	struct oracle_question question;
	char byte;
	bool ok = true;

	while (ok && rest.len >= sizeof(question)) {
		memcpy(&question, rest.at, sizeof(question));
		rest.at += sizeof(question);
		rest.len -= sizeof(question);
		ok = check_answer(socket, &question, &rest);
	}
	MUST(served == (ok && rest.len == 0));
	MUST(recv(socket, &byte, 1, MSG_DONTWAIT) < 0);
}

/* Each send arrives on its own: the sockets keep boundaries. */
static void send_all(int socket, struct text questions, size_t at_once)
{
	size_t len;

	for (; questions.len > 0; questions.len -= len) {
		len = questions.len < at_once ? questions.len : at_once;
		MUST(send(socket, questions.at, len, MSG_DONTWAIT) == (ssize_t)len);
		questions.at += len;
	}
	MUST(!shutdown(socket, SHUT_WR));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text questions = { (const char *)data, size < INPUT_MAX ? size : INPUT_MAX };
	size_t at_once = (size_t)SMALLEST * (1 + take_byte(&questions));
	int sockets[2];
	bool served;

	if (!ecdsa)
		learn_key();
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	send_all(sockets[0], questions, at_once);
	served = oracle_serve(sockets[1], ecdsa);
	check_answers(sockets[0], questions, served);
	close(sockets[1]);
	close(sockets[0]);
	return 0;
}
