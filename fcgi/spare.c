/* Large pieces of memory; see spare.h. */
#include "spare.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	void *bytes;
	size_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece kept[SPARE_COUNT];
static int count, coming;

/* A few sizes fit all: odd ones would be taken, and outgrown in the end. */
static size_t rounded(size_t size)
{
	size_t to = SPARE_LEAST;

	while (to < size && to <= SIZE_MAX / 2)
		to *= 2;
	return to < size ? size : to;
}

void *spare_take(size_t *size)
{
	void *bytes = NULL;
	int i;

	*size = rounded(*size);
	pthread_mutex_lock(&lock);
	for (i = count - 1; i >= 0 && !bytes; i--)
		if (kept[i].size >= *size) {
			bytes = kept[i].bytes;
			*size = kept[i].size;
			count--;
			memmove(kept + i, kept + i + 1,
				(size_t)(count - i) * sizeof(*kept));
		}
	pthread_mutex_unlock(&lock);
	return bytes ? bytes : malloc(*size);
}

/* Whether a piece is to be kept: there is a place for it then. */
static bool has_place(size_t used)
{
	bool has;

	pthread_mutex_lock(&lock);
	has = used <= SPARE_MOST && count + coming < SPARE_COUNT;
	coming += has;
	pthread_mutex_unlock(&lock);
	return has;
}

void spare_give(void *piece, size_t size, size_t used)
{
	if (!has_place(used)) {
		free(piece);
		return;
	}
	explicit_bzero(piece, used);
	pthread_mutex_lock(&lock);
	coming--;
	kept[count++] = (struct piece){ piece, size };
	pthread_mutex_unlock(&lock);
}

void spare_drop(void)
{
	pthread_mutex_lock(&lock);
	while (count > 0)
		free(kept[--count].bytes);
	pthread_mutex_unlock(&lock);
}
