// SPDX-License-Identifier: Apache-2.0
// Makes tasks in every way there is: births [PAUSE_US]. It takes one command a line,
//   fork NAME | thread NAME | into NAME CGROUP_FOLDER | scope NAME CGROUP_FOLDER | as NAME PID | name NAME | heir NAME
// and answers with one line of JSON: the new task's number and the time of its first instruction, ns since boot. Each
// task then wakes every PAUSE_US, 5 ms where it is not said. `into` is clone3 with CLONE_INTO_CGROUP: nothing moves, it
// is born there. `scope` does what systemd-run --scope has done, without its pauses: a child makes the cgroup, moves
// itself there and executes a program, and the time just before that is the one it tells. `as` is clone3 with the
// number that the new task has to have. `name` renames the task that reads the commands; `heir` does so and forks at
// once, before anybody can have answered for the new name.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char name[16];
static struct timespec pause_between;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void live(uint64_t first)
{
	if (name[0])
		prctl(PR_SET_NAME, name);
	printf("{\"pid\":%ld,\"firstNs\":%llu}\n", syscall(SYS_gettid), (unsigned long long)first);
	fflush(stdout);
	for (;;)
		nanosleep(&pause_between, NULL);
}

static void *thread_run(void *arg)
{
	live(now_ns());
	return arg;
}

static long clone_into(const char *folder)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	args.cgroup = fd;
	return syscall(SYS_clone3, &args, sizeof(args));
}

/* It may be a moment until a number is free after its owner has ended. */
static long clone_as(const char *number)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	pid_t pid = atol(number);
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long made = -1;

	for (int tries = 0; made < 0 && tries < 500; tries++) {
		made = syscall(SYS_clone3, &args, sizeof(args));
		if (made < 0)
			nanosleep(&pause, NULL);
	}
	return made;
}

/* Returns only when it fails. */
static void exec_in_new_cgroup(const char *folder, char *pause_us)
{
	char procs[4096], before[32];
	FILE *file;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", folder);
	if (mkdir(folder, 0755) || !(file = fopen(procs, "we")))
		return;
	fputs("0", file);
	if (fclose(file))
		return;
	snprintf(before, sizeof(before), "%llu", (unsigned long long)now_ns());
	execl("/proc/self/exe", "births", pause_us, "live", name[0] ? name : "-", before, NULL);
}

int main(int argc, char **argv)
{
	char line[4096], how[16], folder[4000], *pause_us = argc > 1 ? argv[1] : "5000";
	pthread_t thread;
	long pid;

	pause_between.tv_nsec = atol(pause_us) * 1000;
	if (argc > 4) {
		/* executed by `scope`, with the time before that */
		snprintf(name, sizeof(name), "%s", strcmp(argv[3], "-") ? argv[3] : "");
		live(strtoull(argv[4], NULL, 10));
	}
	printf("{\"ready\":true,\"pid\":%d}\n", getpid());
	fflush(stdout);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* numbers of those that ended are free again */
	signal(SIGCHLD, SIG_IGN);
	while (fgets(line, sizeof(line), stdin)) {
		folder[0] = name[0] = 0;
		if (sscanf(line, "%15s %15s %3999s", how, name, folder) < 2)
			return 1;
		if (!strcmp(name, "-"))
			name[0] = 0;
		if (!strcmp(how, "name")) {
			prctl(PR_SET_NAME, name);
			printf("{\"pid\":%d,\"firstNs\":%llu}\n", getpid(), (unsigned long long)now_ns());
			fflush(stdout);
			continue;
		}
		if (!strcmp(how, "thread")) {
			if (pthread_create(&thread, NULL, thread_run, NULL))
				return 1;
			continue;
		}
		if (!strcmp(how, "heir")) {
			prctl(PR_SET_NAME, name);
			name[0] = 0;
		}
		pid = !strcmp(how, "into") ? clone_into(folder) : !strcmp(how, "as") ? clone_as(folder) : fork();
		if (pid < 0) {
			perror(how);
			return 1;
		}
		if (!pid) {
			uint64_t first = now_ns();

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (!strcmp(how, "scope")) {
				exec_in_new_cgroup(folder, pause_us);
				perror(folder);
				return 1;
			}
			live(first);
		}
	}
	return 0;
}
