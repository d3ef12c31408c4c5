/*
 * wipe.h - nothing of a prompt or an answer stays in memory behind it.
 *
 * wipe.c has a free() and a realloc() for the whole process, which wipe what
 * is given back: prompts and answers pass through our own buffers, libfcgi's
 * streams and parameters, libcurl's buffers, and what the C library allocates
 * for all of them, and every such piece ends in one of the two.  (A piece that
 * grows is always moved by us: the C library would leave the old one behind.)
 * Both end in glibc's: another malloc() must not be loaded before it.
 */
#ifndef OYSTER_WIPE_H
#define OYSTER_WIPE_H

/* Overwrite what functions called from the same place have left on the stack and in registers. */
void wipe_stack(void);

/*
 * Give back the pages of the stack that only functions called before have
 * used: for who is going to wait, and needs them again afterwards at most.
 */
void wipe_give_stack(void);

#endif
