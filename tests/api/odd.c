// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program in odd circumstances, for odd.sh, with whatever allocator it is given: does some work of a kind and
 * prints `right'.
 *
 *   odd work               all calls, in threads with the smallest stacks, too, and in a forked child
 *   odd children           1,000 forked children, 250 at a time
 *   odd plugins FILE...    open them all, close every other one, work, close the rest
 *   odd forbidden errno|kill   work after no file may be opened any more and no ioctl made
 *   odd closed             the descriptors 0, 1 and 2 were closed and are free
 *   odd handler            a signal handler on a small stack of its own allocates
 *   odd deep               10,000 calls deep, with a block at each level
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS		400
#define THREADS		8
#define CHILDREN	1000
#define AT_ONCE		250
#define DEPTH		10000
#define WRONG(what) do { static const char text[] = what "\n"; wrong(text, sizeof(text) - 1); } while (0)

static _Noreturn void wrong(const char *text, size_t length)
{
	if (write(2, text, length) < 0)
		_exit(4);
	_exit(3);
}

static size_t size_of(unsigned int i)
{
	return i % 50 == 0 ? 40000 + i * 1000 : 1 + i * 7 % 3000;
}

static void *allocate(unsigned int i)
{
	size_t size = size_of(i);
	void *p;

	switch (i % 5) {
	case 0: return calloc(1, size);
	case 1: return posix_memalign(&p, 64 << i % 6, size) ? NULL : p;
	case 2: return realloc(malloc(size / 2 + 1), size);
	default: return malloc(size);
	}
}

static void *work(void *arg)
{
	unsigned char *block[BLOCKS];

	for (unsigned int i = 0; i < BLOCKS; i++) {
		block[i] = allocate(i);
		if (!block[i])
			WRONG("no memory");
		if (i % 5 == 0 && (block[i][0] || block[i][size_of(i) - 1]))
			WRONG("calloc: not zero");
		memset(block[i], i, size_of(i));
	}
	for (unsigned int i = 0; i < BLOCKS; i++) {
		if (block[i][0] != (unsigned char)i || block[i][size_of(i) - 1] != (unsigned char)i)
			WRONG("block overwritten");
		free(block[i]);
	}
	malloc_trim(0);
	if (mallinfo2().hblks > 100000)
		WRONG("mallinfo2: nonsense");
	return arg;
}

static void work_in_threads(void)
{
	pthread_t thread[THREADS];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN))
		WRONG("no such stack");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], &attr, work, NULL))
			WRONG("no thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void expect_exit(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		WRONG("no child");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		WRONG("a child ended otherwise");
}

static void work_everywhere(void)
{
	pid_t child;

	work(NULL);
	work_in_threads();
	child = fork();
	if (!child) {
		work(NULL);
		work_in_threads();
		_exit(0);
	}
	expect_exit(child);
	child = vfork();
	if (!child) {
		free(malloc(100));
		_exit(0);
	}
	expect_exit(child);
}

/* All of a crowd are there at the same time. */
static void children(void)
{
	static pid_t child[AT_ONCE];
	int gate[2];
	char byte;

	work_in_threads();
	for (int n = 0; n < CHILDREN; n += AT_ONCE) {
		if (pipe(gate))
			WRONG("no pipe");
		for (int i = 0; i < AT_ONCE; i++) {
			child[i] = fork();
			if (child[i])
				continue;
			close(gate[1]);
			free(malloc(1000));
			if (read(gate[0], &byte, 1) != 0)
				_exit(2);
			work(NULL);
			_exit(0);
		}
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < AT_ONCE; i++)
			expect_exit(child[i]);
	}
}

static void plugins(char **name, int n)
{
	void **handle = calloc(n, sizeof(*handle));

	for (int i = 0; i < n; i++) {
		handle[i] = dlopen(name[i], i % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_GLOBAL);
		if (!handle[i])
			WRONG("a plugin does not open");
	}
	for (int i = 0; i < n; i += 2)
		dlclose(handle[i]);
	work_everywhere();
	for (int i = 1; i < n; i += 2)
		dlclose(handle[i]);
	free(handle);
}

static void forbid(unsigned int how)
{
#define DENY(name)									\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, how)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_open
		DENY(open),
#endif
		DENY(openat),
		DENY(ioctl),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		WRONG("no filter");
}

/* Past the time at which the library would look for the module again. */
static void forbidden(const char *how)
{
	const struct timespec second = { 1, 200000000 };

	forbid(strcmp(how, "kill") == 0 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EACCES);
	work_in_threads();
	nanosleep(&second, NULL);
	mallopt(M_TOP_PAD, 4096);
	work_everywhere();
}

static void closed(void)
{
	work_everywhere();
	for (int i = 0; i < 3; i++)
		if (open("/dev/null", O_RDWR) != i)
			_exit(5);
	if (open("right", O_WRONLY | O_CREAT, 0600) < 0)
		_exit(6);
	_exit(0);
}

static void handle(int signal)
{
	work((void *)(long)signal);
}

static void handler(void)
{
	stack_t stack = { .ss_size = sysconf(_SC_MINSIGSTKSZ) + 6144 };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 100; i++)
		raise(SIGUSR1);
	work_in_threads();
	raise(SIGUSR1);
}

static unsigned int deep(unsigned int depth)
{
	unsigned char *p = allocate(depth % BLOCKS);
	unsigned int sum;

	p[0] = depth;
	sum = depth ? deep(depth - 1) : 0;
	if (p[0] != (unsigned char)depth)
		WRONG("block overwritten");
	free(p);
	return sum + 1;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	if (strcmp(kind, "work") == 0)
		work_everywhere();
	else if (strcmp(kind, "children") == 0)
		children();
	else if (strcmp(kind, "plugins") == 0)
		plugins(argv + 2, argc - 2);
	else if (strcmp(kind, "forbidden") == 0 && argc > 2)
		forbidden(argv[2]);
	else if (strcmp(kind, "closed") == 0)
		closed();
	else if (strcmp(kind, "handler") == 0)
		handler();
	else if (strcmp(kind, "deep") == 0)
		deep(DEPTH);
	else
		WRONG("no such work");
	return puts("right") < 0;
}
