/* The digest under x-oyster-signature; see receipt.h. */
#include "receipt.h"

#define WORD	32	/* bytes of an ABI word */
#define NUMBER	8	/* bytes of a 64-bit number */

static const char hasher[] = "|oyster-hasher|";
static const char timestamp[] = "|timestamp|";
static const char parameters[] = "|ollama_signature_parameters|";

static void add_literal(struct receipt *receipt, const char *text, size_t size)
{
	keccak_add(&receipt->keccak, text, size - 1);
}

static void put_be64(uint8_t to[static NUMBER], uint64_t number)
{
	int i;

	for (i = NUMBER - 1; i >= 0; i--) {
		to[i] = (uint8_t)number;
		number >>= 8;
	}
}

static void add_word(struct receipt *receipt, uint64_t number)
{
	uint8_t word[WORD] = { 0 };

	put_be64(word + WORD - NUMBER, number);
	keccak_add(&receipt->keccak, word, sizeof(word));
}

static uint64_t padding(uint64_t len)
{
	return (WORD - len % WORD) % WORD;
}

/* Close strings that are whole and open the next: its length comes first. */
static void advance(struct receipt *receipt)
{
	static const uint8_t zeros[WORD];

	while (receipt->left == 0) {
		keccak_add(&receipt->keccak, zeros,
			   padding(receipt->len[receipt->open]));
		if (++receipt->open == RECEIPT_STRINGS)
			return;
		receipt->left = receipt->len[receipt->open];
		add_word(receipt, receipt->left);
	}
}

bool receipt_init(struct receipt *receipt, uint64_t seconds,
		  const uint64_t len[static RECEIPT_STRINGS])
{
	uint64_t offset = RECEIPT_STRINGS * WORD;
	uint8_t time[NUMBER];
	unsigned i;

	for (i = 0; i < RECEIPT_STRINGS; i++) {
		if (len[i] > RECEIPT_MAX_STRING)
			return false;
		receipt->len[i] = len[i];
	}

	put_be64(time, seconds);
	keccak_init(&receipt->keccak);
	add_literal(receipt, hasher, sizeof(hasher));
	add_literal(receipt, timestamp, sizeof(timestamp));
	keccak_add(&receipt->keccak, time, sizeof(time));
	add_literal(receipt, parameters, sizeof(parameters));

	for (i = 0; i < RECEIPT_STRINGS; i++) {
		add_word(receipt, offset);
		offset += WORD + len[i] + padding(len[i]);
	}

	receipt->open = 0;
	receipt->left = len[0];
	add_word(receipt, len[0]);
	advance(receipt);
	return true;
}

void receipt_add(struct receipt *receipt, const void *bytes, size_t len)
{
	keccak_add(&receipt->keccak, bytes, len);
	receipt->left -= len;
	if (receipt->open < RECEIPT_STRINGS)
		advance(receipt);
}

uint64_t receipt_want(const struct receipt *receipt)
{
	return receipt->left;
}

void receipt_final(struct receipt *receipt, uint8_t digest[static KECCAK_LEN])
{
	keccak_final(&receipt->keccak, digest);
}
