/* The signer's own end of the socket; see oracle.h. */
#include "oracle.h"

#include <err.h>
#include <string.h>
#include <time.h>

#include "receipt.h"

#define CHUNK	65536	/* bytes of a string that are held at once */

struct oracle {
	int socket;
	struct ecdsa *ecdsa;
	uint8_t chunk[CHUNK];
};

static bool answer(const struct oracle *oracle, void *bytes, size_t len)
{
	struct iovec part = { bytes, len };

	return wire_send(oracle->socket, &part, 1);
}

static bool answer_public(const struct oracle *oracle)
{
	uint8_t public_key[ECDSA_PUBLIC_LEN];

	memcpy(public_key, ecdsa_public(oracle->ecdsa), sizeof(public_key));
	return answer(oracle, public_key, sizeof(public_key));
}

/* Hash the strings; what was held of them is wiped. */
static bool read_strings(struct oracle *oracle, struct receipt *receipt)
{
	uint64_t want;
	size_t most = 0;
	bool ok = true;

	while (ok && (want = receipt_want(receipt)) > 0) {
		size_t len = want < CHUNK ? (size_t)want : CHUNK;

		ok = wire_receive(oracle->socket, oracle->chunk, len);
		if (ok)
			receipt_add(receipt, oracle->chunk, len);
		if (len > most)
			most = len;
	}
	explicit_bzero(oracle->chunk, most);
	return ok;
}

static bool answer_receipt(struct oracle *oracle)
{
	uint8_t numbers[RECEIPT_STRINGS * WIRE_NUMBER];
	uint8_t reply[ORACLE_RECEIPT_ANSWER];
	uint8_t digest[KECCAK_LEN];
	uint64_t len[RECEIPT_STRINGS];
	struct receipt receipt;
	struct timespec now;
	int i;

	if (!wire_receive(oracle->socket, numbers, sizeof(numbers)) ||
	    clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
		return false;
	for (i = 0; i < RECEIPT_STRINGS; i++)
		len[i] = wire_get(numbers + i * WIRE_NUMBER);

	if (!receipt_init(&receipt, (uint64_t)now.tv_sec, len) ||
	    !read_strings(oracle, &receipt))
		return false;
	receipt_final(&receipt, digest);

	wire_put(reply, (uint64_t)now.tv_sec);
	if (!ecdsa_sign(oracle->ecdsa, reply + WIRE_NUMBER, digest)) {
		warnx("signer: a signature did not recover to its key");
		return false;
	}
	return answer(oracle, reply, sizeof(reply));
}

bool oracle_serve(int socket, const uint8_t *secret)
{
	static struct oracle oracle;	/* one a process; too big for a stack */
	bool ok = true;
	char what;

	oracle.socket = socket;
	oracle.ecdsa = ecdsa_new(secret);
	if (!oracle.ecdsa) {
		warnx("signer: the key cannot be used");
		return false;
	}
	while (ok && wire_receive(socket, &what, 1)) {
		if (what == ORACLE_PUBLIC)
			ok = answer_public(&oracle);
		else if (what == ORACLE_RECEIPT)
			ok = answer_receipt(&oracle);
		else
			ok = false;
	}
	ecdsa_free(oracle.ecdsa);
	return ok;
}
