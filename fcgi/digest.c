/* SHA-256 of contents, and Content-Digest; see digest.h. */
#include "digest.h"

#include <nettle/base64.h>
#include <stdbool.h>
#include <string.h>

#define BASE64_LEN	BASE64_ENCODE_RAW_LENGTH(DIGEST_LEN)

void digest_init(struct digest *digest)
{
	sha256_init(&digest->state);
}

void digest_add(struct digest *digest, struct text bytes)
{
	if (bytes.len > 0)
		sha256_update(&digest->state, bytes.len,
			      (const uint8_t *)bytes.at);
}

void digest_final(struct digest *digest, uint8_t bytes[static DIGEST_LEN])
{
	sha256_digest(&digest->state, DIGEST_LEN, bytes);
}

/*
 * What follows is as much of RFC 8941, section 4.2, as it takes to go past
 * every kind of member; `at' moves on only in functions that succeed.
 */
#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

static bool pass_key(const char **at, struct text *key)
{
	if (!**at || !strchr(LOWER "*", **at))
		return false;
	key->at = *at;
	key->len = strspn(*at, LOWER DIGITS "_-.*");
	*at += key->len;
	return true;
}

static bool pass_string(const char **at)
{
	const char *next = *at + 1;

	for (; *next != '"'; next++) {
		if (*next == '\\')
			next++;
		if (!*next)
			return false;
	}
	*at = next + 1;
	return true;
}

static bool pass_bytes(const char **at)
{
	const char *next = *at + 1;

	next += strspn(next, LOWER UPPER DIGITS "+/=");
	if (*next != ':')
		return false;
	*at = next + 1;
	return true;
}

/* A number, a token or a boolean: no byte of any other kind of value. */
static bool pass_plain(const char **at)
{
	size_t len = strspn(*at, LOWER UPPER DIGITS "?!#$%&'*+-.^_`|~:/");

	*at += len;
	return len > 0;
}

static bool pass_item(const char **at)
{
	if (**at == '"')
		return pass_string(at);
	if (**at == ':')
		return pass_bytes(at);
	return pass_plain(at);
}

static bool pass_parameters(const char **at)
{
	struct text key;

	while (**at == ';') {
		*at += 1;
		*at += strspn(*at, " ");
		if (!pass_key(at, &key))
			return false;
		if (**at != '=')
			continue;
		*at += 1;
		if (!pass_item(at))
			return false;
	}
	return true;
}

static bool pass_inner_list(const char **at)
{
	*at += 1;
	for (;;) {
		*at += strspn(*at, " ");
		if (**at == ')')
			break;
		if (!pass_item(at) || !pass_parameters(at))
			return false;
	}
	*at += 1;
	return true;
}

/* One member; value is empty for a key that stands alone. */
static bool pass_member(const char **at, struct text *key, struct text *value)
{
	value->at = "";
	value->len = 0;
	if (!pass_key(at, key))
		return false;
	if (**at == '=') {
		*at += 1;
		value->at = *at;
		if (**at == '(' ? !pass_inner_list(at) : !pass_item(at))
			return false;
		value->len = (size_t)(*at - value->at);
	}
	return pass_parameters(at);
}

/* To the next member; false at the end and where there is none. */
static bool pass_comma(const char **at)
{
	*at += strspn(*at, " \t");
	if (**at != ',')
		return false;
	*at += 1;
	*at += strspn(*at, " \t");
	return true;
}

static bool is_byte_sequence(struct text value)
{
	return value.len >= 2 && value.at[0] == ':';
}

enum oyster_err digest_check(const char *field,
			     const uint8_t digest[static DIGEST_LEN])
{
	static const struct text sha256 = { "sha-256", 7 };
	char ours[BASE64_LEN + 2];
	const struct text expected = { ours, sizeof(ours) };
	enum oyster_err err = OYSTER_OK;
	struct text key, value;

	ours[0] = ours[BASE64_LEN + 1] = ':';
	base64_encode_raw(ours + 1, DIGEST_LEN, digest);

	do {
		if (!pass_member(&field, &key, &value))
			return OYSTER_EDIGESTFORM;
		if (!text_equal(key, sha256))
			continue;
		if (!is_byte_sequence(value))
			return OYSTER_EDIGESTFORM;
		err = text_equal(value, expected) ? OYSTER_OK : OYSTER_EDIGEST;
	} while (pass_comma(&field));
	return *field ? OYSTER_EDIGESTFORM : err;
}
