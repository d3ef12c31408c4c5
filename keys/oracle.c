/* The signer's own end of the socket; see oracle.h. */
#include "oracle.h"

#include <err.h>
#include <string.h>
#include <time.h>

#include "wire.h"

#define CHUNK	65536	/* bytes of questions that are held at once */

struct oracle {
	int socket;
	const struct ecdsa *ecdsa;
	uint8_t address[ECDSA_ADDRESS_LEN];
	struct wire_in in;
	uint8_t chunk[CHUNK];
};

static bool send_answer(const struct oracle *oracle, void *bytes, size_t len)
{
	struct iovec part = { bytes, len };

	return wire_send(oracle->socket, &part, 1);
}

static bool answer_public(const struct oracle *oracle)
{
	uint8_t public_key[ECDSA_PUBLIC_LEN];

	memcpy(public_key, ecdsa_public(oracle->ecdsa), sizeof(public_key));
	return send_answer(oracle, public_key, sizeof(public_key));
}

static bool sign(const struct oracle *oracle, uint8_t *sig,
		 const uint8_t *digest)
{
	if (ecdsa_sign(oracle->ecdsa, sig, digest))
		return true;
	warnx("signer: a signature did not recover to its key");
	return false;
}

/* Hash the strings as they come. */
static bool read_strings(struct oracle *oracle, struct receipt *receipt)
{
	uint64_t want;
	size_t len;
	const void *bytes;

	while ((want = receipt_want(receipt)) > 0) {
		len = want < CHUNK ? (size_t)want : CHUNK;
		bytes = wire_some(&oracle->in, &len);
		if (!bytes)
			return false;
		receipt_add(receipt, bytes, len);
	}
	return true;
}

static bool sign_receipt(struct oracle *oracle,
			 const struct oracle_question *question,
			 struct oracle_answer *answer)
{
	uint8_t digest[KECCAK_LEN];
	struct receipt receipt;

	if (!receipt_init(&receipt, answer->seconds, question->len) ||
	    !read_strings(oracle, &receipt))
		return false;
	receipt_final(&receipt, digest);
	return sign(oracle, answer->receipt, digest);
}

static bool sign_exchange(const struct oracle *oracle,
			  const struct oracle_question *question,
			  struct oracle_answer *answer)
{
	uint8_t digest[KECCAK_LEN];

	exchange_digest(digest, &question->exchange, answer->seconds,
			oracle->address);
	return sign(oracle, answer->exchange, digest);
}

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool answer_question(struct oracle *oracle,
			    const struct oracle_question *question)
{
	struct oracle_answer answer = { 0 };
	int64_t begun = monotonic();
	struct timespec now;

	if (question->what == ORACLE_PUBLIC)
		return answer_public(oracle);
	if (question->what != ORACLE_EXCHANGE && question->what != ORACLE_BOTH)
		return false;
	if (!exchange_valid(&question->exchange) ||
	    clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
		return false;
	answer.seconds = (uint64_t)now.tv_sec;

	return (question->what == ORACLE_EXCHANGE ||
		sign_receipt(oracle, question, &answer)) &&
	       monotonic() - begun <= ORACLE_PATIENCE &&
	       sign_exchange(oracle, question, &answer) &&
	       send_answer(oracle, &answer, sizeof(answer));
}

bool oracle_serve(int socket, const struct ecdsa *ecdsa)
{
	static struct oracle oracle;	/* one a process; too big for a stack */
	struct oracle_question question;
	bool ok = true;

	oracle.socket = socket;
	oracle.in = (struct wire_in){ .socket = socket, .bytes = oracle.chunk,
				      .size = sizeof(oracle.chunk) };
	oracle.ecdsa = ecdsa;
	ecdsa_address(oracle.address, ecdsa_public(ecdsa));
	while (ok && wire_more(&oracle.in)) {
		ok = wire_take(&oracle.in, &question, sizeof(question)) &&
		     answer_question(&oracle, &question);
		wire_wipe(&oracle.in);
	}
	return ok;
}
