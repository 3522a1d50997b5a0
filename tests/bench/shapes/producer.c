// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Half of the threads allocate, the others free: each block dies in another thread than the one it
 * came from.  A pair shares a queue of batches.
 */
#include "shape.h"

SHAPE(producer, "pairs of threads: one allocates 16 to 1023 bytes, the other frees");

#define BATCH 120
#define QUEUE 16

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned int put, got;
	void *batch[QUEUE][BATCH];
} __attribute__((aligned(64)));

static struct queue *queues;

static void wait_while(struct queue *q, unsigned int filled)
{
	pthread_mutex_lock(&q->lock);
	while (q->put - q->got == filled)
		pthread_cond_wait(&q->change, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

static void step(struct queue *q, unsigned int *end)
{
	pthread_mutex_lock(&q->lock);
	(*end)++;
	pthread_cond_signal(&q->change);
	pthread_mutex_unlock(&q->lock);
}

static void produce(struct queue *q, long batches, struct rng r)
{
	unsigned int i;

	for (; batches; batches--) {
		wait_while(q, QUEUE);
		for (i = 0; i < BATCH; i++)
			q->batch[q->put % QUEUE][i] = take_touched(size_between(&r, 4, 10));
		step(q, &q->put);
	}
}

static void consume(struct queue *q, long batches)
{
	unsigned int i;

	for (; batches; batches--) {
		wait_while(q, 0);
		for (i = 0; i < BATCH; i++)
			free(q->batch[q->got % QUEUE][i]);
		step(q, &q->got);
	}
}

static void half(unsigned int i)
{
	struct queue *q = &queues[i / 2];

	if (i % 2)
		consume(q, times(20000));
	else
		produce(q, times(20000), rng(i));
}

static void run(unsigned int threads)
{
	unsigned int i, pairs = (threads + 1) / 2;

	queues = book(pairs * sizeof(*queues));
	for (i = 0; i < pairs; i++) {
		pthread_mutex_init(&queues[i].lock, NULL);
		pthread_cond_init(&queues[i].change, NULL);
	}
	parallel(2 * pairs, half);
}
