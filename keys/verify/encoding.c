/* Hexadecimal, base64 and times; see encoding.h. */
#include "encoding.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <nettle/base64.h>

#define BASE64_MAX	128	/* bytes that base64_read can give */
#define LAST_SECOND	253402300799	/* of the year 9999 */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_read(uint8_t *to, size_t len, struct text text)
{
	size_t i;

	if (text.len != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		int high = digit_value(text.at[2 * i]);
		int low = digit_value(text.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void hex_write(char *to, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	*to = '\0';
}

bool base64_read(uint8_t *to, size_t len, struct text text)
{
	char again[BASE64_ENCODE_RAW_LENGTH(BASE64_MAX)];
	uint8_t bytes[BASE64_DECODE_LENGTH(sizeof(again))];
	struct base64_decode_ctx state;
	size_t got = sizeof(bytes);

	if (len > BASE64_MAX || text.len != BASE64_ENCODE_RAW_LENGTH(len))
		return false;
	base64_decode_init(&state);
	if (!base64_decode_update(&state, &got, bytes, text.len, text.at) ||
	    !base64_decode_final(&state) || got != len)
		return false;
	base64_encode_raw(again, len, bytes);
	if (memcmp(again, text.at, text.len))
		return false;
	memcpy(to, bytes, len);
	return true;
}

bool number_read(uint64_t *number, struct text text)
{
	uint64_t value = 0;
	size_t i;

	if (text.len == 0 || (text.len > 1 && text.at[0] == '0'))
		return false;
	for (i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text.at[i] - '0'), &value))
			return false;
	}
	*number = value;
	return true;
}

bool time_read(uint64_t *seconds, const char *string)
{
	struct tm tm = { 0 };
	char again[TIME_LEN];
	uint64_t value;
	time_t when;

	if (number_read(seconds, text_of(string)))
		return true;
	if (!strptime(string, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return false;
	when = timegm(&tm);
	if (when < 0)
		return false;
	value = (uint64_t)when;
	time_write(again, value);
	if (strcmp(again, string))
		return false;
	*seconds = value;
	return true;
}

void time_write(char to[static TIME_LEN], uint64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (seconds > LAST_SECOND) {
		snprintf(to, TIME_LEN, "second %llu", (unsigned long long)seconds);
		return;
	}
	gmtime_r(&when, &tm);
	strftime(to, TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}
