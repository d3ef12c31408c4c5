/*
 * oyster-key: makes a signing key, and shows its public half.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "ecdsa.h"
#include "secret.h"

static void print_hex(const char *prefix, const uint8_t *bytes, size_t len)
{
	size_t i;

	fputs(prefix, stdout);
	for (i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static bool print_public(const uint8_t public_key[static ECDSA_PUBLIC_LEN])
{
	print_hex("", public_key, ECDSA_PUBLIC_LEN);
	return true;
}

static bool print_address(const uint8_t public_key[static ECDSA_PUBLIC_LEN])
{
	uint8_t address[ECDSA_ADDRESS_LEN];

	ecdsa_address(address, public_key);
	print_hex("0x", address, sizeof(address));
	return true;
}

static bool show(const char *path, bool print(const uint8_t *public_key))
{
	const uint8_t *secret = secret_read(path);
	struct ecdsa *ecdsa;
	bool ok = false;

	if (!secret)
		return false;
	ecdsa = ecdsa_new(secret);
	if (ecdsa)
		ok = print(ecdsa_public(ecdsa));
	else
		warnx("key file %s: no public key could be worked out", path);
	ecdsa_free(ecdsa);
	secret_free(secret);
	return ok && !fflush(stdout);
}

static int usage(void)
{
	fputs("usage: oyster-key new FILE      make a key: 32 raw bytes, mode 0600\n"
	      "       oyster-key public FILE   print its public key, 128 hex digits\n"
	      "       oyster-key address FILE  print its 0x address\n", stderr);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool ok;

	if (prctl(PR_SET_DUMPABLE, 0))
		warn("PR_SET_DUMPABLE");
	if (argc != 3)
		return usage();

	if (!strcmp(argv[1], "new"))
		ok = secret_create(argv[2]);
	else if (!strcmp(argv[1], "public"))
		ok = show(argv[2], print_public);
	else if (!strcmp(argv[1], "address"))
		ok = show(argv[2], print_address);
	else
		return usage();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
