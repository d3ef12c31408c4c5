/* The settings; see config.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keys/sandbox.h"
#include "log.h"

#define SECONDS_MAX	86400L		/* a day */
#define BYTES_MAX	(1L << 28)	/* 256 MiB: signed within the signer's patience */
#define THREADS_MAX	4096L
#define UPSTREAM_MAX	300		/* bytes: a name of the longest, and its port */
#define FILES_EACH	4		/* of a request: the server's, the model's, two of libcurl */
#define FILES_MORE	32		/* what else is open */

static bool number(long *value, const char *name, long min, long max, long unset)
{
	const char *text = getenv(name);
	char *end;

	*value = unset;
	if (!text)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno ||
	    *value < min || *value > max) {
		log_line("%s: not a number from %ld to %ld: `%s'", name, min,
			 max, text);
		return false;
	}
	return true;
}

static bool path(const char **value, const char *name, const char *unset)
{
	*value = getenv(name);
	if (!*value)
		*value = unset;
	if (!**value)
		log_line("%s: an empty path", name);
	return **value;
}

/* Whether text is host:port, the host a name, an IPv4 or a bracketed IPv6 address. */
static bool is_authority(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	static const char six[] = "0123456789abcdefABCDEF:.";
	size_t len;
	long port;

	if (*text == '[') {
		len = strspn(text + 1, six);
		if (len == 0 || text[len + 1] != ']')
			return false;
		text += len + 2;
	} else {
		len = strspn(text, name);
		if (len == 0)
			return false;
		text += len;
	}
	len = *text == ':' ? strspn(text + 1, "0123456789") : 0;
	if (len == 0 || len > 5 || text[len + 1])
		return false;
	port = strtol(text + 1, NULL, 10);
	return port >= 1 && port <= 65535;
}

static bool upstream(const char **value)
{
	static const char scheme[] = "http://";

	*value = getenv("OYSTER_UPSTREAM");
	if (!*value)
		*value = "http://127.0.0.1:11434";
	if (strlen(*value) > UPSTREAM_MAX ||
	    strncmp(*value, scheme, sizeof(scheme) - 1) ||
	    !is_authority(*value + sizeof(scheme) - 1)) {
		log_line("OYSTER_UPSTREAM: not http://host:port: `%s'", *value);
		return false;
	}
	return true;
}

static bool sandbox(unsigned int *flags)
{
	static const struct {
		const char *name;
		unsigned int flags;
	} modes[] = {
		{ "on", 0 }, { "required", SANDBOX_REQUIRED }, { "off", SANDBOX_OFF },
	};
	const char *text = getenv("OYSTER_SANDBOX");
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!text || !strcmp(text, modes[i].name)) {
			*flags = modes[i].flags;
			return true;
		}
	log_line("OYSTER_SANDBOX: not on, required or off: `%s'", text);
	return false;
}

/* 600 of 640: a few threads are left for what needs no model. */
static long most_of(long threads)
{
	long left = threads / 16 > 0 ? threads / 16 : 1;

	return threads > left ? threads - left : 1;
}

/* More than all threads can never wait, and would leave /health none. */
static bool threads(struct config *config)
{
	bool ok = number(&config->threads, "OYSTER_THREADS", 1, THREADS_MAX, 640);

	ok &= number(&config->max_inflight, "OYSTER_MAX_INFLIGHT", 1,
		     THREADS_MAX, most_of(config->threads));
	if (ok && config->max_inflight > config->threads) {
		log_line("OYSTER_MAX_INFLIGHT: %ld is more than OYSTER_THREADS, %ld",
			 config->max_inflight, config->threads);
		return false;
	}
	return ok;
}

bool config_read(struct config *config)
{
	bool ok = true;

	ok &= path(&config->key_file, "OYSTER_KEY_FILE", "/app/secp.sec");
	ok &= upstream(&config->upstream);
	ok &= number(&config->timeout, "OYSTER_TIMEOUT", 1, SECONDS_MAX, 300);
	ok &= number(&config->max_body, "OYSTER_MAX_BODY", 1, BYTES_MAX, 8388608);
	ok &= number(&config->max_reply, "OYSTER_MAX_REPLY", 1, BYTES_MAX, 16777216);
	ok &= number(&config->max_token, "OYSTER_MAX_TOKEN", 0,
		     CONFIG_TOKEN_MAX, CONFIG_ASK);
	ok &= threads(config);
	ok &= sandbox(&config->sandbox);
	ok &= number(&config->port, "OYSTER_PORT", 1, 65535, 5000);
	ok &= path(&config->run_dir, "OYSTER_RUN_DIR", "/tmp/oyster");
	return ok;
}

long config_files(const struct config *config)
{
	return config->threads * FILES_EACH + FILES_MORE;
}

void config_fit(struct config *config, unsigned long files)
{
	long fit;

	if (files >= (unsigned long)config_files(config))
		return;
	fit = ((long)files - FILES_MORE) / FILES_EACH;
	if (fit < 1)
		fit = 1;
	log_line("OYSTER_THREADS: %ld instead of %ld: a request takes %d descriptors, "
		 "and RLIMIT_NOFILE is %lu", fit, config->threads, FILES_EACH, files);
	config->threads = fit;
	if (config->max_inflight > most_of(fit))
		config->max_inflight = most_of(fit);
}
