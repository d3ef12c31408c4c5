/*
 * Which signatures have a key, to the last number of every range (SEC 2,
 * 2.4.1; SEC 1, 4.1.6), and what is said of the others.
 */
#include "keys/ecdsa.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define ZERO	"0000000000000000000000000000000000000000000000000000000000000000"
#define ONE	"0000000000000000000000000000000000000000000000000000000000000001"
#define LAST	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define ORDER	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define HIGHEST	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define HALF	"7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define ABOVE	"7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
#define GX	"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define GY	"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
#define X5	"0000000000000000000000000000000000000000000000000000000000000005"	/* of no point */

static enum ecdsa_fault fault_of(const char *r, const char *s, uint8_t v)
{
	static const uint8_t digest[ECDSA_DIGEST_LEN] = "digest";
	uint8_t sig[ECDSA_SIG_LEN], public_key[ECDSA_PUBLIC_LEN];

	from_hex(sig, 32, r);
	from_hex(sig + 32, 32, s);
	sig[64] = v;
	return ecdsa_recover(public_key, sig, digest);
}

static void r_and_s_are_scalars_and_s_is_low(void)
{
	static const struct {
		const char *r, *s;
		enum ecdsa_fault fault;
	} rows[] = {
		{ GX, ONE, ECDSA_GOOD }, { ONE, ONE, ECDSA_GOOD }, { GX, HALF, ECDSA_GOOD },
		{ ZERO, ONE, ECDSA_BAD_R }, { ORDER, ONE, ECDSA_BAD_R }, { HIGHEST, ONE, ECDSA_BAD_R },
		{ GX, ZERO, ECDSA_BAD_S }, { GX, ORDER, ECDSA_BAD_S }, { GX, HIGHEST, ECDSA_BAD_S },
		{ GX, ABOVE, ECDSA_HIGH_S }, { GX, LAST, ECDSA_HIGH_S }, { X5, ONE, ECDSA_NO_KEY },
		{ ZERO, ZERO, ECDSA_BAD_R }, { X5, ABOVE, ECDSA_HIGH_S },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(fault_of(rows[i].r, rows[i].s, 27) == rows[i].fault, rows[i].r);
		CHECK_ROW(fault_of(rows[i].r, rows[i].s, 28) == rows[i].fault, rows[i].s);
	}
	CHECK(fault_of(LAST, ONE, 27) != ECDSA_BAD_R);
}

static void v_is_one_of_two(void)
{
	static const uint8_t bad[] = { 0, 1, 2, 25, 26, 29, 30, 31, 32, 255 };
	size_t i;

	for (i = 0; i < sizeof(bad); i++) {
		CHECK(fault_of(GX, ONE, bad[i]) == ECDSA_BAD_V);
		CHECK(fault_of(ZERO, ZERO, bad[i]) == ECDSA_BAD_V);
	}
}

static void every_fault_has_its_sentence(void)
{
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_GOOD), "is good"));
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_BAD_V), "ends in a v that is neither 27 nor 28 (1b or 1c)"));
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_BAD_R), "has an r that is zero or not below the curve's order"));
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_BAD_S), "has an s that is zero or not below the curve's order"));
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_HIGH_S), "has a high s: only the lower of the two is accepted"));
	CHECK(!strcmp(ecdsa_fault_text(ECDSA_NO_KEY), "was made by no key"));
}

static void public_keys_are_points_of_the_curve(void)
{
	static const struct {
		const char *x, *y;
		bool is;
	} rows[] = {
		{ GX, GY, true }, { GX, GX, false }, { GY, GX, false }, { ZERO, ZERO, false }, { X5, ONE, false },
		{ HIGHEST, HIGHEST, false },
	};
	uint8_t key[ECDSA_PUBLIC_LEN];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		from_hex(key, 32, rows[i].x);
		from_hex(key + 32, 32, rows[i].y);
		CHECK_ROW(ecdsa_is_public(key) == rows[i].is, rows[i].x);
	}
}

int main(void)
{
	RUN(r_and_s_are_scalars_and_s_is_low);
	RUN(v_is_one_of_two);
	RUN(every_fault_has_its_sentence);
	RUN(public_keys_are_points_of_the_curve);
	return DONE();
}
