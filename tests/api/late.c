// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The library comes into a running program with threads: late PLUGIN [MODE], for linking.sh. PLUGIN is an object that
 * is linked with the library and allocates; MODE says how it is opened: local, global, deep (its own symbols
 * first: the library serves it, glibc serves the program) or apart (in a namespace with a C library of its own).
 *
 * Threads that were there before and those that come after allocate through the plugin and by themselves. Prints
 * who has served plugin and program.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

#include "process.h"

#define THREADS 4

static void *(*plugin_alloc)(size_t);
static void (*plugin_free)(void *);

/* Those that start before the opening wait for it half-way. */
static pthread_barrier_t opened, go_on;

static const char *who(void *(*alloc)(size_t), void (*release)(void *))
{
	unsigned char *p = alloc(3000);
	const char *name = is_filled(hide(p), 0xa5, 3000) ? "weir" : "glibc";

	release(p);
	return name;
}

static void work(void *(*alloc)(size_t), void (*release)(void *))
{
	void *block[100] = { NULL };

	for (int i = 0; i < 5000; i++) {
		void **b = &block[i * 7 % 100];

		release(*b);
		*b = memset(alloc(i % 1500 + 1), i, i % 1500 + 1);
	}
	for (int i = 0; i < 100; i++)
		release(block[i]);
}

static void *before(void *unused)
{
	(void)unused;
	work(malloc, free);
	pthread_barrier_wait(&opened);
	pthread_barrier_wait(&go_on);
	work(plugin_alloc, plugin_free);
	work(malloc, free);
	return (void *)who(plugin_alloc, plugin_free);
}

static void *after(void *unused)
{
	(void)unused;
	work(plugin_alloc, plugin_free);
	work(malloc, free);
	return (void *)who(plugin_alloc, plugin_free);
}

static void *open_plugin(const char *path, const char *mode)
{
	if (strcmp(mode, "apart") == 0)
		return dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	return dlopen(path, RTLD_NOW | (strcmp(mode, "global") == 0 ? RTLD_GLOBAL : 0) |
		      (strcmp(mode, "deep") == 0 ? RTLD_DEEPBIND : 0));
}

static bool look_up(void *plugin)
{
	if (!plugin) {
		printf("%s\n", dlerror());
		return false;
	}
	plugin_alloc = (void *(*)(size_t))dlsym(plugin, "plugin_alloc");
	plugin_free = (void (*)(void *))dlsym(plugin, "plugin_free");
	return plugin_alloc && plugin_free;
}

int main(int argc, char **argv)
{
	pthread_t early[THREADS], late[THREADS];
	const char *mode = argc > 2 ? argv[2] : "local";
	void *served, *mine = malloc(5000);

	if (argc < 2)
		return 2;
	pthread_barrier_init(&opened, NULL, THREADS + 1);
	pthread_barrier_init(&go_on, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&early[i], NULL, before, NULL);
	pthread_barrier_wait(&opened);
	if (!look_up(open_plugin(argv[1], mode)))
		return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&late[i], NULL, after, NULL);
	pthread_barrier_wait(&go_on);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(early[i], &served);
		printf("%s ", (char *)served);
		pthread_join(late[i], &served);
		printf("%s ", (char *)served);
	}
	work(plugin_alloc, plugin_free);
	free(mine);
	printf("- %s %s\n", who(plugin_alloc, plugin_free), who(malloc, free));
	return 0;
}
