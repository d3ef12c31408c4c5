/*
 * secret.h - the memory that holds the secret key, and the file it comes from.
 *
 * The 32 bytes go from the file straight into memory that no other process
 * can read, not even root's (memfd_secret, Linux 5.14).  Where the kernel
 * has none, the page is locked and left out of core dumps, and a line on
 * stderr says so.  No message ever shows a byte of the key.
 */
#ifndef OYSTER_SECRET_H
#define OYSTER_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#define SECRET_LEN	32	/* bytes of a key file: the raw secret */

/*
 * Read a key file.
 *
 * Returns: SECRET_LEN bytes, to be released with secret_free; NULL, with a
 *          line on stderr that says what is wrong, if path is not a readable
 *          regular file of exactly SECRET_LEN bytes that hold a key of the
 *          curve.  The file's mode is its owner's business.
 */
const uint8_t *secret_read(const char *path)
	__attribute__((nonnull, warn_unused_result));

/*
 * Make a key file, mode 0600, from the kernel's random numbers.
 *
 * Returns: false, with a line on stderr, if path exists or cannot be
 *          written; then no file is left behind
 */
bool secret_create(const char *path)
	__attribute__((nonnull, warn_unused_result));

/*
 * Call job(arg), which must not return, on a stack of such memory: what is
 * worked out with the key on the way to a signature gives the key away, too.
 * Where the kernel has no such memory, the stack is the usual one.
 */
_Noreturn void secret_run(void (*job)(const void *arg), const void *arg)
	__attribute__((nonnull(1)));

/* Wipe and release.  NULL is fine. */
void secret_free(const uint8_t *secret);

#endif
