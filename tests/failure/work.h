/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * work.h - a workload that goes through every call of the allocator and takes NULL for an answer
 *
 * What a call returns, what it does to errno, and what the blocks contain is looked at each time.
 */
#ifndef WEIR_TEST_WORK_H
#define WEIR_TEST_WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What is being tried, for the message when it goes wrong. */
extern char work_case[200];

/* printf() that allocates nothing. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the process with a message. */
_Noreturn void broken(const char *file, int line, const char *what);
#define MUST(condition) ((condition) ? (void)0 : broken(__FILE__, __LINE__, #condition))

struct block {
	unsigned char *mem;
	size_t size;
	unsigned char byte;
};

#define BLOCKS 600

struct worker {
	struct block block[BLOCKS];
	unsigned int next;		/* the next block to use */
	unsigned long answered, refused; /* calls that returned a block, or NULL */
};

/* Each begins and ends with no blocks. */
void work_small(struct worker *w);
void work_medium(struct worker *w);
void work_mapped(struct worker *w);
void work_realloc(struct worker *w);
void work_aligned(struct worker *w);
void work_settings(struct worker *w);
void work_impossible(struct worker *w);
/* All of them. */
void work_alone(struct worker *w);

/* With a thread that has another arena, frees blocks of this one and leaves some behind. */
void work_thread(struct worker *w);
/* With a forked child that works on. */
void work_fork(struct worker *w);

/* Threads whose stacks are not mapped when they start; false: there was no memory for another one. */
#define THREADS_MAX 8
bool thread_start(pthread_t *thread, unsigned int n, void *(*run)(void *), void *argument);
void thread_join(pthread_t thread, unsigned int n);
struct worker *thread_worker(unsigned int n);
/* Have the calling thread allocate and free while it ends. */
void thread_leave_words(void);

#endif
