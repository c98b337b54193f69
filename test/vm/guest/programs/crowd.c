// SPDX-License-Identifier: Apache-2.0
// A crowd that never sleeps: crowd THREADS [FIRST_CPU LAST_CPU], on these CPUs only. On SIGUSR1 one line of JSON about the
// time since the last one: how many threads never ran in it, the longest time that each of them did not run (the median of
// all, and the worst), and the CPU time of each (the least, the first percentile, the median, the mean, the most).
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define STACK_BYTES (32 * 1024)

struct member {
	long last_ns, gap_ns;
	clockid_t clock;
	long cpu_ns;	// of its clock, at the last report
};

static long from_ns;
// Held while the crowd comes together: threads that run already would keep the others from being made.
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;

static long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

// Fields are written by their thread and read, or set back, by the one that reports: plain stores of whole words do.
static void *member_run(void *arg)
{
	volatile struct member *me = arg;

	pthread_rwlock_rdlock(&gate);
	for (;;) {
		long now = now_ns(), from = __atomic_load_n(&from_ns, __ATOMIC_RELAXED);
		long since = me->last_ns > from ? me->last_ns : from;

		if (now - since > me->gap_ns)
			me->gap_ns = now - since;
		me->last_ns = now;
		for (volatile int i = 0; i < 200; i++)
			;
	}
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

// CPU time of each since the last report, sorted.
static void lap_cpu(struct member *members, long *cpu, int n)
{
	for (int i = 0; i < n; i++) {
		long now = clock_ns(members[i].clock);

		cpu[i] = now - members[i].cpu_ns;
		members[i].cpu_ns = now;
	}
	qsort(cpu, n, sizeof(*cpu), ascending);
}

static double mean_of(const long *values, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += values[i];
	return sum / n;
}

static void report(struct member *members, long *gaps, long *cpu, int n)
{
	long now = now_ns(), wall_ns = now - from_ns;
	int starved = 0;

	// The clocks first, as close together as can be: while they are read the crowd runs on.
	lap_cpu(members, cpu, n);
	for (int i = 0; i < n; i++) {
		volatile struct member *m = &members[i];
		long since = m->last_ns > from_ns ? m->last_ns : from_ns;

		if (m->last_ns <= from_ns)
			starved++;
		gaps[i] = now - since > m->gap_ns ? now - since : m->gap_ns;
		m->gap_ns = 0;
	}
	__atomic_store_n(&from_ns, now, __ATOMIC_RELAXED);
	qsort(gaps, n, sizeof(*gaps), ascending);
	printf("{\"threads\":%d,\"starved\":%d,\"p50GapMs\":%.3f,\"maxGapMs\":%.3f,\"wallMs\":%.3f,", n, starved,
	       gaps[n / 2] / 1e6, gaps[n - 1] / 1e6, wall_ns / 1e6);
	printf("\"minCpuMs\":%.3f,\"p1CpuMs\":%.3f,\"p50CpuMs\":%.3f,\"meanCpuMs\":%.3f,\"maxCpuMs\":%.3f}\n", cpu[0] / 1e6,
	       cpu[n / 100] / 1e6, cpu[n / 2] / 1e6, mean_of(cpu, n) / 1e6, cpu[n - 1] / 1e6);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, got;
	struct member *members = calloc(n, sizeof(*members));
	long *gaps = calloc(n, sizeof(*gaps)), *cpu = calloc(n, sizeof(*cpu));
	pthread_attr_t attr;
	sigset_t wanted;

	if (n < 1 || !members || !gaps || !cpu || (argc != 2 && argc != 4))
		return 2;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &wanted, NULL);
	pthread_rwlock_wrlock(&gate);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (argc == 4) {
		cpu_set_t cpus;

		CPU_ZERO(&cpus);
		for (int i = atoi(argv[2]); i <= atoi(argv[3]); i++)
			CPU_SET(i, &cpus);
		pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	for (int i = 0; i < n; i++) {
		pthread_t thread;
		int err = pthread_create(&thread, &attr, member_run, &members[i]);

		if (err) {
			fprintf(stderr, "only %d of %d threads: error %d\n", i, n, err);
			return 1;
		}
		if (pthread_getcpuclockid(thread, &members[i].clock))
			return 1;
	}
	// With a share like theirs the report itself would take minutes. Not inherited: they are there already.
	if (setpriority(PRIO_PROCESS, 0, -20))
		return 1;
	from_ns = now_ns();
	puts("{\"ready\":true}");
	fflush(stdout);
	pthread_rwlock_unlock(&gate);
	while (!sigwait(&wanted, &got))
		report(members, gaps, cpu, n);
	return 1;
}
