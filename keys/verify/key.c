/* The key that somebody names; see key.h. */
#include "key.h"

#include <err.h>
#include <string.h>

#include "keys/keccak.h"
#include "keys/verify/encoding.h"
#include "keys/verify/input.h"

/*
 * Whether mixed-case digits have the case that is their checksum (ERC-55);
 * digits of one case have none.
 */
static bool has_good_case(const char *digits)
{
	char lower[2 * ECDSA_ADDRESS_LEN + 1];
	bool has_upper = false, has_lower = false, good = true;
	uint8_t hash[KECCAK_LEN];
	struct keccak keccak;
	size_t i;

	for (i = 0; i < sizeof(lower) - 1; i++) {
		has_upper |= digits[i] >= 'A' && digits[i] <= 'F';
		has_lower |= digits[i] >= 'a';
		lower[i] = (char)(digits[i] >= 'A' && digits[i] <= 'F' ?
				  digits[i] | 0x20 : digits[i]);
	}
	keccak_init(&keccak);
	keccak_add(&keccak, lower, sizeof(lower) - 1);
	keccak_final(&keccak, hash);
	for (i = 0; i < sizeof(lower) - 1; i++) {
		unsigned nibble = i % 2 ? hash[i / 2] & 0xf : hash[i / 2] >> 4;

		if (lower[i] >= 'a' && (nibble >= 8) != (digits[i] != lower[i]))
			good = false;
	}
	return good || !has_upper || !has_lower;
}

bool key_from_address(uint8_t to[static ECDSA_ADDRESS_LEN], const char *address)
{
	struct text digits = input_digits(text_of(address));

	if (!hex_read(to, ECDSA_ADDRESS_LEN, digits)) {
		warnx("--address: is not 0x and 40 hexadecimal digits");
		return false;
	}
	if (!has_good_case(digits.at)) {
		warnx("--address: upper and lower case are not those of its checksum");
		return false;
	}
	return true;
}

bool key_from_file(uint8_t to[static ECDSA_ADDRESS_LEN], struct text file)
{
	uint8_t key[ECDSA_PUBLIC_LEN];

	if (file.len == sizeof(key))
		memcpy(key, file.at, sizeof(key));
	else if (!hex_read(key, sizeof(key), input_digits(file))) {
		warnx("--public-key: is neither 64 bytes nor 128 hexadecimal digits");
		return false;
	}
	if (!ecdsa_is_public(key)) {
		warnx("--public-key: is no key of secp256k1");
		return false;
	}
	ecdsa_address(to, key);
	return true;
}
