/*
 * document.h - the form of an AWS Nitro attestation document: an untagged
 * COSE_Sign1 (RFC 9052) over a map.  What it says is for attestation.h.
 */
#ifndef OYSTER_DOCUMENT_H
#define OYSTER_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/buf.h"
#include "keys/verify/pins.h"

#define DOCUMENT_MAX	32768	/* bytes */
#define DOCUMENT_BUNDLE	8	/* certificates between the leaf and the end */
#define DOCUMENT_FIELD	2048	/* bytes of each certificate and field */
#define DOCUMENT_SIG	96	/* bytes: r[48] s[48] over P-384 */

struct document {
	struct text payload;
	struct text signature;		/* DOCUMENT_SIG bytes */

	struct text module_id;
	uint64_t timestamp;		/* Unix time in milliseconds */
	bool has_pcr[PIN_PCRS];
	uint8_t pcr[PIN_PCRS][PIN_PCR_LEN];	/* zeros if there is none */
	struct text certificate;	/* the leaf, DER */
	size_t bundled;
	struct text bundle[DOCUMENT_BUNDLE];	/* DER, the root first */
	struct text public_key;		/* these three empty when null or absent */
	struct text user_data;
	struct text nonce;
};

/*
 * Read a document.
 *
 * Out:     document  points into the bytes
 * Returns: NULL, or why it is none: the end of a sentence
 */
const char *document_read(struct document *document, struct text bytes)
	__attribute__((nonnull, warn_unused_result));

/*
 * What is signed is the payload behind this (RFC 9052, section 4.4).
 *
 * Returns: bytes of the prefix
 */
#define DOCUMENT_PREFIX	24
size_t document_prefix(uint8_t prefix[static DOCUMENT_PREFIX],
		       const struct document *document)
	__attribute__((nonnull));

/* sha256(00010007, PCR0, PCR1, PCR2, PCR16) */
void document_image(uint8_t image[static PIN_IMAGE_LEN],
		    const struct document *document)
	__attribute__((nonnull));

#endif
