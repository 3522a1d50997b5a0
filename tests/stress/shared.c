// SPDX-License-Identifier: LGPL-2.1-or-later
/* shared.c - blocks that change hands */
#include <pthread.h>

#include "stress.h"

static struct {
	pthread_mutex_t lock;
	struct block block;
} shared[SHARED];

void shared_init(void)
{
	for (int i = 0; i < SHARED; i++)
		pthread_mutex_init(&shared[i].lock, NULL);
}

/* A block, or none, for one that perhaps another thread put there. */
void shared_swap(struct worker *w, struct block *b)
{
	unsigned int i = below(w, SHARED);
	struct block other;

	if (w->child)
		return;
	pthread_mutex_lock(&shared[i].lock);
	other = shared[i].block;
	shared[i].block = *b;
	pthread_mutex_unlock(&shared[i].lock);
	*b = other;
	if (b->mem)
		expect_contents(w, b, b->mem, b->size);
}

struct block *shared_block(unsigned int i) { return &shared[i].block; }
