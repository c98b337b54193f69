// SPDX-License-Identifier: Apache-2.0
// Page faults in a memory that is too small: faults FILE. A thread of nice 19 touches the pages of FILE again and again
// and maps memory besides, which takes the lock of the address space; a thread of nice 0 needs that lock too. On SIGUSR1
// one line of JSON: pages touched, and how long the second one waited for a mapping since the last one.
#include "waits.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define PERIOD_NS 20000000L

static struct waits waits = { .lock = PTHREAD_MUTEX_INITIALIZER };
static const volatile char *file;
static long file_bytes, touched;

static void map_a_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		exit(1);
	page[0] = 1;
	munmap(page, PAGE);
}

static void *touch(void *arg)
{
	(void)arg;
	if (setpriority(PRIO_PROCESS, syscall(SYS_gettid), 19))
		exit(1);
	for (;;)
		for (long at = 0; at < file_bytes; at += PAGE) {
			(void)file[at];
			if (!(__atomic_fetch_add(&touched, 1, __ATOMIC_RELAXED) % 16))
				map_a_page();
		}
	return NULL;
}

static void *need(void *arg)
{
	(void)arg;
	for (;;) {
		long start;

		sleep_ns(PERIOD_NS);
		start = now_ns(CLOCK_MONOTONIC);
		map_a_page();
		waits_add(&waits, now_ns(CLOCK_MONOTONIC) - start);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	struct stat st;
	sigset_t signals;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1, got;

	if (fd < 0 || fstat(fd, &st))
		return 2;
	file_bytes = st.st_size;
	file = mmap(NULL, file_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (pthread_create(&threads[0], NULL, touch, NULL) || pthread_create(&threads[1], NULL, need, NULL))
		return 2;
	puts("{\"ready\":true}");
	fflush(stdout);
	while (!sigwait(&signals, &got)) {
		printf("{\"touched\":%ld,\"waits\":[", __atomic_exchange_n(&touched, 0, __ATOMIC_RELAXED));
		waits_print(&waits, "mapping", "]}\n");
		fflush(stdout);
	}
	return 1;
}
