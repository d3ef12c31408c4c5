/* Certificates and signatures over P-384; see chain.h. */
#include "chain.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "keys/verify/encoding.h"
#include "keys/verify/input.h"

#define SCALAR_LEN	(CHAIN_SIG / 2)
#define CURVE		"secp384r1"
#define VERSION_3	2	/* as it is encoded */

struct chain {
	size_t count;
	X509 *cert[CHAIN_MAX];
	EVP_PKEY *key[CHAIN_MAX];	/* theirs; not to be freed */
	uint8_t hash[CHAIN_HASH];	/* of the last, as it came */
};

/* A configuration file of the machine must not change what is accepted. */
static void prepare(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static X509 *read_der(struct text der)
{
	const unsigned char *at = (const unsigned char *)der.at;
	const unsigned char *end = at + der.len;
	X509 *cert;

	if (der.len > LONG_MAX)
		return NULL;
	cert = d2i_X509(NULL, &at, (long)der.len);
	if (cert && at == end)
		return cert;
	X509_free(cert);
	return NULL;
}

/* A curve that only has the parameters of P-384 has no name. */
static bool is_p384(EVP_PKEY *key)
{
	char name[32];

	return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) &&
	       !strcmp(name, CURVE);
}

static bool fail(char why[static CHAIN_WHY], size_t index, const char *what)
{
	snprintf(why, CHAIN_WHY, "certificate %zu%s %s", index + 1,
		 index == 0 ? " (the leaf)" : "", what);
	return false;
}

static bool add(struct chain *chain, struct text der, char why[static CHAIN_WHY])
{
	size_t index = chain->count;
	X509 *cert = read_der(der);

	if (!cert)
		return fail(why, index, "is no certificate");
	chain->cert[chain->count++] = cert;
	chain->key[index] = X509_get0_pubkey(cert);
	if (!is_p384(chain->key[index]))
		return fail(why, index, "has no key on the curve P-384");
	SHA256((const unsigned char *)der.at, der.len, chain->hash);
	return true;
}

struct chain *chain_read(const struct text *der, size_t count,
			 char why[static CHAIN_WHY])
{
	struct chain *chain = calloc(1, sizeof(*chain));
	size_t i;

	prepare();
	snprintf(why, CHAIN_WHY, "out of memory");
	if (!chain)
		return NULL;
	for (i = 0; i < count && i < CHAIN_MAX; i++)
		if (!add(chain, der[i], why)) {
			chain_free(chain);
			return NULL;
		}
	return chain;
}

void chain_free(struct chain *chain)
{
	size_t i;

	for (i = 0; chain && i < chain->count; i++)
		X509_free(chain->cert[i]);
	free(chain);
}

/* OpenSSL wants signatures in DER.  Returns its length, 0 on failure. */
static size_t to_der(unsigned char **der, const uint8_t sig[static CHAIN_SIG])
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, SCALAR_LEN, NULL);
	BIGNUM *s = BN_bin2bn(sig + SCALAR_LEN, SCALAR_LEN, NULL);
	int len = 0;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL;	/* the pair's now */
		len = i2d_ECDSA_SIG(pair, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

bool chain_leaf_signed(const struct chain *chain, struct text first,
		       struct text second, const uint8_t sig[static CHAIN_SIG])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	size_t len = to_der(&der, sig);
	bool ok;

	ok = context && len > 0 &&
	     EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, chain->key[0]) == 1 &&
	     EVP_DigestVerifyUpdate(context, first.at, first.len) == 1 &&
	     EVP_DigestVerifyUpdate(context, second.at, second.len) == 1 &&
	     EVP_DigestVerifyFinal(context, der, len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	return ok;
}

/* What nobody here knows must not be critical (RFC 5280, section 4.2). */
static bool has_unknown_critical(X509 *cert)
{
	int i, nid;

	for (i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *extension = X509_get_ext(cert, i);

		nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
		if (X509_EXTENSION_get_critical(extension) &&
		    nid != NID_basic_constraints && nid != NID_key_usage)
			return true;
	}
	return false;
}

static bool check_form(X509 *cert, size_t index, char why[static CHAIN_WHY])
{
	uint32_t flags = X509_get_extension_flags(cert);

	if (X509_get_version(cert) != VERSION_3)
		return fail(why, index, "is not of version 3");
	if (X509_get_signature_nid(cert) != NID_ecdsa_with_SHA384)
		return fail(why, index, "is not signed with ecdsa-with-SHA384");
	if (flags & EXFLAG_INVALID)
		return fail(why, index, "has extensions that are malformed");
	if (has_unknown_critical(cert))
		return fail(why, index, "has a critical extension that is not known");
	return true;
}

static bool check_time(X509 *cert, size_t index, uint64_t seconds,
		       char why[static CHAIN_WHY])
{
	time_t when = (time_t)seconds;

	/* Both return 0 for a time that cannot be read. */
	if (X509_cmp_time(X509_get0_notBefore(cert), &when) >= 0)
		return fail(why, index, "was not valid yet at the document's time");
	if (X509_cmp_time(X509_get0_notAfter(cert), &when) <= 0)
		return fail(why, index, "was not valid any more at the document's time");
	return true;
}

static bool check_leaf(X509 *cert, char why[static CHAIN_WHY])
{
	uint32_t flags = X509_get_extension_flags(cert);

	if (flags & EXFLAG_CA)
		return fail(why, 0, "is that of a certificate authority");
	if (!(flags & EXFLAG_KUSAGE) ||
	    !(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
		return fail(why, 0, "may not sign documents (key usage)");
	return true;
}

static bool check_authority(X509 *cert, size_t index, char why[static CHAIN_WHY])
{
	uint32_t flags = X509_get_extension_flags(cert);
	long below = X509_get_pathlen(cert);

	if (!(flags & EXFLAG_BCONS) || !(flags & EXFLAG_CA))
		return fail(why, index, "is not that of a certificate authority");
	if (!(flags & EXFLAG_KUSAGE) ||
	    !(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN))
		return fail(why, index, "may not sign certificates (key usage)");
	if (below >= 0 && (size_t)below < index - 1)
		return fail(why, index, "has too many authorities below it");
	return true;
}

bool chain_verify(const struct chain *chain, uint64_t seconds,
		  char why[static CHAIN_WHY])
{
	size_t i, next;

	for (i = 0; i < chain->count; i++) {
		X509 *cert = chain->cert[i];

		next = i + 1 < chain->count ? i + 1 : i;
		if (!check_form(cert, i, why))
			return false;
		if (X509_NAME_cmp(X509_get_issuer_name(cert),
				  X509_get_subject_name(chain->cert[next])))
			return fail(why, i, next == i ? "is not its own issuer's" :
							"was not issued by the next one");
		if (X509_verify(cert, chain->key[next]) != 1)
			return fail(why, i, next == i ? "is not signed by itself" :
							"is not signed by the next one");
		if (!check_time(cert, i, seconds, why) ||
		    !(i == 0 ? check_leaf(cert, why) : check_authority(cert, i, why)))
			return false;
	}
	return true;
}

static bool key_bytes(uint8_t bytes[static CHAIN_KEY], EVP_PKEY *key)
{
	unsigned char *point = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(key, &point);
	bool ok = len == 1 + CHAIN_KEY && point[0] == 0x04;

	if (ok)
		memcpy(bytes, point + 1, CHAIN_KEY);
	OPENSSL_free(point);
	return ok;
}

bool chain_ends_in(const struct chain *chain, const struct chain_root *root)
{
	uint8_t key[CHAIN_KEY];

	return key_bytes(key, chain->key[chain->count - 1]) &&
	       !memcmp(key, root->key, sizeof(key)) &&
	       (!root->has_hash ||
		!memcmp(chain->hash, root->hash, sizeof(root->hash)));
}

/* Without this one OpenSSL asks the terminal. */
static int no_passphrase(char *to, int size, int is_for_writing, void *data)
{
	(void)to, (void)size, (void)is_for_writing, (void)data;
	return -1;
}

static X509 *read_pem(struct text file)
{
	BIO *bio = file.len <= INT_MAX ? BIO_new_mem_buf(file.at, (int)file.len) : NULL;
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

static bool read_root_key(struct chain_root *root, struct text file)
{
	root->has_hash = false;
	if (file.len != CHAIN_KEY)
		return hex_read(root->key, CHAIN_KEY, input_digits(file));
	memcpy(root->key, file.at, CHAIN_KEY);
	return true;
}

bool chain_root_read(struct chain_root *root, struct text file)
{
	X509 *cert;
	bool ok;

	prepare();
	if (read_root_key(root, file))
		return true;
	cert = read_der(file);
	if (!cert)
		cert = read_pem(file);
	ok = cert && is_p384(X509_get0_pubkey(cert)) &&
	     key_bytes(root->key, X509_get0_pubkey(cert)) &&
	     X509_digest(cert, EVP_sha256(), root->hash, NULL);
	root->has_hash = ok;
	X509_free(cert);
	return ok;
}
