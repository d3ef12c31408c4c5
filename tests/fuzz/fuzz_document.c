/*
 * Attestation documents, and CBOR by both of its readers.
 *
 * The input is a document.  The two readers must agree on every item of it,
 * and on the items of the payload.  Its certificates are checked whether or not the
 * document's signature is good, else no change of them would get that far.
 * What is verified must be one of those that were minted: signed with the
 * keys of tests/attestation/mint.py, and naming the key there.
 */
#include <string.h>

#include "keys/verify/attestation.h"
#include "keys/verify/chain.h"
#include "keys/verify/document.h"
#include "keys/verify/item.h"
#include "keys/verify/item_plain.h"
#include "tests/fuzz/fuzz.h"

#define TIME	1741620242	/* mint.py's */

/* The key of mint.py's root, tests/attestation/root.key. */
static const char root[] =
	"a7556c627c0435b4a5159e8fa4fb586ab4e0a5fd02cccd9deb11915cc7835dd5"
	"38d715aeb447f83db49c0dd4c70db0cc32d3382be79afcd0355fecbe9d69cdbb"
	"ffece3cdb7f429c3d3ca2ac184bdec4986962d6d93c646c315ad7525d26b9148";

/* That of 32 bytes of 0x01. */
static const char enclave[] =
	"1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
	"70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1";

/* Walk flat over all items, with the one reader and the other. */
static void check_items(struct text rest)
{
	struct text plain = rest, before;
	struct item one, other;
	bool ok = true;

	while (ok) {
		before = rest;
		ok = item_take(&rest, &one);
		MUST(item_plain_take(&plain, &other) == ok);
		MUST(rest.at == plain.at && rest.len == plain.len);
		if (!ok)
			break;
		MUST(rest.len < before.len && rest.at + rest.len == before.at + before.len);
		MUST(one.type == other.type && one.number == other.number);
		MUST(one.bytes.at == other.bytes.at && one.bytes.len == other.bytes.len);
	}
	MUST(rest.at == before.at && rest.len == before.len);
}

static void check_pass(struct text rest)
{
	struct text before = rest;

	if (item_pass(&rest))
		MUST(rest.at + rest.len == before.at + before.len);
}

static bool lies_in(struct text inner, struct text outer)
{
	return inner.len == 0 || (inner.at >= outer.at &&
	       inner.at + inner.len <= outer.at + outer.len);
}

static void check_slices(const struct document *document, struct text bytes)
{
	size_t i;

	MUST(lies_in(document->payload, bytes));
	MUST(document->signature.len == DOCUMENT_SIG && lies_in(document->signature, bytes));
	MUST(lies_in(document->module_id, document->payload));
	MUST(lies_in(document->certificate, document->payload));
	MUST(lies_in(document->public_key, document->payload));
	MUST(lies_in(document->user_data, document->payload));
	MUST(lies_in(document->nonce, document->payload));
	MUST(document->bundled >= 1 && document->bundled <= DOCUMENT_BUNDLE);
	for (i = 0; i < document->bundled; i++)
		MUST(lies_in(document->bundle[i], document->payload));
}

static void check_certificates(const struct document *document)
{
	struct text der[CHAIN_MAX] = { document->certificate };
	char why[CHAIN_WHY] = "";
	struct chain *chain;
	size_t i;

	for (i = 0; i < document->bundled; i++)
		der[1 + i] = document->bundle[document->bundled - 1 - i];
	chain = chain_read(der, 1 + document->bundled, why);
	MUST(chain || *why);
	if (chain && !chain_verify(chain, document->timestamp / 1000, why))
		MUST(*why);
	chain_free(chain);
}

static const struct chain_root *minted(void)
{
	static struct chain_root known;

	MUST(chain_root_read(&known, (struct text){ root, sizeof(root) - 1 }));
	return &known;
}

static void check_whole(struct text bytes)
{
	struct pins pins = { 0 };
	struct attestation attestation = {
		.document = bytes, .root = minted(),
		.pins = &pins, .now = TIME, .need_key = true,
	};
	struct report report;

	report_init(&report);
	attestation_check(&report, &attestation);
	MUST(!report.broken);
	MUST(attestation.is_good == !report.failed);
	if (attestation.is_good) {
		MUST(report_verdict(&report) == REPORT_UNPINNED);
		MUST(attestation.has_key);
		MUST(is_hex(attestation.public_key, ECDSA_PUBLIC_LEN, enclave));
	}
	report_clear(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size };
	struct text bytes = take_all(&rest);
	struct document document;

	check_items(bytes);
	check_pass(bytes);
	if (!document_read(&document, bytes)) {
		check_slices(&document, bytes);
		check_items(document.payload);
		check_certificates(&document);
	}
	check_whole(bytes);
	release(bytes);
	return 0;
}
