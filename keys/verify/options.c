/* The command line of oyster-verify; see options.h. */
#include "options.h"

#include <err.h>
#include <getopt.h>
#include <string.h>
#include <time.h>

#include "keys/exchange.h"
#include "keys/verify/encoding.h"
#include "keys/verify/input.h"

const char options_usage[] =
	"usage: oyster-verify KEY [OPTION...] [RESPONSE]\n"
	"       oyster-verify --attestation FILE [OPTION...]     the document alone\n"
	"\n"
	"The response: RESPONSE as `curl -si' saves it, standard input unless named, or\n"
	"  --headers FILE --body FILE   as `curl -sD FILE -o FILE' saves it\n"
	"The request:\n"
	"  --request FILE               its body (none for GET and HEAD)\n"
	"  --method M --path P          POST /api/generate unless told\n"
	"  --nonce N                    the x-oyster-nonce that was sent; '': none was\n"
	"The key, from one of these and never from the response itself:\n"
	"  --address 0xADDRESS\n"
	"  --public-key FILE            64 bytes, raw or hexadecimal\n"
	"  --attestation FILE           an AWS Nitro document, raw or hexadecimal\n"
	"For a document:\n"
	"  --image-id HEX, --pcr N=HEX  the code that must have made the key\n"
	"  --allow-unpinned             any code will do\n"
	"  --root FILE                  another root than AWS's: certificate or key\n"
	"  --at TIME                    instead of now: 2025-03-10T15:24:02Z or seconds\n"
	"Stricter:\n"
	"  --require receipt|exchange|both\n"
	"  --max-age SECONDS            of the answer and of the document\n"
	"Output:\n"
	"  --json, --quiet              for programs; nothing but the exit status\n"
	"  --answer                     the model's text, only once it is verified\n"
	"\n"
	"Exit status: 0 all verified, 1 something did not, 2 usage or unreadable input.\n";

enum option_id {
	HEADERS = 256, BODY, REQUEST, METHOD, PATH, NONCE, ADDRESS, PUBLIC_KEY,
	ATTESTATION, ROOT, IMAGE_ID, PCR, ALLOW_UNPINNED, REQUIRE, MAX_AGE, AT,
	JSON, QUIET, ANSWER, HELP
};

static const struct option known[] = {
	{ "headers", required_argument, NULL, HEADERS },
	{ "body", required_argument, NULL, BODY },
	{ "request", required_argument, NULL, REQUEST },
	{ "method", required_argument, NULL, METHOD },
	{ "path", required_argument, NULL, PATH },
	{ "nonce", required_argument, NULL, NONCE },
	{ "address", required_argument, NULL, ADDRESS },
	{ "public-key", required_argument, NULL, PUBLIC_KEY },
	{ "attestation", required_argument, NULL, ATTESTATION },
	{ "root", required_argument, NULL, ROOT },
	{ "image-id", required_argument, NULL, IMAGE_ID },
	{ "pcr", required_argument, NULL, PCR },
	{ "allow-unpinned", no_argument, NULL, ALLOW_UNPINNED },
	{ "require", required_argument, NULL, REQUIRE },
	{ "max-age", required_argument, NULL, MAX_AGE },
	{ "at", required_argument, NULL, AT },
	{ "json", no_argument, NULL, JSON },
	{ "quiet", no_argument, NULL, QUIET },
	{ "answer", no_argument, NULL, ANSWER },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 }
};

static bool complain(const char *option, const char *what)
{
	warnx("%s: %s", option, what);
	return false;
}

/* Of two the last would silently win. */
static bool once(const char **value, const char *option)
{
	if (*value)
		return complain(option, "given twice");
	*value = optarg;
	return true;
}

static bool set_require(struct options *options)
{
	if (options->need_receipt || options->need_exchange)
		return complain("--require", "given twice");
	options->need_receipt = !strcmp(optarg, "receipt") || !strcmp(optarg, "both");
	options->need_exchange = !strcmp(optarg, "exchange") || !strcmp(optarg, "both");
	if (!options->need_receipt && !options->need_exchange)
		return complain("--require", "must be receipt, exchange or both");
	return true;
}

static bool set_max_age(struct options *options)
{
	if (options->has_max_age)
		return complain("--max-age", "given twice");
	options->has_max_age = number_read(&options->max_age, text_of(optarg));
	if (!options->has_max_age)
		return complain("--max-age", "is not a number of seconds");
	return true;
}

static bool set_now(struct options *options)
{
	if (options->has_now)
		return complain("--at", "given twice");
	options->has_now = time_read(&options->now, optarg);
	if (!options->has_now)
		return complain("--at", "is neither seconds nor a time like 2025-03-10T15:24:02Z");
	return true;
}

/* Options whose value is more than a string. */
static bool set_value(struct options *options, int id)
{
	switch (id) {
	case IMAGE_ID:
		if (options->pins.has_image)
			return complain("--image-id", "given twice");
		if (!pins_image(&options->pins, text_of(optarg)))
			return complain("--image-id", "is not 64 hexadecimal digits");
		return true;
	case PCR:
		if (!pins_pcr(&options->pins, optarg))
			return complain("--pcr", "is not N=HEX with N from 0 to 31, once each, and 96 digits");
		return true;
	case REQUIRE:
		return set_require(options);
	case MAX_AGE:
		return set_max_age(options);
	case AT:
		return set_now(options);
	default:
		return false;	/* getopt_long has said why */
	}
}

static bool set(struct options *options, int id)
{
	switch (id) {
	case HEADERS:
		return once(&options->headers, "--headers");
	case BODY:
		return once(&options->body, "--body");
	case REQUEST:
		return once(&options->request, "--request");
	case METHOD:
		return once(&options->method, "--method");
	case PATH:
		return once(&options->path, "--path");
	case NONCE:
		return once(&options->nonce, "--nonce");
	case ADDRESS:
		return once(&options->address, "--address");
	case PUBLIC_KEY:
		return once(&options->public_key, "--public-key");
	case ATTESTATION:
		return once(&options->attestation, "--attestation");
	case ROOT:
		return once(&options->root, "--root");
	case ALLOW_UNPINNED:
		return options->allow_unpinned = true;
	case JSON:
		return options->json = true;
	case QUIET:
		return options->quiet = true;
	case ANSWER:
		return options->answer = true;
	case HELP:
		return options->help = true;
	default:
		return set_value(options, id);
	}
}

static bool check_key(const struct options *options)
{
	int keys = !!options->address + !!options->public_key + !!options->attestation;

	if (keys == 0) {
		warnx("no key: say --address, --public-key or --attestation");
		warnx("it is never taken from the response: who forges that names a key of his own");
		return false;
	}
	if (keys > 1)
		return complain("--address, --public-key, --attestation", "only one of them");
	if (!options->attestation &&
	    (options->root || options->allow_unpinned || pins_any(&options->pins)))
		return complain("--root, --image-id, --pcr, --allow-unpinned",
				"only with --attestation");
	return true;
}

/* How often standard input is named.  It can be read once. */
static int count_stdin(const struct options *options)
{
	const char *const paths[] = {
		options->response, options->headers, options->body, options->request,
		options->public_key, options->attestation, options->root,
	};
	int count = 0;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		count += paths[i] && !strcmp(paths[i], "-");
	return count;
}

static bool check_inputs(const struct options *options)
{
	if (count_stdin(options) > 1)
		return complain("-", "standard input is read once, but named twice");
	return true;
}

bool options_has_response(const struct options *options)
{
	return options->response || options->headers;
}

/*
 * Whether the response is on standard input, though nobody named it.  A
 * document alone has none; an answer that is piped in nevertheless must not
 * pass unread for one that is verified.
 */
static bool is_piped_in(const struct options *options)
{
	if (!options->attestation || options->request || options->nonce ||
	    options->method || options->path || options->need_receipt ||
	    options->need_exchange || options->answer)
		return true;
	return count_stdin(options) == 0 && input_is_waiting();
}

/* Where the response comes from, and the defaults that hang on that. */
static bool settle_response(struct options *options)
{
	if (!options->headers != !options->body)
		return complain("--headers, --body", "neither without the other");
	if (options->headers && options->response)
		return complain("--headers, --body", "not together with RESPONSE");
	if (!options->headers && !options->response && is_piped_in(options))
		options->response = "-";

	options->method = options->method ? options->method : "POST";
	options->path = options->path ? options->path : "/api/generate";
	if (options_has_response(options) && !options->request &&
	    strcmp(options->method, "GET") && strcmp(options->method, "HEAD"))
		return complain("--request", options->response && !strcmp(options->response, "-") ?
				"the body of the request is needed for the response on standard input" :
				"the body of the request is needed");
	if (options->nonce && *options->nonce && !exchange_is_nonce(options->nonce))
		return complain("--nonce", "is none: 1 to 128 characters out of A-Z a-z 0-9 - . _ ~ + / =");
	return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
	int id;

	memset(options, 0, sizeof(*options));
	while ((id = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!set(options, id))
			return false;
	if (options->help)
		return true;
	if (!options->has_now)
		options->now = (uint64_t)time(NULL);
	if (optind < argc)
		options->response = argv[optind++];
	if (optind < argc)
		return complain(argv[optind], "one RESPONSE at a time");
	return check_key(options) && settle_response(options) &&
	       check_inputs(options);
}
