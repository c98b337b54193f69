/* SPDX-License-Identifier: Apache-2.0 */
/* Waits that one thread measures and another one reports, in the shape of a sleeper's report. */
#ifndef WAITS_H
#define WAITS_H

#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WAITS_MAX 4096

struct waits {
	pthread_mutex_t lock;
	int n;
	double us[WAITS_MAX];
};

static inline long now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static inline void sleep_ns(long ns)
{
	struct timespec t = { ns / 1000000000L, ns % 1000000000L };

	nanosleep(&t, NULL);
}

/* CPU time of this thread, not of the clock on the wall. */
static inline void work_ns(long ns)
{
	for (long start = now_ns(CLOCK_THREAD_CPUTIME_ID); now_ns(CLOCK_THREAD_CPUTIME_ID) - start < ns;)
		;
}

static inline void waits_add(struct waits *w, long ns)
{
	pthread_mutex_lock(&w->lock);
	if (w->n < WAITS_MAX)
		w->us[w->n++] = ns / 1e3;
	pthread_mutex_unlock(&w->lock);
}

static inline int waits_ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void waits_print(struct waits *w, const char *name, const char *after)
{
	pthread_mutex_lock(&w->lock);
	qsort(w->us, w->n, sizeof(w->us[0]), waits_ascending);
	printf("{\"name\":\"%s\",\"wakeups\":%d,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f}%s", name, w->n,
	       w->n ? w->us[w->n / 2] : 0, w->n ? w->us[w->n * 99 / 100] : 0, w->n ? w->us[w->n - 1] : 0, after);
	w->n = 0;
	pthread_mutex_unlock(&w->lock);
}

#endif
