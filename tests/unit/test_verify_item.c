/*
 * CBOR: libcbor and our own reader take the same items off the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/verify/item.h"
#include "keys/verify/item_plain.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#ifdef OYSTER_SANITIZED
#define TEXTS	100000
#else
#define TEXTS	1000000
#endif
#define TEXT_MAX	24	/* bytes */

/* Go through the bytes with both until one of them stops. */
static bool agree(const char *bytes, size_t len)
{
	struct text one = { bytes, len }, other = one;
	struct item a, b;
	bool took;

	do {
		took = item_take(&one, &a);
		if (item_plain_take(&other, &b) != took)
			return false;
		if (one.at != other.at || one.len != other.len)
			return false;
		if (took && (a.type != b.type || a.number != b.number ||
			     a.bytes.at != b.bytes.at || a.bytes.len != b.bytes.len))
			return false;
	} while (took);
	return true;
}

static void both_readers_agree_on_every_first_byte(void)
{
	static const char fill[] = { 0x00, 0x01, 0x17, (char)0x80, (char)0xff };
	char bytes[16], row[8];
	size_t i, len;
	int first;

	for (first = 0; first < 256; first++)
		for (i = 0; i < COUNT(fill); i++)
			for (len = 1; len <= sizeof(bytes); len++) {
				char *copy;

				memset(bytes, fill[i], sizeof(bytes));
				bytes[0] = (char)first;
				copy = exact_copy(bytes, len);
				snprintf(row, sizeof(row), "%02x", first);
				CHECK_ROW(agree(copy, len), row);
				free(copy);
			}
}

static void both_readers_agree_on_random_bytes(void)
{
	char bytes[TEXT_MAX];
	size_t i, j, len;
	unsigned wrong = 0;

	srandom(8949);
	for (i = 0; i < TEXTS; i++) {
		len = (size_t)random() % TEXT_MAX + 1;
		for (j = 0; j < len; j++)
			bytes[j] = (char)random();
		wrong += !agree(bytes, len);
	}
	CHECK(wrong == 0);
}

static void both_readers_agree_on_documents(void)
{
	json_t *minted = load_vectors("tests/attestation/documents.json");
	const json_t *cases = json_object_get(minted, "cases");
	size_t i, start, len;
	unsigned wrong = 0;

	for (i = 0; i < json_array_size(cases); i++) {
		const json_t *one = json_array_get(cases, i);
		const char *hex = field(one, "document", &len);
		char *bytes = must(malloc(len / 2 + 1));

		len /= 2;
		from_hex((uint8_t *)bytes, len, hex);
		for (start = 0; start < len; start += 7)
			wrong += !agree(bytes + start, len - start);
		free(bytes);
	}
	CHECK(wrong == 0);
	json_decref(minted);
}

/* Deep, long, and longer than there are bytes. */
static void a_value_is_passed_over_whole_or_not_at_all(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool ok;
	} rows[] = {
		{ LITERAL("\x00"), true },
		{ LITERAL("\x82\x01\x81\x02"), true },
		{ LITERAL("\xa1\x61\x61\xa1\x01\xf6"), true },
		{ LITERAL("\x82\x01"), false },
		{ LITERAL("\xa1\x01"), false },
		{ LITERAL("\x81\xc1\x01"), false },
		{ LITERAL("\x9f\x01\xff"), false },
		{ LITERAL("\x5f\x41\x61\xff"), false },
		{ LITERAL("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), false },
		{ LITERAL("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01"), false },
		{ LITERAL("\xbb\x80\x00\x00\x00\x00\x00\x00\x01\x01\x01\x01\x01\x01"), false },
		{ LITERAL("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), false },
		{ LITERAL(""), false },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char *copy = exact_copy(rows[i].bytes, rows[i].len);
		struct text rest = { copy, rows[i].len };

		CHECK(item_pass(&rest) == rows[i].ok);
		CHECK(!rows[i].ok || rest.len == 0);
		free(copy);
	}
}

int main(void)
{
	RUN(both_readers_agree_on_every_first_byte);
	RUN(both_readers_agree_on_random_bytes);
	RUN(both_readers_agree_on_documents);
	RUN(a_value_is_passed_over_whole_or_not_at_all);
	return DONE();
}
