/*
 * key.h - the key that somebody names, as an address.
 *
 * Both functions return false, with a line on stderr, if it is none.
 */
#ifndef OYSTER_KEY_H
#define OYSTER_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/buf.h"
#include "keys/ecdsa.h"

/* 40 digits, with or without 0x; in mixed case they must be a checksum's. */
bool key_from_address(uint8_t to[static ECDSA_ADDRESS_LEN], const char *address)
	__attribute__((nonnull, warn_unused_result));

/* A file with a public key: 64 bytes, or 128 digits. */
bool key_from_file(uint8_t to[static ECDSA_ADDRESS_LEN], struct text file)
	__attribute__((nonnull(1), warn_unused_result));

#endif
