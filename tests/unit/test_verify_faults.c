/*
 * The checks of an attestation document when OpenSSL, libcbor or memory fail:
 * nothing is verified by a call that was not made.
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <cbor.h>

#include "keys/verify/attestation.h"
#include "keys/verify/chain.h"
#include "keys/verify/check.h"
#include "tests/unit/bytes.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

FAULT(void *, calloc, (size_t count, size_t size), (count, size))
FAULT(int, EVP_PKEY_get_base_id, (const EVP_PKEY *key), (key))
FAULT(int, EVP_PKEY_get_group_name, (const EVP_PKEY *key, char *name, size_t size, size_t *len), (key, name, size, len))
FAULT(ECDSA_SIG *, ECDSA_SIG_new, (void), ())
FAULT(BIGNUM *, BN_bin2bn, (const unsigned char *from, int len, BIGNUM *to), (from, len, to))
FAULT(int, ECDSA_SIG_set0, (ECDSA_SIG *sig, BIGNUM *r, BIGNUM *s), (sig, r, s))
FAULT(int, i2d_ECDSA_SIG, (const ECDSA_SIG *sig, unsigned char **to), (sig, to))
FAULT(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
FAULT(int, EVP_DigestVerifyInit, (EVP_MD_CTX *context, EVP_PKEY_CTX **to, const EVP_MD *type, ENGINE *engine, EVP_PKEY *key),
      (context, to, type, engine, key))
FAULT(int, EVP_DigestVerifyUpdate, (EVP_MD_CTX *context, const void *bytes, size_t len), (context, bytes, len))
FAULT(int, EVP_DigestVerifyFinal, (EVP_MD_CTX *context, const unsigned char *sig, size_t len), (context, sig, len))
FAULT(long, X509_get_version, (const X509 *cert), (cert))
FAULT(int, X509_EXTENSION_get_critical, (const X509_EXTENSION *extension), (extension))
FAULT(int, X509_verify, (X509 *cert, EVP_PKEY *key), (cert, key))
FAULT(int, X509_digest, (const X509 *cert, const EVP_MD *type, unsigned char *to, unsigned *len), (cert, type, to, len))
FAULT(BIO *, BIO_new_mem_buf, (const void *bytes, int len), (bytes, len))

uint32_t __real_X509_get_extension_flags(X509 *cert);
uint32_t __wrap_X509_get_extension_flags(X509 *cert);

uint32_t __wrap_X509_get_extension_flags(X509 *cert)
{
	return __real_X509_get_extension_flags(cert) |
	       (fault_is_due("X509_get_extension_flags") ? EXFLAG_INVALID : 0);
}

size_t __real_EVP_PKEY_get1_encoded_public_key(EVP_PKEY *key, unsigned char **point);
size_t __wrap_EVP_PKEY_get1_encoded_public_key(EVP_PKEY *key, unsigned char **point);

/* None, or with a result of 1 one that is compressed, but as long. */
size_t __wrap_EVP_PKEY_get1_encoded_public_key(EVP_PKEY *key, unsigned char **point)
{
	bool due = fault_is_due("EVP_PKEY_get1_encoded_public_key");
	size_t len;

	if (due && !fault_result)
		return 0;
	len = __real_EVP_PKEY_get1_encoded_public_key(key, point);
	if (due)
		(*point)[0] = 0x02;
	return len;
}

struct cbor_decoder_result __real_cbor_stream_decode(cbor_data from, size_t len, const struct cbor_callbacks *callbacks, void *arg);
struct cbor_decoder_result __wrap_cbor_stream_decode(cbor_data from, size_t len, const struct cbor_callbacks *callbacks, void *arg);

struct cbor_decoder_result __wrap_cbor_stream_decode(cbor_data from, size_t len, const struct cbor_callbacks *callbacks, void *arg)
{
	struct cbor_decoder_result result = __real_cbor_stream_decode(from, len, callbacks, arg);

	if (fault_is_due("cbor_stream_decode"))
		result.read = len + 1;
	return result;
}

/* A good document with other fields, as if they had been signed so. */
static struct document other;

const char *__real_document_read(struct document *document, struct text bytes);
const char *__wrap_document_read(struct document *document, struct text bytes);

const char *__wrap_document_read(struct document *document, struct text bytes)
{
	const char *why = __real_document_read(document, bytes);

	if (other.public_key.at)
		document->public_key = other.public_key;
	if (other.module_id.at)
		document->module_id = other.module_id;
	return why;
}

static char good[8192], root[512], root_pem[2048];
static size_t good_len, root_len, root_pem_len;
static struct chain_root mine;
static uint64_t now;
static char said[16384];

static size_t load(char *to, size_t size, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(to, 1, size, file) : 0;

	if (file)
		fclose(file);
	if (len == 0 || len == size) {
		printf("Bail out! %s\n", path);
		exit(EXIT_FAILURE);
	}
	return len;
}

static void load_all(void)
{
	json_t *minted = load_vectors("tests/attestation/documents.json");

	now = (uint64_t)json_integer_value(json_object_get(minted, "seconds")) + 5;
	json_decref(minted);
	good_len = load(good, sizeof(good), "tests/attestation/good.bin");
	root_len = load(root, sizeof(root), "tests/attestation/root.der");
	root_pem_len = load(root_pem, sizeof(root_pem), "tests/attestation/root.pem");
}

static enum report_verdict verdict_of(struct text document, bool need_key)
{
	struct pins pins = { .has_image = false };
	struct attestation attestation = { .document = document, .root = &mine, .pins = &pins, .now = now, .need_key = need_key };
	enum report_verdict verdict;
	struct report report;

	report_init(&report);
	attestation_check(&report, &attestation);
	verdict = report_verdict(&report);
	snprintf(said, sizeof(said), "%.*s", (int)report.lines.len, report.lines.len ? report.lines.data : "");
	CHECK((attestation.is_good && attestation.has_key) == (verdict != REPORT_FAILED && need_key));
	report_clear(&report);
	return verdict;
}

static enum report_verdict verdict(void)
{
	return verdict_of((struct text){ good, good_len }, true);
}

static void the_document_is_good_when_nothing_fails(void)
{
	CHECK(chain_root_read(&mine, (struct text){ root, root_len }) && mine.has_hash);
	CHECK(verdict() == REPORT_UNPINNED);
}

/* Each call of each of these must be made, and succeed. */
static void a_document_is_not_good_by_a_call_that_failed(void)
{
	static const struct {
		const char *name;
		long result;
		int at_least;	/* calls */
	} rows[] = {
		{ "calloc", 0, 1 }, { "EVP_PKEY_get_base_id", 0, 2 }, { "EVP_PKEY_get_group_name", 0, 2 },
		{ "ECDSA_SIG_new", 0, 1 }, { "BN_bin2bn", 0, 2 }, { "ECDSA_SIG_set0", 0, 1 }, { "i2d_ECDSA_SIG", -1, 1 },
		{ "EVP_MD_CTX_new", 0, 1 }, { "EVP_DigestVerifyInit", 0, 1 }, { "EVP_DigestVerifyUpdate", 0, 2 },
		{ "EVP_DigestVerifyFinal", -1, 1 }, { "X509_get_version", 0, 2 }, { "X509_get_extension_flags", 0, 2 },
		{ "X509_verify", -1, 2 }, { "EVP_PKEY_get1_encoded_public_key", 0, 1 },
		{ "EVP_PKEY_get1_encoded_public_key", 1, 1 }, { "cbor_stream_decode", 0, 10 },
	};
	size_t i;
	int turn;

	for (i = 0; i < COUNT(rows); i++) {
		for (turn = 1;; turn++) {
			enum report_verdict found;

			fault_set(rows[i].name, turn, ENOMEM, rows[i].result);
			found = verdict();
			if (!fault_came())
				break;
			/* Of the flags a second look is no check of their form. */
			if (strcmp(rows[i].name, "X509_get_extension_flags") || turn == 1)
				CHECK_ROW(found == REPORT_FAILED, rows[i].name);
		}
		CHECK_ROW(turn > rows[i].at_least, rows[i].name);
	}
	CHECK(verdict() == REPORT_UNPINNED);
}

static void an_extension_that_is_not_critical_may_be_unknown(void)
{
	fault_set("X509_EXTENSION_get_critical", 1, 0, 0);
	CHECK(verdict() == REPORT_UNPINNED && fault_came());
}

static void a_root_is_read_whole_or_not_at_all(void)
{
	static const char *const names[] = {
		"EVP_PKEY_get_base_id", "EVP_PKEY_get1_encoded_public_key", "X509_digest", "BIO_new_mem_buf",
	};
	const struct text pem = { root_pem, root_pem_len };
	struct chain_root read;
	size_t i;

	CHECK(chain_root_read(&read, pem) && read.has_hash && !memcmp(read.hash, mine.hash, sizeof(read.hash)));
	for (i = 0; i < COUNT(names); i++) {
		fault_set(names[i], 1, ENOMEM, 0);
		CHECK_ROW(!chain_root_read(&read, pem) && !read.has_hash, names[i]);
		CHECK_ROW(fault_came(), names[i]);
	}
}

/* OpenSSL would ask for its passphrase on the terminal. */
static void a_root_that_is_encrypted_is_none(void)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
		"AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n";
	struct chain_root read;

	CHECK(!chain_root_read(&read, (struct text){ pem, sizeof(pem) - 1 }));
}

static void a_chain_is_neither_too_long_nor_of_endless_bytes(void)
{
	struct text der[CHAIN_MAX + 1];
	char why[CHAIN_WHY];
	struct chain *chain;
	size_t i;

	for (i = 0; i < COUNT(der); i++)
		der[i] = (struct text){ root, root_len };
	chain = chain_read(der, COUNT(der), why);	/* and not a byte behind its end */
	CHECK(chain != NULL);
	chain_free(chain);
	chain_free(NULL);
	der[0].len = (size_t)-1;
	CHECK(!chain_read(der, 1, why) && !strcmp(why, "certificate 1 (the leaf) is no certificate"));
	der[0].len = root_len - 1;
	CHECK(!chain_read(der, 1, why));
	der[1].len = 0;
	der[0].len = root_len;
	CHECK(!chain_read(der, 2, why) && !strcmp(why, "certificate 2 is no certificate"));
}

static void a_key_that_signs_no_answers_is_said(void)
{
	static const char bytes[65] = "no key";
	static const struct {
		size_t len;
		const char *says;
	} rows[] = {
		{ 0, "there is no public key in the document" }, { 32, "the public key has 32 bytes" },
		{ 33, "the public key has not 64 bytes" }, { 65, "the public key has not 64 bytes" },
		{ 64, "the public key is no point of secp256k1" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		other.public_key = (struct text){ bytes, rows[i].len };
		CHECK_ROW(verdict() == REPORT_FAILED, rows[i].says);
		CHECK_ROW(strstr(said, rows[i].says), said);
		CHECK_ROW(verdict_of((struct text){ good, good_len }, false) == REPORT_UNPINNED, rows[i].says);
	}
	other.public_key.at = NULL;
}

static void a_name_is_cut_and_a_document_of_too_many_digits_is_none(void)
{
	static char digits[2 * DOCUMENT_MAX + 2], name[1000];

	memset(name, 'n', sizeof(name));
	other.module_id = (struct text){ name, sizeof(name) };
	CHECK(verdict() == REPORT_UNPINNED);
	other.module_id.at = NULL;
	memset(digits, '0', sizeof(digits));
	CHECK(verdict_of((struct text){ digits, sizeof(digits) }, true) == REPORT_FAILED);
	CHECK_ROW(strstr(said, "is larger than 32768 bytes"), said);
	CHECK(verdict_of((struct text){ digits, sizeof(digits) - 2 }, true) == REPORT_FAILED);
	CHECK_ROW(strstr(said, "is no untagged COSE_Sign1"), said);
}

static void another_clock_may_be_ahead_by_a_minute(void)
{
	uint64_t then = now;

	now = then - 5 - CHECK_SKEW;
	CHECK(verdict() == REPORT_UNPINNED);
	now--;
	CHECK(verdict() == REPORT_FAILED && strstr(said, "which is in the future"));
	now = then;
}

int main(void)
{
	load_all();
	RUN(the_document_is_good_when_nothing_fails);
	RUN(a_document_is_not_good_by_a_call_that_failed);
	RUN(an_extension_that_is_not_critical_may_be_unknown);
	RUN(a_root_is_read_whole_or_not_at_all);
	RUN(a_root_that_is_encrypted_is_none);
	RUN(a_chain_is_neither_too_long_nor_of_endless_bytes);
	RUN(a_key_that_signs_no_answers_is_said);
	RUN(a_name_is_cut_and_a_document_of_too_many_digits_is_none);
	RUN(another_clock_may_be_ahead_by_a_minute);
	return DONE();
}
