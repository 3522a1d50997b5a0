// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of the module: random calls of the device, its mappings and its files, from processes of several
 * users with several threads each, which fork, exec and are killed meanwhile.  After each round everybody has
 * ended, and it is checked that nothing of them is left.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "kfuzz.h"

struct shared *shared;

static uint64_t seed;
static int depth;

void actor_init(struct actor *a, uint64_t number, int at_depth)
{
	int i;

	memset(a, 0, sizeof(*a));
	a->random = number * 0x9e3779b97f4a7c15ULL | 1;
	for (i = 0; i < 8; i++)
		below(a, 1);
	a->depth = at_depth;
	memset(a->fd, -1, sizeof(a->fd));
	a->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pipe2(a->pipe, O_NONBLOCK | O_CLOEXEC) || a->memory == MAP_FAILED)
		_exit(3);
}

/* A descriptor by which a child has attached keeps the child's record when that has ended. */
static void actor_close(struct actor *a)
{
	for (int i = 0; i < 4; i++) {
		if (a->fd[i] >= 0)
			close(a->fd[i]);
		a->fd[i] = -1;
	}
}

void actor_exit(struct actor *a)
{
	actor_close(a);
	for (int i = 0; i < 4; i++)
		if (a->page[i])
			munmap((void *)a->page[i], 4096);
	munmap(a->memory, MEMORY);
	close(a->pipe[0]);
	close(a->pipe[1]);
}

void act(struct actor *a)
{
	switch (below(a, 256)) {
	case 0: life_call(a); break;
	case 1 ... 80: file_call(a); break;
	default: device_call(a);
	}
}

static void interrupted(int sig)
{
	(void)sig;
}

/* A call that blocks is interrupted: a signal for this thread every 50 ms. */
static void interrupt_me(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } };
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &often, NULL))
		_exit(4);
}

static void *thread(void *number)
{
	struct actor a;

	actor_init(&a, (unsigned long)number, depth);
	interrupt_me();
	while (!over())
		act(&a);
	/* What the last thread has mapped shall still be there when everybody is counted. */
	if ((unsigned long)number % THREADS)
		actor_exit(&a);
	else
		actor_close(&a);
	return NULL;
}

/* Whether this process is attached, by what the module says to it. */
static bool attached(void)
{
	struct weir_counters counters = { .size = sizeof(counters) };
	int fd = open(WEIR_DEVICE, O_RDWR);
	bool yes = !ioctl(fd, WEIR_IOC_GET_COUNTERS, &counters);

	close(fd);
	return yes;
}

/* Makes its calls, then says whether it is attached, and stays until it is killed. */
static void worker(int nr, uint64_t round, int told)
{
	static const uid_t users[] = { 0, 1000, 1000, 65534 };
	struct sigaction action = { .sa_handler = interrupted };
	pthread_t threads[THREADS];
	unsigned long i;
	bool yes;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	shared->pids[nr] = getpid();
	if (users[nr % 4] && (setresgid(users[nr % 4], -1, -1) || setresuid(users[nr % 4], users[nr % 4],
									   users[nr % 4])))
		_exit(5);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread,
				   (void *)((seed << 20 ^ round << 8 ^ nr << 4) * THREADS + i)))
			_exit(6);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	yes = attached();
	if (write(told, &yes, sizeof(yes)) != sizeof(yes))
		_exit(7);
	for (;;)
		pause();
}

static int round_of(uint64_t nr, long calls, const char *module)
{
	bool yes[WORKERS] = { 0 };
	int told[WORKERS][2], i, bad = 0, status;
	pid_t pid[WORKERS];

	shared->budget = calls;
	memset(shared->pids, 0, sizeof(shared->pids));
	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		if (pipe2(told[i], O_CLOEXEC))
			exit(1);
		pid[i] = fork();
		if (!pid[i])
			worker(i, nr, told[i][1]);
		close(told[i][1]);
	}
	for (i = 0; i < WORKERS; i++) {
		if (read(told[i][0], &yes[i], 1) != 1) {
			printf("# worker %d died\n", i);
			bad++;
		}
		close(told[i][0]);
	}
	bad += check_attached(pid, yes, WORKERS);
	for (i = 0; i < WORKERS; i++) {
		kill(pid[i], SIGKILL);
		if (waitpid(pid[i], &status, 0) != pid[i] || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
			printf("# worker %d ended with %#x\n", i, status);
			bad++;
		}
	}
	return bad + check_quiet(module);
}

/* What life_call() executes: a program that knows nothing of its past. */
static int executed(const char *number)
{
	struct actor a;
	int i;

	actor_init(&a, strtoull(number, NULL, 10), 2);
	for (i = 0; i < 30 && !over(); i++)
		act(&a);
	return 0;
}

static const char *usage =
	"usage: kfuzz [--calls N] [--rounds N] [--seed N]\n"
	"\n"
	"Calls the module N times at random, in rounds, as several users; needs root, and the module for itself.\n"
	"WEIR_CALLS, WEIR_ROUNDS and WEIR_SEED are the same.  By default 200,000 calls, 50,000 on rt and debug kernels,\n"
	"in four rounds, with a seed of the day's; the seed decides what is called, not when.\n";

static long option(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? atol(text) : otherwise;
}

static struct shared *map_shared(void)
{
	int fd = memfd_create("fuzz", 0);

	/* Found again after an exec at its number, which nothing else closes. */
	if (fd < 0 || ftruncate(fd, sizeof(*shared)) || dup2(fd, 200) != 200)
		exit(1);
	return mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, 200, 0);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "calls", 1, NULL, 'c' }, { "rounds", 1, NULL, 'r' }, { "seed", 1, NULL, 's' },
		{ "help", 0, NULL, 'h' }, { "child", 1, NULL, 'x' }, { 0 },
	};
	const char *kernel = getenv("WEIR_KERNEL") ?: "stock";
	long calls = option("WEIR_CALLS", strcmp(kernel, "stock") ? 50000 : 200000);
	long rounds = option("WEIR_ROUNDS", 4), i, before;
	char module[PATH_MAX];
	struct utsname name;
	int c, bad, failed = 0;
	time_t start;

	seed = option("WEIR_SEED", time(NULL) / 86400);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c': calls = atol(optarg); break;
		case 'r': rounds = atol(optarg); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'x':
			shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, 200, 0);
			return shared == MAP_FAILED ? 1 : executed(optarg);
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	uname(&name);
	snprintf(module, sizeof(module), "%s/build/%s/weir.ko", getenv("WEIR_TOP") ?: ".", name.release);
	shared = map_shared();
	printf("TAP version 13\n1..%ld\n# seed %llu, %ld calls in %ld rounds\n", rounds,
	       (unsigned long long)seed, calls, rounds);
	for (i = 0; i < rounds; i++) {
		start = time(NULL);
		before = shared->calls;
		files_list();
		bad = check_quiet(module);
		bad += round_of(i, calls / rounds, module);
		failed += !!bad;
		printf("%s %ld round %ld: %ld calls, %ld of all refused, %d files, %ld s\n", bad ? "not ok" : "ok",
		       i + 1, i, shared->calls - before, shared->errors, shared->nr_files, time(NULL) - start);
		fflush(stdout);
	}
	return !!failed;
}
