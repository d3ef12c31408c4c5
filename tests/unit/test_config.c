/* Settings: defaults, edges, and every bad one named. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/config.h"
#include "keys/sandbox.h"
#include "tests/unit/child.h"
#include "tests/unit/tap.h"

/* Numbers: where they lie, what they may be, and what they are when unset. */
static const struct {
	const char *name;
	size_t offset;
	const char *lowest, *highest, *below, *above;
	long unset;
} numbers[] = {
#define NUMBER(member)	offsetof(struct config, member)
	{ "OYSTER_TIMEOUT", NUMBER(timeout), "1", "86400", "0", "86401", 300 },
	{ "OYSTER_MAX_BODY", NUMBER(max_body), "1", NULL, "0", NULL, 8388608 },
	{ "OYSTER_MAX_REPLY", NUMBER(max_reply), "1", NULL, "0", NULL, 16777216 },
	{ "OYSTER_MAX_TOKEN", NUMBER(max_token), "0", "2147483647", NULL, "2147483648", -1 },
	{ "OYSTER_THREADS", NUMBER(threads), "1", NULL, "0", NULL, 640 },
	{ "OYSTER_MAX_INFLIGHT", NUMBER(max_inflight), "1", NULL, "0", NULL, 600 },
	{ "OYSTER_PORT", NUMBER(port), "1", "65535", "0", "65536", 5000 },
};

static const char *const no_numbers[] = {
	"", " ", " 5", "5 ", "\t5", "5\n", "+5", "-5", "-1", "- 5", "--5", "0x10",
	"1e3", "5.", "5.0", ".5", "5,0", "5m", "5k", "1_000", "1 000", "ten", "five",
	"\xc2\xa0 5", "\xef\xbc\x95",
	"9223372036854775807", "9223372036854775808", "-9223372036854775809",
	"18446744073709551616", "18446744073709551617",
	"99999999999999999999999999999999999999999999999999",
};

static const char *const good_upstreams[] = {
	"http://127.0.0.1:11434", "http://localhost:1", "http://ollama:65535",
	"http://ollama.example.org:80", "http://[::1]:11434", "http://[fe80::1]:8080",
	"http://a-b_c.d:8080", "http://10.0.0.1:8080",
};

static const char *const bad_upstreams[] = {
	"", " ", "http", "http:", "http://", "http://:11434", "127.0.0.1:11434",
	"localhost", "//127.0.0.1:11434", "http:/127.0.0.1:11434",
	"https://127.0.0.1:11434", "ftp://127.0.0.1:11434", "file:///etc/passwd",
	"unix:///run/ollama", "HTTP://127.0.0.1:", " http://127.0.0.1:11434",
	"http://127.0.0.1:11434 ", "http://127.0.0.1", "http://127.0.0.1:",
	"http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:111434",
	"http://127.0.0.1:99999999999999999999", "http://127.0.0.1:-1", "http://127.0.0.1:+80",
	"http://127.0.0.1: 80", "http://127.0.0.1:80a", "http://127.0.0.1:0x50",
	"http://127.0.0.1:11434/", "http://127.0.0.1:11434/api", "http://127.0.0.1:11434?x",
	"http://127.0.0.1:11434#x", "http://user@127.0.0.1:11434",
	"http://user:word@127.0.0.1:11434", "http://a b:80", "http://a\r\nHost: b:80",
	"http://a\tb:80", "http://a:80\n", "http://[::1]", "http://[::1:80", "http://::1:80",
	"http://[]:80", "http://[::1]80", "http://[::g]:80", "http://a,b:80",
	"http://\xc3\xbc:80", "http://a%20b:80", "http://a:80,http://b:80",
	"http://a:80;b:80",
};

static void forget_all(void)
{
	size_t i;

	for (i = 0; i < COUNT(numbers); i++)
		unsetenv(numbers[i].name);
	unsetenv("OYSTER_KEY_FILE");
	unsetenv("OYSTER_UPSTREAM");
	unsetenv("OYSTER_RUN_DIR");
	unsetenv("OYSTER_SANDBOX");
}

static long member(const struct config *config, size_t i)
{
	long value;

	memcpy(&value, (const char *)config + numbers[i].offset, sizeof(value));
	return value;
}

static int read_config(void *arg)
{
	struct config config;

	(void)arg;
	return config_read(&config) ? 0 : 1;
}

/* Whether a setting is refused in one line that names it. */
static bool is_refused(const char *name, const char *value)
{
	struct child child;

	setenv(name, value, 1);
	child = run_child(read_config, NULL);
	unsetenv(name);
	return child.status == 1 && lines_with(child.said, "") >= 1 &&
	       lines_with(child.said, "OYSTER_") == 1 &&
	       lines_with(child.said, name) == 1;
}

static void without_an_environment_there_are_defaults(void)
{
	struct config config;
	size_t i;

	forget_all();
	CHECK(config_read(&config));
	CHECK(!strcmp(config.key_file, "/app/secp.sec"));
	CHECK(!strcmp(config.upstream, "http://127.0.0.1:11434"));
	CHECK(!strcmp(config.run_dir, "/tmp/oyster"));
	CHECK(config.sandbox == 0);
	for (i = 0; i < COUNT(numbers); i++)
		CHECK_ROW(member(&config, i) == numbers[i].unset, numbers[i].name);
}

static void check_taken(size_t i, const char *text)
{
	struct config config;
	size_t k;

	setenv(numbers[i].name, text, 1);
	CHECK_ROW(config_read(&config), numbers[i].name);
	CHECK_ROW(member(&config, i) == strtol(text, NULL, 10), numbers[i].name);
	for (k = 0; k < COUNT(numbers); k++)
		CHECK_ROW(k == i || member(&config, k) == numbers[k].unset ||
			  !strcmp(numbers[k].name, "OYSTER_MAX_INFLIGHT"),
			  numbers[k].name);
	unsetenv(numbers[i].name);
}

/* A few threads are left for what needs no model: 600 of 640. */
static void unless_told_fewer_may_wait_than_there_are_threads(void)
{
	static const struct {
		const char *threads;
		long inflight;
	} rows[] = {
		{ "640", 600 }, { "32", 30 }, { "15", 14 }, { "8", 7 },
		{ "2", 1 }, { "1", 1 }, { "4096", 3840 },
	};
	struct config config;
	size_t i;

	forget_all();
	for (i = 0; i < COUNT(rows); i++) {
		setenv("OYSTER_THREADS", rows[i].threads, 1);
		CHECK_ROW(config_read(&config), rows[i].threads);
		CHECK_ROW(config.max_inflight == rows[i].inflight, rows[i].threads);
	}
	setenv("OYSTER_MAX_INFLIGHT", "5", 1);
	CHECK(config_read(&config) && config.max_inflight == 5);
	forget_all();
}

static void no_more_may_wait_than_there_are_threads(void)
{
	static const char *const threads[] = { NULL, "1", "32", "4095" };
	static const char *const all[] = { "640", "1", "32", "4095" };
	static const char *const more[] = { "641", "2", "33", "4096" };
	struct config config;
	struct child child;
	size_t i;

	for (i = 0; i < COUNT(threads); i++) {
		forget_all();
		if (threads[i])
			setenv("OYSTER_THREADS", threads[i], 1);
		setenv("OYSTER_MAX_INFLIGHT", all[i], 1);
		CHECK_ROW(config_read(&config), all[i]);
		CHECK_ROW(config.max_inflight == config.threads, all[i]);
		setenv("OYSTER_MAX_INFLIGHT", more[i], 1);
		child = run_child(read_config, NULL);
		CHECK_ROW(child.status == 1 && lines_with(child.said, "") == 1, child.said);
		CHECK_ROW(lines_with(child.said, "OYSTER_MAX_INFLIGHT: ") == 1 &&
			  lines_with(child.said, "OYSTER_THREADS") == 1, child.said);
	}
	forget_all();
}

static void numbers_are_taken_up_to_their_edges(void)
{
	size_t i;

	forget_all();
	for (i = 0; i < COUNT(numbers); i++) {
		check_taken(i, numbers[i].lowest);
		check_taken(i, "7");
		if (numbers[i].highest)
			check_taken(i, numbers[i].highest);
		if (numbers[i].below)
			CHECK_ROW(is_refused(numbers[i].name, numbers[i].below), numbers[i].name);
		if (numbers[i].above)
			CHECK_ROW(is_refused(numbers[i].name, numbers[i].above), numbers[i].name);
	}
}

static void nothing_but_digits_is_a_number(void)
{
	size_t i, k;

	forget_all();
	for (i = 0; i < COUNT(numbers); i++)
		for (k = 0; k < COUNT(no_numbers); k++)
			CHECK_ROW(is_refused(numbers[i].name, no_numbers[k]), no_numbers[k]);
}

static void paths_are_taken_as_they_are(void)
{
	struct config config;

	forget_all();
	setenv("OYSTER_KEY_FILE", "a key, with spaces", 1);
	setenv("OYSTER_RUN_DIR", "/somewhere/else", 1);
	CHECK(config_read(&config));
	CHECK(!strcmp(config.key_file, "a key, with spaces"));
	CHECK(!strcmp(config.run_dir, "/somewhere/else"));
	forget_all();
	CHECK(is_refused("OYSTER_KEY_FILE", ""));
	CHECK(is_refused("OYSTER_RUN_DIR", ""));
}

/* A good one, but for its length. */
static const char *longer_than_any(void)
{
	static char text[600] = "http://";

	memset(text + strlen(text), 'a', sizeof(text) - strlen(text) - 1);
	return text;
}

static void upstreams_are_http_host_and_port(void)
{
	struct config config;
	size_t i;

	forget_all();
	for (i = 0; i < COUNT(good_upstreams); i++) {
		setenv("OYSTER_UPSTREAM", good_upstreams[i], 1);
		CHECK_ROW(config_read(&config), good_upstreams[i]);
		CHECK_ROW(!strcmp(config.upstream, good_upstreams[i]), good_upstreams[i]);
	}
	unsetenv("OYSTER_UPSTREAM");
	CHECK(is_refused("OYSTER_UPSTREAM", longer_than_any()));
	for (i = 0; i < COUNT(bad_upstreams); i++)
		CHECK_ROW(is_refused("OYSTER_UPSTREAM", bad_upstreams[i]), bad_upstreams[i]);
}

static void the_sandbox_is_on_required_or_off(void)
{
	static const struct {
		const char *text;
		unsigned int flags;
	} good[] = { { "on", 0 }, { "required", SANDBOX_REQUIRED }, { "off", SANDBOX_OFF } };
	static const char *const bad[] = {
		"", "ON", "yes", "0", "1", "no", "offf", "require", " on", "off ", "required,off",
	};
	struct config config;
	size_t i;

	forget_all();
	for (i = 0; i < COUNT(good); i++) {
		setenv("OYSTER_SANDBOX", good[i].text, 1);
		CHECK_ROW(config_read(&config) && config.sandbox == good[i].flags, good[i].text);
	}
	unsetenv("OYSTER_SANDBOX");
	for (i = 0; i < COUNT(bad); i++)
		CHECK_ROW(is_refused("OYSTER_SANDBOX", bad[i]), bad[i]);
}

/* In a child, since it says so in a line; what came of it is its status. */
static int fit(void *files)
{
	struct config config = { .threads = 640, .max_inflight = 600 };

	config_fit(&config, *(unsigned long *)files);
	if (config.threads == 640)
		return config.max_inflight == 600 ? 0 : 255;
	/* As without OYSTER_MAX_INFLIGHT: 15/16. */
	if (config.max_inflight != (config.threads == 248 ? 233 : 1))
		return 254;
	return (int)config.threads;
}

static void threads_fit_the_descriptors(void)
{
	static const struct {
		unsigned long files;
		int status;
	} rows[] = {
		{ ~0UL, 0 }, { 1048576, 0 }, { 2592, 0 }, { 1024, 248 },
		{ 40, 2 }, { 39, 1 }, { 36, 1 }, { 35, 1 }, { 31, 1 }, { 0, 1 },
	};
	struct config config = { .threads = 640 };
	struct child child;
	unsigned long files;
	size_t i;

	CHECK(config_files(&config) == 2592);
	for (i = 0; i < COUNT(rows); i++) {
		files = rows[i].files;
		child = run_child(fit, &files);
		CHECK(child.status == rows[i].status);
		CHECK(lines_with(child.said, "OYSTER_THREADS") == (rows[i].status != 0));
		CHECK(lines_with(child.said, "") == (rows[i].status != 0));
	}
}

static int fit_few(void *arg)
{
	struct config config = { .threads = 640, .max_inflight = 233 };

	(void)arg;
	config_fit(&config, 1024);
	return config.threads == 248 && config.max_inflight == 233 ? 0 : 1;
}

static void who_wanted_fewer_at_once_keeps_that(void)
{
	struct child child = run_child(fit_few, NULL);

	CHECK(child.status == 0 && lines_with(child.said, "OYSTER_THREADS") == 1);
}

static void all_bad_settings_are_named_at_once(void)
{
	struct child child;
	size_t i;

	forget_all();
	for (i = 0; i < COUNT(numbers); i++)
		setenv(numbers[i].name, "5m", 1);
	setenv("OYSTER_KEY_FILE", "", 1);
	setenv("OYSTER_RUN_DIR", "", 1);
	setenv("OYSTER_UPSTREAM", "nowhere", 1);
	setenv("OYSTER_SANDBOX", "maybe", 1);
	child = run_child(read_config, NULL);
	forget_all();

	CHECK(child.status == 1);
	for (i = 0; i < COUNT(numbers); i++)
		CHECK_ROW(lines_with(child.said, numbers[i].name) == 1, numbers[i].name);
	CHECK(lines_with(child.said, "OYSTER_KEY_FILE") == 1);
	CHECK(lines_with(child.said, "OYSTER_RUN_DIR") == 1);
	CHECK(lines_with(child.said, "OYSTER_UPSTREAM") == 1);
	CHECK(lines_with(child.said, "OYSTER_SANDBOX") == 1);
	CHECK(lines_with(child.said, "") == (int)COUNT(numbers) + 4);
	CHECK(lines_with(child.said, "`5m'") == (int)COUNT(numbers));
	CHECK(lines_with(child.said, "`nowhere'") == 1);
}

static void a_very_long_value_is_refused_in_one_line(void)
{
	char text[5000];
	struct child child;

	forget_all();
	memset(text, '7', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	setenv("OYSTER_THREADS", text, 1);
	child = run_child(read_config, NULL);
	CHECK(child.status == 1);
	CHECK(lines_with(child.said, "") == 1 && lines_with(child.said, "OYSTER_THREADS") == 1);
	CHECK(strlen(child.said) > 0 && child.said[strlen(child.said) - 1] == '\n');
	forget_all();
}

static void good_settings_are_read_in_silence(void)
{
	struct child child;

	forget_all();
	setenv("OYSTER_TIMEOUT", "60", 1);
	child = run_child(read_config, NULL);
	CHECK(child.status == 0 && !*child.said);
	forget_all();
}

int main(void)
{
	RUN(without_an_environment_there_are_defaults);
	RUN(unless_told_fewer_may_wait_than_there_are_threads);
	RUN(no_more_may_wait_than_there_are_threads);
	RUN(numbers_are_taken_up_to_their_edges);
	RUN(nothing_but_digits_is_a_number);
	RUN(paths_are_taken_as_they_are);
	RUN(upstreams_are_http_host_and_port);
	RUN(the_sandbox_is_on_required_or_off);
	RUN(threads_fit_the_descriptors);
	RUN(who_wanted_fewer_at_once_keeps_that);
	RUN(all_bad_settings_are_named_at_once);
	RUN(a_very_long_value_is_refused_in_one_line);
	RUN(good_settings_are_read_in_silence);
	return DONE();
}
