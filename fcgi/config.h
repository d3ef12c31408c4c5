/*
 * config.h - the settings, from the environment.
 *
 * name                 unit                                        default
 * OYSTER_KEY_FILE      path of 32 raw bytes                        /app/secp.sec
 * OYSTER_UPSTREAM      http://host:port of the model server        http://127.0.0.1:11434
 * OYSTER_TIMEOUT       seconds for a whole answer                  300
 * OYSTER_MAX_BODY      bytes of a request body                     8388608
 * OYSTER_MAX_REPLY     bytes of a model's reply                    16777216
 * OYSTER_MAX_TOKEN     largest token id in a request's context     the model's own
 * OYSTER_THREADS       requests that one responder holds at once   640
 * OYSTER_MAX_INFLIGHT  of those, how many may wait (of 640: 600)   15/16
 * OYSTER_SANDBOX       on, required or off                         on
 * OYSTER_PORT          TCP port of the server                      5000
 * OYSTER_RUN_DIR       private directory of the server             /tmp/oyster
 */
#ifndef OYSTER_CONFIG_H
#define OYSTER_CONFIG_H

#include <stdbool.h>

#define CONFIG_ASK		(-1L)	/* the model server knows */
#define CONFIG_TOKEN_MAX	2147483647L	/* what Ollama keeps a token in */

struct config {
	const char *key_file;
	const char *upstream;
	long timeout;		/* seconds */
	long max_body;		/* bytes */
	long max_reply;		/* bytes */
	long max_token;		/* or CONFIG_ASK */
	long threads;
	long max_inflight;
	unsigned int sandbox;	/* flags of keys/sandbox.h */
	long port;
	const char *run_dir;
};

/*
 * Read all settings.  The strings are the environment's.
 *
 * Returns: false if any is bad; each bad one has been named in a log line
 */
bool config_read(struct config *config)
	__attribute__((nonnull, warn_unused_result));

/* Descriptors that a responder may need at once. */
long config_files(const struct config *config) __attribute__((nonnull));

/*
 * Fewer threads, and a log line, where not so many descriptors are to be had:
 * a connection that cannot be accepted would wait, and nobody say why.
 */
void config_fit(struct config *config, unsigned long files)
	__attribute__((nonnull));

#endif
