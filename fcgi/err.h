/*
 * err.h - everything that can go wrong with a request, and how it is told.
 *
 * Each error is an HTTP status and a sentence.
 * Many sentences lack their subject: the name of a field, or the place in
 * a text, which whoever found the error keeps as its culprit.
 */
#ifndef OYSTER_ERR_H
#define OYSTER_ERR_H

#define ERR_CULPRIT	64	/* bytes of the longest culprit, with its NUL */

enum oyster_err {
	OYSTER_OK,

	/* The request */
	OYSTER_EEMPTY,		/* no body */
	OYSTER_ESHORT,		/* fewer bytes than Content-Length */
	OYSTER_EJSON,		/* culprit: place */
	OYSTER_EUTF8,		/* culprit: place */
	OYSTER_ESURROGATE,	/* culprit: place */
	OYSTER_EDEPTH,		/* culprit: place */
	OYSTER_EOBJECT,		/* JSON, but no object */
	OYSTER_ETWICE,		/* culprit: field, as in all that follow */
	OYSTER_EMISSING,
	OYSTER_ESTRING,
	OYSTER_EBOOLEAN,
	OYSTER_EINTEGER,
	OYSTER_EMODEL,
	OYSTER_ECLOUD,
	OYSTER_ECONTEXT,
	OYSTER_EFORMAT,
	OYSTER_EIMAGES,
	OYSTER_ETHINK,
	OYSTER_EOPTIONS,
	OYSTER_ERUNNER,		/* an option that reloads the model */
	OYSTER_EVOCABULARY,	/* a token beyond it */
	OYSTER_EHARM,		/* what has ended a model server, as the next four */
	OYSTER_ETOKENS,
	OYSTER_EHEAVY,
	OYSTER_ESTRETCH,	/* for the model's tokenizer */
	OYSTER_ELONGCONTEXT,	/* the same of a context, with what is behind it */
	OYSTER_ETEMPLATE,
	OYSTER_ENONCE,		/* culprit: the header field, as in the next two */
	OYSTER_EDIGEST,
	OYSTER_EDIGESTFORM,
	OYSTER_EPATH,
	OYSTER_EMETHOD,
	OYSTER_ETOOBIG,

	/* The model server */
	OYSTER_EBUSY,		/* OYSTER_MAX_INFLIGHT */
	OYSTER_ECONNECT,
	OYSTER_ECUT,
	OYSTER_ETIMEOUT,
	OYSTER_EREPLYSIZE,
	OYSTER_ESTATUS,		/* culprit: which */
	OYSTER_EUNEXPLAINED,	/* an error of its own without a sentence */
	OYSTER_EREPLYJSON,	/* culprit: place */
	OYSTER_EREPLYOBJECT,
	OYSTER_EREPLYTWICE,	/* culprit: field, as in all that follow */
	OYSTER_EREPLYMISSING,
	OYSTER_EREPLYTYPE,
	OYSTER_EREPLYMODEL,
	OYSTER_EREPLYOPEN,	/* done is false */
	OYSTER_EREPLYREMOTE,

	OYSTER_ENOVOCABULARY,
	OYSTER_ENOMODEL,	/* for /health */

	/* Ourselves */
	OYSTER_ENOSIGNER,	/* for /health */
	OYSTER_ENOMEM,
	OYSTER_ESIGN,
	OYSTER_ECLIENT,		/* the client is gone: nobody reads the answer */

	OYSTER_ERR_MAX
};

/* The HTTP status (RFC 9110, section 15); 200 for OYSTER_OK. */
int err_status(enum oyster_err err);

/* Never NULL; without the culprit, if it takes one. */
const char *err_text(enum oyster_err err) __attribute__((returns_nonnull));

#endif
