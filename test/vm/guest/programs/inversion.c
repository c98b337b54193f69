// SPDX-License-Identifier: Apache-2.0
// Priority inversion by a mutex: a thread of nice 19 works 6 ms at a time, longer than its turn, while it holds one that
// two others need: one of nice 0 and one that is named so that a strategy knows it (argument 1). On SIGUSR1 one line of
// JSON: how long these two waited for the mutex since the last one.
#include "waits.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOLD_NS 6000000L
#define PAUSE_NS 3000000L
#define PERIOD_NS 20000000L

// No priority inheritance: this is what most programs use.
static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static struct waits waits[2] = { { .lock = PTHREAD_MUTEX_INITIALIZER }, { .lock = PTHREAD_MUTEX_INITIALIZER } };
static const char *names[2] = { "nice 0", "urgent" };
static long held;

static void *hold(void *arg)
{
	(void)arg;
	if (setpriority(PRIO_PROCESS, syscall(SYS_gettid), 19))
		exit(1);
	for (;;) {
		pthread_mutex_lock(&wanted);
		work_ns(HOLD_NS);
		pthread_mutex_unlock(&wanted);
		__atomic_fetch_add(&held, 1, __ATOMIC_RELAXED);
		sleep_ns(PAUSE_NS);
	}
	return NULL;
}

static void *need(void *arg)
{
	int which = arg != NULL;

	if (arg)
		prctl(PR_SET_NAME, arg);
	for (;;) {
		long start;

		sleep_ns(PERIOD_NS);
		start = now_ns(CLOCK_MONOTONIC);
		pthread_mutex_lock(&wanted);
		pthread_mutex_unlock(&wanted);
		waits_add(&waits[which], now_ns(CLOCK_MONOTONIC) - start);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];
	sigset_t signals;
	int got;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (argc < 2 || pthread_create(&threads[0], NULL, hold, NULL) || pthread_create(&threads[1], NULL, need, NULL) ||
	    pthread_create(&threads[2], NULL, need, argv[1]))
		return 2;
	puts("{\"ready\":true}");
	fflush(stdout);
	while (!sigwait(&signals, &got)) {
		printf("{\"held\":%ld,\"waits\":[", __atomic_exchange_n(&held, 0, __ATOMIC_RELAXED));
		waits_print(&waits[0], names[0], ",");
		waits_print(&waits[1], names[1], "]}\n");
		fflush(stdout);
	}
	return 1;
}
