/*
 * Strings: UTF-8 (RFC 3629), surrogate escapes (RFC 8259, section 7),
 * decoding, and the spelling that is written.
 */
#include "tests/unit/scan.h"
#include "tests/unit/tap.h"

/*
 * Whether bytes are UTF-8, found out the other way round: what they decode to
 * must be a scalar value and encode to the same bytes.
 */
static size_t encode(unsigned char to[static 4], unsigned long point)
{
	static const unsigned long limits[] = { 0x80, 0x800, 0x10000, 0x110000 };
	static const unsigned char marks[] = { 0, 0xc0, 0xe0, 0xf0 };
	size_t len = 0, i;

	while (point >= limits[len])
		len++;
	for (i = len; i > 0; i--) {
		to[i] = (unsigned char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	to[0] = (unsigned char)(marks[len] | point);
	return len + 1;
}

static bool is_one_character(const unsigned char *at, size_t len)
{
	unsigned char again[4];
	unsigned long point = at[0] & (len == 1 ? 0x7fu : 0xffu >> (len + 1));
	size_t i;

	for (i = 1; i < len; i++)
		point = point << 6 | (at[i] & 0x3f);
	return point < 0x110000 && (point < 0xd800 || point > 0xdfff) &&
	       encode(again, point) == len && !memcmp(again, at, len);
}

static bool is_text(const unsigned char *at, size_t len)
{
	size_t n;

	if (len == 0)
		return true;
	for (n = 1; n <= 4 && n <= len; n++)
		if (is_one_character(at, n) && at[0] >= 0x20 &&
		    at[0] != '"' && at[0] != '\\' && is_text(at + n, len - n))
			return true;
	return false;
}

/* Whether an array of one string of these bytes is taken, as it should be. */
static bool agrees(const unsigned char *bytes, size_t len)
{
	static char text[16];
	size_t offset;
	enum oyster_err err;

	text[0] = '[';
	text[1] = '"';
	memcpy(text + 2, bytes, len);
	text[2 + len] = '"';
	text[3 + len] = ']';
	err = scan_in_place(text, 4 + len, &offset);
	return is_text(bytes, len) ? err == OYSTER_OK : err != OYSTER_OK;
}

static void every_pair_of_bytes(void)
{
	unsigned char bytes[2];
	unsigned long wrong = 0;
	unsigned i;

	for (i = 0; i < 0x10000; i++) {
		bytes[0] = (unsigned char)(i >> 8);
		bytes[1] = (unsigned char)i;
		if (bytes[0] != '\\' && bytes[1] != '\\')	/* escapes have their own tests */
			wrong += !agrees(bytes, 2);
	}
	CHECK(wrong == 0);
}

static void every_three_bytes_that_begin_beyond_ascii(void)
{
	unsigned char bytes[3];
	unsigned long wrong = 0;
	unsigned i;

	for (i = 0xc0 << 16; i < 0x1000000; i++) {
		bytes[0] = (unsigned char)(i >> 16);
		bytes[1] = (unsigned char)(i >> 8);
		bytes[2] = (unsigned char)i;
		if (bytes[1] != '\\' && bytes[2] != '\\')
			wrong += !agrees(bytes, 3);
	}
	CHECK(wrong == 0);
}

static void four_bytes_with_every_second(void)
{
	static const unsigned char tails[] = {
		0x00, 0x20, 0x22, 0x41, 0x7f, 0x80, 0x81, 0x9f, 0xa0, 0xbe, 0xbf, 0xc0, 0xc2, 0xe0, 0xf0, 0xff,
	};
	unsigned char bytes[4];
	unsigned long wrong = 0;
	unsigned first, second;
	size_t i, k;

	for (first = 0xe0; first <= 0xff; first++)
		for (second = 0; second < 0x100; second++)
			for (i = 0; i < COUNT(tails); i++)
				for (k = 0; k < COUNT(tails); k++) {
					bytes[0] = (unsigned char)first;
					bytes[1] = (unsigned char)second;
					bytes[2] = tails[i];
					bytes[3] = tails[k];
					if (second != '\\')
						wrong += !agrees(bytes, 4);
				}
	CHECK(wrong == 0);
}

static void every_character_is_taken(void)
{
	unsigned char bytes[4];
	unsigned long point, wrong = 0;
	size_t len, offset;
	char text[8] = "[\"";

	for (point = 0x80; point < 0x110000; point++) {
		if (point == 0xd800)
			point = 0xe000;
		len = encode(bytes, point);
		memcpy(text + 2, bytes, len);
		memcpy(text + 2 + len, "\"]", 2);
		wrong += scan_in_place(text, 4 + len, &offset) != OYSTER_OK;
	}
	CHECK(wrong == 0);
}

static void mutations_of_one_byte(void)
{
	static const unsigned char *const characters[] = {
		(const unsigned char *)"\xc2\x80", (const unsigned char *)"\xdf\xbf",
		(const unsigned char *)"\xe0\xa0\x80", (const unsigned char *)"\xed\x9f\xbf",
		(const unsigned char *)"\xee\x80\x80", (const unsigned char *)"\xe2\x82\xac",
		(const unsigned char *)"\xef\xbf\xbf", (const unsigned char *)"\xf0\x90\x80\x80",
		(const unsigned char *)"\xf0\x9f\xa6\x80", (const unsigned char *)"\xf4\x8f\xbf\xbf",
	};
	unsigned char bytes[4];
	size_t i, k, len;
	unsigned byte;

	for (i = 0; i < COUNT(characters); i++) {
		len = strlen((const char *)characters[i]);
		for (k = 0; k < len; k++)
			for (byte = 0; byte < 0x100; byte++) {
				memcpy(bytes, characters[i], len);
				bytes[k] = (unsigned char)byte;
				CHECK_ROW(byte == '\\' || agrees(bytes, len),
					  (const char *)characters[i]);
			}
	}
}

static void what_is_not_utf8_is_called_so(void)
{
	static const char *const texts[] = {
		"[\"\x80\"]", "[\"\xbf\"]", "[\"\xc0\x80\"]", "[\"\xc0\xaf\"]", "[\"\xc1\xbf\"]",	/* overlong, stray */
		"[\"\xe0\x80\xaf\"]", "[\"\xe0\x9f\xbf\"]", "[\"\xf0\x80\x80\xaf\"]", "[\"\xf0\x8f\xbf\xbf\"]",
		"[\"\xed\xa0\x80\"]", "[\"\xed\xbf\xbf\"]", "[\"\xed\xa0\xbd\xed\xb8\x80\"]",	/* surrogates */
		"[\"\xf4\x90\x80\x80\"]", "[\"\xf5\x80\x80\x80\"]", "[\"\xf7\xbf\xbf\xbf\"]",	/* beyond U+10FFFF */
		"[\"\xf8\x88\x80\x80\x80\"]", "[\"\xfc\x84\x80\x80\x80\x80\"]", "[\"\xfe\"]", "[\"\xff\"]",
		"[\"\xc3\"]", "[\"\xe2\x82\"]", "[\"\xf0\x9f\xa6\"]", "[\"\xc3", "[\"\xe2\x82", "[\"\xf0\x9f\xa6",
	};
	size_t i, offset;

	for (i = 0; i < COUNT(texts); i++) {
		CHECK_ROW(scan_at(texts[i], strlen(texts[i]), &offset) == OYSTER_EUTF8, texts[i]);
		CHECK_ROW(offset == 2, texts[i]);
	}
	CHECK(scan("{\"\xff\":1}", 7) == OYSTER_EUTF8);
	CHECK(scan("{\"a\":\"\xff\"}", 9) == OYSTER_EUTF8);
	CHECK(scan("[[[\"\xff\"]]]", 9) == OYSTER_EUTF8);
}

static void lone_surrogate_escapes_are_called_so(void)
{
	static const char *const texts[] = {
		"[\"\\ud800\"]", "[\"\\uDBFF\"]", "[\"\\udc00\"]", "[\"\\uDFFF\"]",
		"[\"\\udc00\\ud800\"]", "[\"\\ud800\\ud800\"]", "[\"\\ud800\\ud800\\udc00\"]",
		"[\"\\ud800a\"]", "[\"\\ud800\\n\"]", "[\"\\ud800\\\\udc00\"]", "[\"\\ud800\\u0041\"]",
		"[\"\\ud800 \\udc00\"]", "[\"\\ud800\\udbff\"]", "[\"\\ud800\\ue000\"]", "[\"\\ud83e\\udd8\"]",
		"[\"\\uDd1e\\uD834\"]", "[\"\\uDADA\"]", "[\"\\ud800\\Udc00\"]", "[\"\\ud800\\udcg0\"]",
		"[\"\\ud800", "[\"\\ud800\\", "[\"\\ud800\\u", "[\"\\ud800\\udc0",
	};
	size_t i, offset;

	for (i = 0; i < COUNT(texts); i++) {
		CHECK_ROW(scan_at(texts[i], strlen(texts[i]), &offset) == OYSTER_ESURROGATE, texts[i]);
		CHECK_ROW(offset == 2, texts[i]);
	}
	CHECK(scan("{\"\\ud800\":1}", 12) == OYSTER_ESURROGATE);
	CHECK(scan_at("[\"a\\ud83e\\udd80\\ud83e\"]", 23, &offset) == OYSTER_ESURROGATE && offset == 15);
}

/* All 65,536 escapes, alone: a surrogate is none, every other is its character. */
static void every_escape_decodes_to_its_character(void)
{
	unsigned char bytes[4];
	char text[16], decoded[8];
	unsigned long unit, wrong = 0;
	struct json_walk walk;
	struct json value;
	size_t len;

	for (unit = 0; unit < 0x10000; unit++) {
		snprintf(text, sizeof(text), unit & 1 ? "[\"\\u%04lx\"]" : "[\"\\u%04lX\"]", unit);
		json_enter(&walk, text, 10, '[');
		if (unit >= 0xd800 && unit < 0xe000) {
			wrong += json_element(&walk, &value);
			continue;
		}
		wrong += !json_element(&walk, &value) || !value.escaped;
		len = json_decode(decoded, &value);
		wrong += len != encode(bytes, unit) || memcmp(decoded, bytes, len);
	}
	CHECK(wrong == 0);
}

static void every_pair_of_surrogates_decodes_to_its_character(void)
{
	unsigned char bytes[4];
	char text[20], decoded[16];
	unsigned long point, wrong = 0;
	struct json_walk walk;
	struct json value;

	for (point = 0x10000; point < 0x110000; point++) {
		snprintf(text, sizeof(text), "[\"\\u%04lx\\u%04lX\"]",
			 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
		json_enter(&walk, text, 16, '[');
		encode(bytes, point);
		wrong += !json_element(&walk, &value) ||
			 json_decode(decoded, &value) != 4 || memcmp(decoded, bytes, 4);
	}
	CHECK(wrong == 0);
}

static struct json string(char *text, size_t len)
{
	struct json_walk walk;
	struct json value = { 0 };

	json_enter(&walk, text, len, '[');
	if (!json_element(&walk, &value) || value.type != JSON_STRING)
		value.type = JSON_ABSENT;
	return value;
}

static const struct {
	const char *text;
	const char *decoded;
	size_t len;
	const char *written;	/* the spelling that goes upstream */
} spellings[] = {
	{ "[\"\"]", LITERAL(""), "\"\"" },
	{ "[\"a\"]", LITERAL("a"), "\"a\"" },
	{ "[\"\\u0000\"]", LITERAL("\0"), "\"\\u0000\"" },
	{ "[\"a\\u0000b\\u0000\"]", LITERAL("a\0b\0"), "\"a\\u0000b\\u0000\"" },
	{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", LITERAL("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
	{ "[\"\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001F\\u007f\"]", LITERAL("\b\t\n\v\f\r\x1f\x7f"),
	  "\"\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\"" },
	{ "[\"\\u0022\\u005c\\u002f\\u002F\"]", LITERAL("\"\\//"), "\"\\\"\\\\//\"" },
	{ "[\"caf\\u00e9 \\ud83e\\udd80 \\\"q\\\" \\\\ \\n\"]", LITERAL("caf\xc3\xa9 \xf0\x9f\xa6\x80 \"q\" \\ \n"),
	  "\"caf\xc3\xa9 \xf0\x9f\xa6\x80 \\\"q\\\" \\\\ \\n\"" },
	{ "[\"\\u003c\\u003E\\u0026\\u2028\\u2029\"]", LITERAL("<>&\xe2\x80\xa8\xe2\x80\xa9"),
	  "\"<>&\xe2\x80\xa8\xe2\x80\xa9\"" },
	{ "[\"\\\\u0041\"]", LITERAL("\\u0041"), "\"\\\\u0041\"" },
	{ "[\"\\\\\\\\\"]", LITERAL("\\\\"), "\"\\\\\\\\\"" },
	{ "[\"\\uFEFFx\"]", LITERAL("\xef\xbb\xbfx"), "\"\xef\xbb\xbfx\"" },
	{ "[\"\\uDBFF\\uDFFF\"]", LITERAL("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"" },
	{ "[\"\\u0001\\u000e\\u0010\\u001a\"]", LITERAL("\x01\x0e\x10\x1a"), "\"\\u0001\\u000e\\u0010\\u001a\"" },
};

static void strings_decode_elsewhere_and_in_place(void)
{
	char elsewhere[64];
	size_t i;

	for (i = 0; i < COUNT(spellings); i++) {
		char *copy = exact_copy(spellings[i].text, strlen(spellings[i].text));
		struct json value = string(copy, strlen(spellings[i].text));
		size_t len;

		CHECK_ROW(value.type == JSON_STRING, spellings[i].text);
		CHECK_ROW(value.escaped == !!strchr(spellings[i].text, '\\'), spellings[i].text);
		len = json_decode(elsewhere, &value);
		CHECK_ROW(len == spellings[i].len && !memcmp(elsewhere, spellings[i].decoded, len),
			  spellings[i].text);
		len = json_decode(value.at, &value);
		CHECK_ROW(len == spellings[i].len && !memcmp(value.at, spellings[i].decoded, len),
			  spellings[i].text);
		free(copy);
	}
}

static void strings_are_written_in_one_spelling(void)
{
	struct buf buf = BUF_INIT(100);
	size_t i;

	for (i = 0; i < COUNT(spellings); i++) {
		struct text decoded = { spellings[i].decoded, spellings[i].len };

		buf.len = 0;
		CHECK_ROW(json_put_string(&buf, decoded) == OYSTER_OK, spellings[i].text);
		CHECK_ROW(buf.len == strlen(spellings[i].written) &&
			  !memcmp(buf.data, spellings[i].written, buf.len), spellings[i].text);
	}
	buf_clear(&buf);
}

static void a_string_does_not_outgrow_its_buffer(void)
{
	struct buf buf = BUF_INIT(0);
	const struct text decoded = { "a\nb\x01", 4 };	/* "a\nb\u0001" is 12 bytes */
	size_t max;

	for (max = 0; max < 12; max++) {
		buf.max = max;
		buf.len = 0;
		CHECK(json_put_string(&buf, decoded) == OYSTER_ETOOBIG);
		CHECK(buf.len <= max);
	}
	buf.max = 12;
	buf.len = 0;
	CHECK(json_put_string(&buf, decoded) == OYSTER_OK && buf.len == 12);
	buf_clear(&buf);
}

int main(void)
{
	RUN(every_pair_of_bytes);
	RUN(every_three_bytes_that_begin_beyond_ascii);
	RUN(four_bytes_with_every_second);
	RUN(every_character_is_taken);
	RUN(mutations_of_one_byte);
	RUN(what_is_not_utf8_is_called_so);
	RUN(lone_surrogate_escapes_are_called_so);
	RUN(every_escape_decodes_to_its_character);
	RUN(every_pair_of_surrogates_decodes_to_its_character);
	RUN(strings_decode_elsewhere_and_in_place);
	RUN(strings_are_written_in_one_spelling);
	RUN(a_string_does_not_outgrow_its_buffer);
	return DONE();
}
