/* The edges of what oyster-verify is told: options, files, and how things are spelled. */
#include <getopt.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "keys/verify/encoding.h"
#include "keys/verify/input.h"
#include "keys/verify/key.h"
#include "keys/verify/options.h"
#include "tests/unit/bytes.h"
#include "tests/unit/child.h"
#include "tests/unit/faults.h"
#include "tests/unit/tap.h"

FAULT(ssize_t, read, (int fd, void *bytes, size_t len), (fd, bytes, len))
FAULT(int, poll, (struct pollfd *fds, nfds_t count, int ms), (fds, count, ms))
FAULT(int, ioctl, (int fd, unsigned long what, void *arg), (fd, what, arg))
FAULT(int, fstat, (int fd, struct stat *st), (fd, st))
FAULT(enum oyster_err, buf_add, (struct buf *buf, const void *bytes, size_t len), (buf, bytes, len))

void __real_nettle_base64_encode_raw(char *to, size_t len, const uint8_t *bytes);
void __wrap_nettle_base64_encode_raw(char *to, size_t len, const uint8_t *bytes);

/* Another spelling, as if the decoder had let one pass. */
void __wrap_nettle_base64_encode_raw(char *to, size_t len, const uint8_t *bytes)
{
	__real_nettle_base64_encode_raw(to, len, bytes);
	if (fault_is_due("encode"))
		to[0] ^= 1;
}

static void base64_has_one_spelling(void)
{
	uint8_t bytes[200];

	CHECK(base64_read(bytes, 3, text_of("YWJj")) && !memcmp(bytes, "abc", 3));
	CHECK(base64_read(bytes, 1, text_of("YQ==")) && *bytes == 'a');
	fault_set("encode", 1, 0, 0);
	CHECK(!base64_read(bytes, 1, text_of("YQ==")) && fault_came());
	CHECK(!base64_read(bytes, 1, text_of("YR==")));	/* bits that are nobody's */
	CHECK(!base64_read(bytes, 3, text_of("YW\nj")) && !base64_read(bytes, 3, text_of("YWJ=")));
	CHECK(!base64_read(bytes, 3, text_of("YWJjZ")) && !base64_read(bytes, 3, text_of("YW-j")));
	CHECK(!base64_read(bytes, sizeof(bytes), text_of("YWJj")));
}

static void times_have_one_spelling(void)
{
	static const struct {
		const char *string;
		uint64_t seconds;
	} good[] = {
		{ "0", 0 }, { "1741620242", 1741620242 }, { "2025-03-10T15:24:02Z", 1741620242 },
		{ "1970-01-01T00:00:00Z", 0 }, { "9999-12-31T23:59:59Z", 253402300799 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = {
		"", "-1", "01", "18446744073709551616", "1969-12-31T23:59:59Z", "2025-02-30T00:00:00Z",
		"2025-3-10T15:24:02Z", "2025-03-10T15:24:02", "2025-03-10 15:24:02Z", "2025-03-10T15:24:02Zx", "now",
	};
	char text[TIME_LEN];
	uint64_t seconds;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		CHECK_ROW(time_read(&seconds, good[i].string), good[i].string);
		CHECK_ROW(seconds == good[i].seconds, good[i].string);
	}
	for (i = 0; i < COUNT(bad); i++)
		CHECK_ROW(!time_read(&seconds, bad[i]), bad[i]);
	time_write(text, 253402300799);
	CHECK(!strcmp(text, "9999-12-31T23:59:59Z"));
	time_write(text, 253402300800);
	CHECK(!strcmp(text, "second 253402300800"));
}

/* The addresses are ERC-55's own. */
static int try_addresses(void *arg)
{
	static const char *const good[] = {
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
		"5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", "0x1111111111111111111111111111111111111111",
	};
	static const char *const bad[] = {
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
	};
	uint8_t address[ECDSA_ADDRESS_LEN];
	size_t i;

	(void)arg;
	for (i = 0; i < COUNT(good); i++)
		if (!key_from_address(address, good[i]))
			return 1 + (int)i;
	for (i = 0; i < COUNT(bad); i++)
		if (key_from_address(address, bad[i]))
			return 100 + (int)i;
	return 0;
}

static void an_address_of_mixed_case_has_a_checksum(void)
{
	struct child child = run_child(try_addresses, NULL);

	CHECK(child.status == 0);
	CHECK(lines_with(child.said, "checksum") == 2 && lines_with(child.said, "40 hexadecimal digits") == 2);
}

static void which_pins_name_the_code(void)
{
	static const char zeros[] = "000000000000000000000000000000000000000000000000"
				    "000000000000000000000000000000000000000000000000";
	struct pins pins = { .has_image = false };
	char pin[120];

	snprintf(pin, sizeof(pin), "1=%s", zeros);
	CHECK(!pins_code(&pins) && pins_pcr(&pins, pin) && !pins_code(&pins));
	CHECK(!pins_pcr(&pins, pin));	/* once each */
	pin[0] = '2';
	CHECK(pins_pcr(&pins, pin) && pins_code(&pins) && pins_any(&pins));
	memset(&pins, 0, sizeof(pins));
	pin[0] = '0';
	CHECK(pins_pcr(&pins, pin) && pins_code(&pins));
	CHECK(!pins_pcr(&pins, "0") && !pins_pcr(&pins, "32=") && !pins_pcr(&pins, "3=00"));
}

/* Read a command line, with nothing to be had on standard input. */
static bool read_options(struct options *options, const char *words)
{
	static char line[256];
	char *argv[20] = { NULL }, *word;
	int argc = 0;

	snprintf(line, sizeof(line), "oyster-verify %s", words);
	for (word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") ? word : word + 2;
	optind = 0;
	return options_read(options, argc, argv);
}

static void what_is_asked_of_a_response_wants_one(void)
{
	static const struct {
		const char *words;
		bool reads;	/* standard input */
	} rows[] = {
		{ "--attestation d", false },
		{ "--attestation d --request r", true },
		{ "--attestation d --nonce n --request r", true },
		{ "--attestation d --nonce n --method GET --path /health", true },
		{ "--attestation d --method HEAD", true }, { "--attestation d --path /health --method GET", true },
		{ "--attestation d --request r --require receipt", true },
		{ "--attestation d --request r --require exchange", true },
		{ "--attestation d --request r --require both --answer", true },
		{ "--address a --request r --nonce ''", true },
	};
	struct options options;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		CHECK_ROW(read_options(&options, rows[i].words), rows[i].words);
		CHECK_ROW((options.response && !strcmp(options.response, "-")) == rows[i].reads, rows[i].words);
	}
}

#define IMAGE	"0000000000000000000000000000000000000000000000000000000000000000"

static int refuse_options(void *arg)
{
	static const char *const rows[] = {
		"--attestation d --nonce n", "--attestation d --path /x", "--attestation d --method POST",
		"--attestation d --require receipt", "--attestation d --require exchange", "--attestation d --answer",
		"--address a --headers h --body b", "--address a saved", "--address a --request r --nonce !",
		"--address a --request r --require none", "--address a --request r --require both --require both",
		"--address a --request r --require receipt --require both",
		"--address a --request r --max-age x", "--address a --request r --max-age 1 --max-age 2",
		"--address a --request r --at x", "--address a --request r --at 1 --at 2",
		"--attestation d --image-id x", "--attestation d --pcr x",
		"--attestation d --image-id " IMAGE " --image-id " IMAGE,
	};
	struct options options;
	size_t i;

	(void)arg;
	for (i = 0; i < COUNT(rows); i++)
		if (read_options(&options, rows[i]))
			return 1 + (int)i;
	return 0;
}

static void what_makes_no_sense_is_refused_in_one_line(void)
{
	struct child child = run_child(refuse_options, NULL);

	CHECK(child.status == 0);
	CHECK_ROW(lines_with(child.said, "") == 19, child.said);
}

static int read_input(void *arg)
{
	struct buf buf = BUF_INIT(10);

	(void)arg;
	fault_set("read", 1, EINTR, -1);
	if (!input_read(&buf, "key") || !fault_came() || buf.len != 5)
		return 1;
	buf.len = 0;
	fault_set("read", 1, EIO, -1);
	if (input_read(&buf, "key") || !fault_came())
		return 2;
	fault_set("buf_add", 1, ENOMEM, OYSTER_ENOMEM);
	if (input_read(&buf, "key") || !fault_came())
		return 3;
	buf.max = 4;
	if (input_read(&buf, "key") || input_read(&buf, "nowhere"))
		return 4;
	buf_clear(&buf);
	return 0;
}

static void files_are_read_whole_or_a_line_says_why_not(void)
{
	char scratch[32];
	int back = enter_scratch(scratch);
	struct child child;

	CHECK(write_bytes("key", "12345", 5));
	child = run_child(read_input, NULL);
	CHECK(child.status == 0);
	CHECK(lines_with(child.said, "") == 4 && lines_with(child.said, "cannot read key: Input/output error") == 1 &&
	      lines_with(child.said, "out of memory") == 1 && lines_with(child.said, "key is larger than 4 bytes") == 1 &&
	      lines_with(child.said, "cannot open nowhere: No such file") == 1);
	CHECK(!unlink("key") && leave_scratch(scratch, back));
}

static int wait_for_input(void *arg)
{
	int tube[2];

	(void)arg;
	if (pipe(tube) || write(tube[1], "x", 1) != 1)
		return 1;
	dup2(tube[0], STDIN_FILENO);
	if (!input_is_waiting())
		return 2;
	fault_set("poll", 1, EINTR, -1);
	if (!input_is_waiting() || !fault_came())
		return 3;
	fault_set("poll", 1, ENOMEM, -1);
	if (input_is_waiting() || !fault_came())
		return 4;
	fault_set("ioctl", 1, ENOTTY, -1);
	if (input_is_waiting() || !fault_came())
		return 5;
	fault_set("fstat", 1, EBADF, -1);
	if (input_is_waiting() || !fault_came())
		return 6;
	close(tube[1]);
	return !input_is_waiting() || read(STDIN_FILENO, &tube, 1) != 1 || input_is_waiting() ? 7 : 0;
}

static void what_cannot_be_waited_for_does_not_wait(void)
{
	CHECK(run_child(wait_for_input, NULL).status == 0);
}

int main(void)
{
	RUN(base64_has_one_spelling);
	RUN(times_have_one_spelling);
	RUN(an_address_of_mixed_case_has_a_checksum);
	RUN(which_pins_name_the_code);
	RUN(what_is_asked_of_a_response_wants_one);
	RUN(what_makes_no_sense_is_refused_in_one_line);
	RUN(files_are_read_whole_or_a_line_says_why_not);
	RUN(what_cannot_be_waited_for_does_not_wait);
	return DONE();
}
