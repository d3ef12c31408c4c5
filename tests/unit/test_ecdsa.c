/*
 * Keys and signatures.  Public keys, addresses and signatures come from
 * ethers 6.17 (noble-curves); the address of 0xac09… is the first of the
 * well-known accounts of Hardhat and Anvil.
 */
#include "keys/ecdsa.h"
#include "tests/unit/bytes.h"
#include "tests/unit/tap.h"

#define ONES	"0101010101010101010101010101010101010101010101010101010101010101"
#define ONE	"0000000000000000000000000000000000000000000000000000000000000001"
#define ZERO	"0000000000000000000000000000000000000000000000000000000000000000"
/* The order of the curve, and its neighbours (SEC 2, 2.4.1) */
#define BELOW	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define ORDER	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ABOVE	"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142"
#define HIGHEST	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct {
	const char *secret, *x, *y, *address;
} keys[] = {
	{ ONE,
	  "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	  "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
	  "7e5f4552091a69125d5dfcb7b8c2659029395bdf" },
	{ "0000000000000000000000000000000000000000000000000000000000000002",
	  "c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
	  "1ae168fea63dc339a3c58419466ceaeef7f632653266d0e1236431a950cfe52a",
	  "2b5ad5c4795c026514f8317c7a215e218dccd6cf" },
	{ "0000000000000000000000000000000000000000000000000000000000000003",
	  "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
	  "388f7b0f632de8140fe337e62a37f3566500a99934c2231b6cb9fd7584b8e672",
	  "6813eb9362372eef6200f3b1dbc3f819671cba69" },
	{ BELOW,
	  "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
	  "b7c52588d95c3b9aa25b0403f1eef75702e84bb7597aabe663b82f6f04ef2777",
	  "80c0dbf239224071c59dd8970ab9d542e3414ab2" },
	{ ONES,
	  "1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
	  "70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1",
	  "1a642f0e3c3af545e7acbd38b07251b3990914f1" },
	{ "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
	  "8318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75",
	  "3547f11ca8696646f2f3acb08e31016afac23e630c5d11f59f61fef57b0d2aa5",
	  "f39fd6e51aad88f6f4ce6ab8827279cfffb92266" },
};

static const struct {
	const char *secret, *digest, *signature;
} signatures[] = {
	{ ONES, ZERO,
	  "6734cb4e3c071082482bf0f8579484f28dcdb1ca15b0cce72fbf130b2673d00c"
	  "5fbeecc4075cfd6a52634210486f24ce6db20f2870e606acc43ade814d48394a1b" },
	{ ONE, ZERO,
	  "a0b37f8fba683cc68f6574cd43b39f0343a50008bf6ccea9d13231d9e7e2e1e4"
	  "11edc8d307254296264aebfc3dc76cd8b668373a072fd64665b50000e9fcce521c" },
	{ BELOW, ZERO,
	  "919026f3e239ea52cf530eb6d345dc2b56ef0928f1e9ad20d8f360284dc65048"
	  "14395e7137e2204f15b69239010f3c34fbb3c858a29b0d106b1fa65bc00472631b" },
	{ ONES, ONE,
	  "e25f09cfcb29fb4c54c2b5ceb482999fe982979a13b97dd2fc26ba452d0671ef"
	  "2b0a5e55829824f7e1bba93e70ad7b3d3a0fd22ece02c0285408886e30a6cb991b" },
	{ ONE, ONE,
	  "6673ffad2147741f04772b6f921f0ba6af0c1e77fc439e65c36dedf4092e8898"
	  "4c1a971652e0ada880120ef8025e709fff2080c4a39aae068d12eed009b68c891c" },
	{ BELOW, ONE,
	  "eaa03e6c5cc815dd7cee2e11460df51a04bfd9b3169aa63f735c95dcf623c95d"
	  "192bf170e5284efefdb0d8ce148759a48ada553bd929d3deda5451decfa5c70e1c" },
	{ ONES, BELOW,
	  "11055bf58bd3eb90ea723e8ddf58ae8519425ba7ee5e73c69e1d4ac7e45f3371"
	  "3f9f562db4a9ab8c0e8dacd7dae36526f7ff10eb91b651c744699dfcb433eadc1c" },
	{ ONE, BELOW,
	  "0315f68838865553c4bd6fab5d27c7ebc72b94f1e2939a4f34d6954f998ef2d3"
	  "2464db52707d432135c48d6f37d18ee645d7a893a5505350e57b04300098ebe91b" },
	{ BELOW, BELOW,
	  "775b77bfac3c9bb88544cf7ba7da61a4e6123c820a7af482b207e82214e5a4de"
	  "57fcc4e78cba69e8728e72df755bb2d9b70c7546461d7fa17754a63a150d12451b" },
	{ ONES, ORDER,
	  "6734cb4e3c071082482bf0f8579484f28dcdb1ca15b0cce72fbf130b2673d00c"
	  "5fbeecc4075cfd6a52634210486f24ce6db20f2870e606acc43ade814d48394a1b" },
	{ ONE, ORDER,
	  "a0b37f8fba683cc68f6574cd43b39f0343a50008bf6ccea9d13231d9e7e2e1e4"
	  "11edc8d307254296264aebfc3dc76cd8b668373a072fd64665b50000e9fcce521c" },
	{ BELOW, ORDER,
	  "919026f3e239ea52cf530eb6d345dc2b56ef0928f1e9ad20d8f360284dc65048"
	  "14395e7137e2204f15b69239010f3c34fbb3c858a29b0d106b1fa65bc00472631b" },
	{ ONES, ABOVE,
	  "e25f09cfcb29fb4c54c2b5ceb482999fe982979a13b97dd2fc26ba452d0671ef"
	  "2b0a5e55829824f7e1bba93e70ad7b3d3a0fd22ece02c0285408886e30a6cb991b" },
	{ ONE, ABOVE,
	  "6673ffad2147741f04772b6f921f0ba6af0c1e77fc439e65c36dedf4092e8898"
	  "4c1a971652e0ada880120ef8025e709fff2080c4a39aae068d12eed009b68c891c" },
	{ BELOW, ABOVE,
	  "eaa03e6c5cc815dd7cee2e11460df51a04bfd9b3169aa63f735c95dcf623c95d"
	  "192bf170e5284efefdb0d8ce148759a48ada553bd929d3deda5451decfa5c70e1c" },
	{ ONES, HIGHEST,
	  "1b3e4eb79d6c3ff54ed5a83dc3e0476abeb3a9488d721c0ee057f48ae17a873c"
	  "7a6086244f54c15be735d8b3d5d2ca49106175b061491033c8e6dfa7f93eac951b" },
	{ ONE, HIGHEST,
	  "7cb38cc5712e9e11a767615f6080dbc111c9cdd613eb98999fd92a86bafd4540"
	  "7923ca1f4d03471d2866f776ef8a6d3cac099b427331aeb245aa9dafeddcf1151b" },
	{ BELOW, HIGHEST,
	  "a7f83b5963eaf5332c633327cc967be8f4166d3f1e0b77f9761d8f4e42211e9a"
	  "58aae31be1eb1e496923bbe8ca5e843cfb89f4d986d61d4edfd7d6fc3c9cf62c1b" },
	{ ONES, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
	  "a37fb55ce52dadddcd6a281f4caa707c2005ddd80d36db0bbaf0fce1b79fdfa8"
	  "27d1dcbdef2425013b73946aa28f3261b143b1fcc3d50f57dd4b9549878b8fe41b" },
	{ ONE, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
	  "03925438bf9bdfed9cb8d9d9467f8fc624f389846f0db71f4f5c84b483077da6"
	  "2ca68cb1027ace392bc6a84fe0ba29288aa07942f571f56201dd33c009ee38861c" },
	{ BELOW, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
	  "1f4365919f49f7e9b8018b7526c78769cd31a28fc0cf8dc91e6a20a099c07498"
	  "480cb8d4ba4ee0d2446bea06ff815bf7ce05665b00248c491d70b2039d91222c1c" },
};

static struct ecdsa *open_key(uint8_t secret[static ECDSA_SECRET_LEN], const char *hex)
{
	from_hex(secret, ECDSA_SECRET_LEN, hex);
	return ecdsa_new(secret);
}

static void only_numbers_of_the_curve_are_keys(void)
{
	static const char *const bad[] = { ZERO, ORDER, ABOVE, HIGHEST };
	static const char *const good[] = { ONE, ONES, BELOW };
	uint8_t secret[ECDSA_SECRET_LEN];
	struct ecdsa *ecdsa;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		ecdsa = open_key(secret, bad[i]);
		CHECK_ROW(ecdsa == NULL, bad[i]);
		CHECK_ROW(!ecdsa_valid(secret), bad[i]);
		ecdsa_free(ecdsa);
	}
	for (i = 0; i < COUNT(good); i++) {
		ecdsa = open_key(secret, good[i]);
		CHECK_ROW(ecdsa != NULL, good[i]);
		CHECK_ROW(ecdsa_valid(secret), good[i]);
		ecdsa_free(ecdsa);
	}
}

static void public_keys_and_addresses(void)
{
	uint8_t secret[ECDSA_SECRET_LEN], address[ECDSA_ADDRESS_LEN];
	size_t i;

	for (i = 0; i < COUNT(keys); i++) {
		struct ecdsa *ecdsa = open_key(secret, keys[i].secret);

		CHECK_ROW(ecdsa != NULL, keys[i].secret);
		if (!ecdsa)
			continue;
		CHECK_ROW(is_hex(ecdsa_public(ecdsa), 32, keys[i].x), keys[i].secret);
		CHECK_ROW(is_hex(ecdsa_public(ecdsa) + 32, 32, keys[i].y), keys[i].secret);
		ecdsa_address(address, ecdsa_public(ecdsa));
		CHECK_ROW(is_hex(address, sizeof(address), keys[i].address), keys[i].secret);
		ecdsa_free(ecdsa);
	}
}

static void signatures_are_those_of_others(void)
{
	uint8_t secret[ECDSA_SECRET_LEN], digest[ECDSA_DIGEST_LEN];
	uint8_t sig[ECDSA_SIG_LEN];
	size_t i;

	for (i = 0; i < COUNT(signatures); i++) {
		struct ecdsa *ecdsa = open_key(secret, signatures[i].secret);

		from_hex(digest, sizeof(digest), signatures[i].digest);
		CHECK(ecdsa && ecdsa_sign(ecdsa, sig, digest));
		CHECK_ROW(is_hex(sig, sizeof(sig), signatures[i].signature),
			  signatures[i].digest);
		ecdsa_free(ecdsa);
	}
}

/* Blinding differs from one context to the next; signatures must not. */
static void the_same_digest_gives_the_same_bytes(void)
{
	uint8_t secret[ECDSA_SECRET_LEN], digest[ECDSA_DIGEST_LEN];
	uint8_t sig[ECDSA_SIG_LEN];
	int i, k;

	from_hex(digest, sizeof(digest), signatures[0].digest);
	for (i = 0; i < 10; i++) {
		struct ecdsa *ecdsa = open_key(secret, signatures[0].secret);

		for (k = 0; k < 3; k++) {
			CHECK(ecdsa && ecdsa_sign(ecdsa, sig, digest));
			CHECK(is_hex(sig, sizeof(sig), signatures[0].signature));
		}
		ecdsa_free(ecdsa);
	}
}

/* Half the curve's order, rounded down: the largest low s (EIP-2). */
static void s_is_low_and_v_is_27_or_28(void)
{
	uint8_t secret[ECDSA_SECRET_LEN], digest[ECDSA_DIGEST_LEN] = { 0 };
	uint8_t half[32], sig[ECDSA_SIG_LEN];
	struct ecdsa *ecdsa = open_key(secret, ONES);
	int i, seen[2] = { 0, 0 };

	from_hex(half, sizeof(half), "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
	for (i = 0; ecdsa && i < 500; i++) {
		digest[0] = (uint8_t)i;
		digest[1] = (uint8_t)(i >> 8);
		CHECK(ecdsa_sign(ecdsa, sig, digest));
		CHECK(memcmp(sig + 32, half, sizeof(half)) <= 0);
		CHECK(sig[64] == 27 || sig[64] == 28);
		seen[sig[64] == 28]++;
	}
	CHECK(seen[0] > 100 && seen[1] > 100);
	ecdsa_free(ecdsa);
}

/* A secret that changed behind our back stands for a fault in the arithmetic. */
static void a_signature_of_another_key_does_not_leave(void)
{
	uint8_t secret[ECDSA_SECRET_LEN], digest[ECDSA_DIGEST_LEN] = { 1 };
	uint8_t sig[ECDSA_SIG_LEN], untouched[ECDSA_SIG_LEN];
	struct ecdsa *ecdsa = open_key(secret, ONES);

	memset(sig, 0xee, sizeof(sig));
	memset(untouched, 0xee, sizeof(untouched));
	secret[31] ^= 1;
	CHECK(ecdsa && !ecdsa_sign(ecdsa, sig, digest));
	CHECK(!memcmp(sig, untouched, sizeof(sig)));
	memset(secret, 0, sizeof(secret));
	CHECK(ecdsa && !ecdsa_sign(ecdsa, sig, digest));
	CHECK(!memcmp(sig, untouched, sizeof(sig)));
	memset(secret, 0xff, sizeof(secret));
	CHECK(ecdsa && !ecdsa_sign(ecdsa, sig, digest));
	CHECK(!memcmp(sig, untouched, sizeof(sig)));
	memset(secret, 1, sizeof(secret));
	CHECK(ecdsa && ecdsa_sign(ecdsa, sig, digest));
	ecdsa_free(ecdsa);
}

static void nothing_is_freed_without_complaint(void)
{
	ecdsa_free(NULL);
}

int main(void)
{
	RUN(only_numbers_of_the_curve_are_keys);
	RUN(public_keys_and_addresses);
	RUN(signatures_are_those_of_others);
	RUN(the_same_digest_gives_the_same_bytes);
	RUN(s_is_low_and_v_is_27_or_28);
	RUN(a_signature_of_another_key_does_not_leave);
	RUN(nothing_is_freed_without_complaint);
	return DONE();
}
