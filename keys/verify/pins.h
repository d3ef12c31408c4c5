/*
 * pins.h - which code is to have made the key: the PCRs of its enclave.
 */
#ifndef OYSTER_PINS_H
#define OYSTER_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/buf.h"

#define PIN_PCRS	32	/* a Nitro document has PCR0 to PCR31 at most */
#define PIN_PCR_LEN	48	/* bytes: SHA-384 */
#define PIN_IMAGE_LEN	32	/* bytes of an image id: SHA-256 */

struct pins {
	bool has_image;
	uint8_t image[PIN_IMAGE_LEN];
	bool has_pcr[PIN_PCRS];
	uint8_t pcr[PIN_PCRS][PIN_PCR_LEN];
};

/* Read an image id, 64 digits; false if it is none. */
bool pins_image(struct pins *pins, struct text digits)
	__attribute__((nonnull, warn_unused_result));

/* Read `N=HEX', one PCR; false if it is none or was pinned before. */
bool pins_pcr(struct pins *pins, const char *pin)
	__attribute__((nonnull, warn_unused_result));

/* The PCRs that say what runs: 0, 1, 2 and 16.  An image id is made of them. */
bool pins_is_code(unsigned pcr);

/*
 * Whether the pins name the code: the image id, PCR0 (the whole image), or
 * PCR1 and PCR2 (kernel, and what it runs).  PCR16 alone says nothing: any
 * code extends it as it likes.
 */
bool pins_code(const struct pins *pins) __attribute__((nonnull));

/* Whether there is any pin at all. */
bool pins_any(const struct pins *pins) __attribute__((nonnull));

#endif
