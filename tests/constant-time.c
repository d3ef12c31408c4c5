/*
 * constant-time: under valgrind, whether what is done depends on the key.
 *
 *   constant-time KEYFILE public|exchange|both|leak
 *
 * The signer's own objects read the key, and answer one question.  The key's
 * bytes are marked as undefined where they are read, so that memcheck reports
 * each branch and each address that depends on them (the ctgrind method).
 * What is published is marked as defined again where libsecp256k1 gives it
 * back.  `leak' is a branch that depends on the key, made to be reported.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <valgrind/memcheck.h>

#include "keys/oracle.h"
#include "keys/secret.h"

static const char model[] = "llama3.2";

/* The linker sends the calls of keys/ here (-Wl,--wrap). */
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
int __real_secp256k1_ec_seckey_verify(const secp256k1_context *context,
				      const unsigned char *secret);
int __wrap_secp256k1_ec_seckey_verify(const secp256k1_context *context,
				      const unsigned char *secret);
int __real_secp256k1_ec_pubkey_create(const secp256k1_context *context,
				      secp256k1_pubkey *point,
				      const unsigned char *secret);
int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context,
				      secp256k1_pubkey *point,
				      const unsigned char *secret);
int __real_secp256k1_ecdsa_sign_recoverable(
	const secp256k1_context *context,
	secp256k1_ecdsa_recoverable_signature *signature,
	const unsigned char *digest, const unsigned char *secret,
	secp256k1_nonce_function nonce, const void *data);
int __wrap_secp256k1_ecdsa_sign_recoverable(
	const secp256k1_context *context,
	secp256k1_ecdsa_recoverable_signature *signature,
	const unsigned char *digest, const unsigned char *secret,
	secp256k1_nonce_function nonce, const void *data);

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
	ssize_t got = __real_read(fd, bytes, len);

	if (got > 0)
		VALGRIND_MAKE_MEM_UNDEFINED(bytes, (size_t)got);
	return got;
}

int __wrap_secp256k1_ec_seckey_verify(const secp256k1_context *context,
				      const unsigned char *secret)
{
	int ok = __real_secp256k1_ec_seckey_verify(context, secret);

	VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
	return ok;
}

int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *context,
				      secp256k1_pubkey *point,
				      const unsigned char *secret)
{
	int ok = __real_secp256k1_ec_pubkey_create(context, point, secret);

	VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
	VALGRIND_MAKE_MEM_DEFINED(point, sizeof(*point));
	return ok;
}

int __wrap_secp256k1_ecdsa_sign_recoverable(
	const secp256k1_context *context,
	secp256k1_ecdsa_recoverable_signature *signature,
	const unsigned char *digest, const unsigned char *secret,
	secp256k1_nonce_function nonce, const void *data)
{
	int ok = __real_secp256k1_ecdsa_sign_recoverable(context, signature,
							 digest, secret,
							 nonce, data);

	VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
	VALGRIND_MAKE_MEM_DEFINED(signature, sizeof(*signature));
	return ok;
}

static void leak(const uint8_t *secret)
{
	if (secret[SECRET_LEN - 1] & 1)
		puts("the key is odd");
}

static bool ask(const uint8_t *secret, enum oracle_what what)
{
	static struct oracle_question question = {	/* no byte of it is undefined */
		.exchange = { .status = 200, .method = "POST",
			      .path = "/api/generate", .nonce = "n-1" },
		.len = { sizeof(model) },
	};
	struct oracle_answer answer;
	ssize_t len = what == ORACLE_PUBLIC ? ECDSA_PUBLIC_LEN : sizeof(answer);
	struct ecdsa *ecdsa = ecdsa_new(secret);
	int pair[2];
	bool ok;

	question.what = what;
	ok = ecdsa && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) &&
	       send(pair[0], &question, sizeof(question), 0) > 0 &&
	       (what != ORACLE_BOTH || send(pair[0], model, sizeof(model), 0) > 0) &&
	       !shutdown(pair[0], SHUT_WR) && oracle_serve(pair[1], ecdsa) &&
	       recv(pair[0], &answer, sizeof(answer), 0) == len;
	ecdsa_free(ecdsa);
	return ok;
}

int main(int argc, char **argv)
{
	const uint8_t *secret = argc == 3 ? secret_read(argv[1]) : NULL;
	bool ok = true;

	if (!secret || !RUNNING_ON_VALGRIND)
		errx(2, "usage: valgrind constant-time KEYFILE public|exchange|both|leak");
	if (!strcmp(argv[2], "leak"))
		leak(secret);
	else
		ok = ask(secret, !strcmp(argv[2], "both") ? ORACLE_BOTH :
			 !strcmp(argv[2], "exchange") ? ORACLE_EXCHANGE : ORACLE_PUBLIC);
	secret_free(secret);
	return !ok;
}
