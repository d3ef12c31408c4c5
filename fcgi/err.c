/* Errors, their statuses and sentences; see err.h. */
#include "err.h"

static const struct {
	int status;
	const char *text;
} errors[OYSTER_ERR_MAX] = {
	[OYSTER_OK]          = { 200, "no error" },

	[OYSTER_EEMPTY]      = { 400, "the request has no body" },
	[OYSTER_ESHORT]      = { 400, "the request body is shorter than announced" },
	[OYSTER_EJSON]       = { 400, "is not JSON" },
	[OYSTER_EUTF8]       = { 400, "is not UTF-8" },
	[OYSTER_ESURROGATE]  = { 400, "is a lone surrogate" },
	[OYSTER_EDEPTH]      = { 400, "is nested deeper than 128 levels" },
	[OYSTER_EOBJECT]     = { 400, "the request body is not a JSON object" },
	[OYSTER_ETWICE]      = { 400, "is given twice" },
	[OYSTER_EMISSING]    = { 400, "is missing" },
	[OYSTER_ESTRING]     = { 400, "must be a string" },
	[OYSTER_EBOOLEAN]    = { 400, "must be a boolean" },
	[OYSTER_EINTEGER]    = { 400, "must be an integer from 0 to 2147483647" },
	[OYSTER_EMODEL]      = { 400, "must have 1 to 512 bytes" },
	[OYSTER_ECLOUD]      = { 400, "must not name a cloud model: those are answered outside the enclave" },
	[OYSTER_ECONTEXT]    = { 400, "must be an array of tokens: integers from 0 to the largest allowed" },
	[OYSTER_EFORMAT]     = { 400, "must be \"json\" or an object" },
	[OYSTER_EIMAGES]     = { 400, "must be an array of base64 strings" },
	[OYSTER_ETHINK]      = { 400, "must be a boolean or a string" },
	[OYSTER_EOPTIONS]    = { 400, "must be an object" },
	[OYSTER_ERUNNER]     = { 400, "must not be set: it reloads the model for everybody" },
	[OYSTER_EVOCABULARY] = { 400, "context has a token that the model does not know" },
	[OYSTER_EHARM]       = { 400, "must not be set: it can end the model server" },
	[OYSTER_ETOKENS]     = { 400, "must have at most 131072 tokens" },
	[OYSTER_EHEAVY]      = { 400, "is more than the model server can bear" },
	[OYSTER_ESTRETCH]    = { 400, "has more characters of one kind side by side than the model's tokenizer can bear" },
	[OYSTER_ELONGCONTEXT] = { 400, "context has more characters of one kind side by side than the model's tokenizer can bear" },
	[OYSTER_ETEMPLATE]   = { 400, "may only have the actions .System, .Prompt, .Suffix, .Response, if, else, end" },
	[OYSTER_ENONCE]      = { 400, "must have 1 to 128 characters out of A-Z a-z 0-9 - . _ ~ + / =" },
	[OYSTER_EDIGEST]     = { 400, "does not match the request body" },
	[OYSTER_EDIGESTFORM] = { 400, "is not a list of digests" },
	[OYSTER_EPATH]       = { 404, "there is nothing at this path" },
	[OYSTER_EMETHOD]     = { 405, "this path does not answer this method" },
	[OYSTER_ETOOBIG]     = { 413, "the request body is larger than OYSTER_MAX_BODY" },

	[OYSTER_EBUSY]       = { 503, "too many requests are waiting for the model" },
	[OYSTER_ECONNECT]    = { 502, "the model server cannot be reached" },
	[OYSTER_ECUT]        = { 502, "the model server's reply was cut off" },
	[OYSTER_ETIMEOUT]    = { 504, "the model server gave no full reply within OYSTER_TIMEOUT" },
	[OYSTER_EREPLYSIZE]  = { 502, "the model server's reply is larger than OYSTER_MAX_REPLY" },
	[OYSTER_ESTATUS]     = { 502, "came from the model server and is not passed on" },
	[OYSTER_EUNEXPLAINED] = { 502, "the model server answered with an error that it did not explain" },
	[OYSTER_EREPLYJSON]  = { 502, "is not JSON" },
	[OYSTER_EREPLYOBJECT] = { 502, "the model server's reply is not a JSON object" },
	[OYSTER_EREPLYTWICE] = { 502, "is twice in the model server's reply" },
	[OYSTER_EREPLYMISSING] = { 502, "is missing from the model server's reply" },
	[OYSTER_EREPLYTYPE]  = { 502, "has the wrong type in the model server's reply" },
	[OYSTER_EREPLYMODEL] = { 502, "is another in the model server's reply than in the request" },
	[OYSTER_EREPLYOPEN]  = { 502, "is not true in the model server's reply" },
	[OYSTER_EREPLYREMOTE] = { 502, "is set in the model server's reply" },
	[OYSTER_ENOVOCABULARY] = { 502, "the model server does not say how many tokens the model knows" },
	[OYSTER_ENOMODEL]    = { 503, "the model server does not answer" },

	[OYSTER_ENOSIGNER]   = { 503, "the signer does not answer" },
	[OYSTER_ENOMEM]      = { 500, "out of memory" },
	[OYSTER_ESIGN]       = { 500, "the answer could not be signed" },
	[OYSTER_ECLIENT]     = { 500, "the client is gone" },
};

int err_status(enum oyster_err err)
{
	return errors[err].status;
}

const char *err_text(enum oyster_err err)
{
	return errors[err].text;
}
