// SPDX-License-Identifier: Apache-2.0
// Starts a program that is in another cgroup from its birth: into-cgroup FOLDER PROGRAM ARGUMENT...
// clone3() with CLONE_INTO_CGROUP, as container runtimes do it. Prints the child's pid and ends with its status.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int folder, status;
	long pid;

	if (argc < 3) {
		fprintf(stderr, "usage: into-cgroup FOLDER PROGRAM ARGUMENT...\n");
		return 2;
	}
	folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		perror(argv[1]);
		return 1;
	}
	args.cgroup = folder;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0) {
		perror("clone3");
		return 1;
	}
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	printf("%ld\n", pid);
	fflush(stdout);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
