/*
 * vocabulary.h - whether a model's tokenizer bears what is asked.
 *
 * A token beyond the vocabulary ends the model server, and so can a long
 * stretch of characters of one kind (tokenizer.h).  So it is asked what
 * tokenizer a model has before it gets the first context or the first such
 * stretch for it, and again after a minute, since a name can come to mean
 * another model.
 */
#ifndef OYSTER_VOCABULARY_H
#define OYSTER_VOCABULARY_H

#include "buf.h"
#include "err.h"
#include "relay.h"
#include "stretch.h"

struct vocabulary;

/* NULL without memory; to be released with vocabulary_free. */
struct vocabulary *vocabulary_new(struct relay *relay)
	__attribute__((nonnull, warn_unused_result));

/*
 * Look at a context, `[1,2]' without white space, and at the stretches of the
 * texts that come behind it, which are enough for it to be asked when they are
 * long; `[]' without such a stretch needs no look.  One thread asks the model
 * server at a time, because each answer costs it a lot of memory; the others
 * wait for what it learns, ten seconds at most for one answer.
 *
 * In:      call    the client and the deadline; its body is not looked at
 * Out:     status  200, or that of the model server's refusal, which is in
 *          reply   then
 * Returns: OYSTER_OK              with 200: it bears all of it
 *          OYSTER_EVOCABULARY     it does not know a token
 *          OYSTER_ESTRETCH        it does not bear a stretch in the texts
 *          OYSTER_ELONGCONTEXT    nor one that there is with the context
 *          OYSTER_ENOVOCABULARY   the model server does not say
 *          OYSTER_EBUSY           too many wait for other models' answers
 *          OYSTER_ECLIENT, OYSTER_ETIMEOUT while it waits
 *          or what relay_show returns
 */
enum oyster_err vocabulary_check(struct vocabulary *vocabulary, long *status,
				 struct buf *reply, struct text model,
				 struct text context,
				 const struct stretch *texts,
				 const struct relay_call *call)
	__attribute__((nonnull, warn_unused_result));

/* NULL is fine. */
void vocabulary_free(struct vocabulary *vocabulary);

#endif
