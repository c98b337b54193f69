// SPDX-License-Identifier: Apache-2.0
// A debugger that stops tasks and lets them go on: tracer PID... Each is held for 50 ms every 100 ms, one after the
// other. On SIGTERM it lets go of all of them and prints how often it held one.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLD_US 50000

static volatile sig_atomic_t over;

static void end(int signal)
{
	(void)signal;
	over = 1;
}

// Stops @pid. Signals that stop it before the interrupt are delivered, and waited for on.
static int hold(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		return -1;
	for (;;) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return -1;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return 0;
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
	}
}

int main(int argc, char **argv)
{
	int held = 0;

	signal(SIGTERM, end);
	for (int i = 1; i < argc; i++)
		if (ptrace(PTRACE_SEIZE, atoi(argv[i]), 0, 0)) {
			perror("seize");
			return 1;
		}
	puts("{\"ready\":true}");
	fflush(stdout);
	while (!over)
		for (int i = 1; i < argc && !over; i++) {
			pid_t pid = atoi(argv[i]);

			if (hold(pid)) {
				perror("hold");
				return 1;
			}
			usleep(HOLD_US);
			ptrace(PTRACE_CONT, pid, 0, 0);
			held++;
			usleep(HOLD_US);
		}
	for (int i = 1; i < argc; i++)
		if (!hold(atoi(argv[i])))
			ptrace(PTRACE_DETACH, atoi(argv[i]), 0, 0);
	printf("{\"held\":%d}\n", held);
	return 0;
}
