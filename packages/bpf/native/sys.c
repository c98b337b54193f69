// SPDX-License-Identifier: Apache-2.0
/* System calls that Node has no door to: pidfds, thread ids, clocks, scheduling attributes. */
#include "gthulhu_bpf.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PIDFD_THREAD 0x80 /* O_EXCL; Linux 6.9 */
#define MAX_SLEEP_NS 3600000000000LL

/* The kernel's struct sched_attr; C libraries before glibc 2.41 do not have it. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* pidfdOpen(pid, thread) */
napi_value gb_pidfd_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	int64_t pid;
	bool thread;
	long fd;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[0], "the pid", 1, INT32_MAX, &pid) ||
	    !gb_bool(env, argv[1], &thread))
		return NULL;
	fd = syscall(SYS_pidfd_open, (pid_t)pid, thread ? PIDFD_THREAD : 0);
	if (fd < 0) {
		gb_throw(env, errno == ESRCH ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", errno, "cannot open a pidfd of %s %lld",
			 thread ? "thread" : "process", (long long)pid);
		return NULL;
	}
	return gb_number(env, (double)fd);
}

/* closeFd(fd): pidfds only, so that a wrong number cannot take a descriptor away from Node. */
napi_value gb_close_fd(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	int fd;

	if (!gb_args(env, info, argv) || !gb_fd(env, argv[0], "the file descriptor", &fd))
		return NULL;
	if (!gb_fd_is(fd, "pidfd")) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no open pidfd; closeFd closes only those", fd);
		return NULL;
	}
	close(fd);
	return gb_undefined(env);
}

/* gettid() */
napi_value gb_gettid(napi_env env, napi_callback_info info)
{
	(void)info;
	return gb_number(env, (double)syscall(SYS_gettid));
}

static napi_value clock_ns(napi_env env, clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t)) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot read clock %d", (int)clock);
		return NULL;
	}
	return gb_number(env, (double)t.tv_sec * 1e9 + (double)t.tv_nsec);
}

/* threadCpuNs() */
napi_value gb_thread_cpu_ns(napi_env env, napi_callback_info info)
{
	(void)info;
	return clock_ns(env, CLOCK_THREAD_CPUTIME_ID);
}

/* monotonicNs() */
napi_value gb_monotonic_ns(napi_env env, napi_callback_info info)
{
	(void)info;
	return clock_ns(env, CLOCK_MONOTONIC);
}

/* sleepUntil(ns) -> CLOCK_MONOTONIC right after waking, before Node-API and JavaScript take their time */
napi_value gb_sleep_until(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct timespec until, now;
	int64_t ns, left;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[0], "the time in ns", 0, (int64_t)1 << 53, &ns))
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = ns - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	if (left > MAX_SLEEP_NS) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "that is more than an hour away; sleepUntil takes CLOCK_MONOTONIC in ns");
		return NULL;
	}
	until = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return gb_number(env, (double)now.tv_sec * 1e9 + (double)now.tv_nsec);
}

/* schedGetAttr(pid) -> {policy, flags, nice, priority, runtimeNs, deadlineNs, periodNs}; pid 0 is the calling thread */
napi_value gb_sched_get_attr(napi_env env, napi_callback_info info)
{
	struct attributes a = { .size = sizeof(a) };
	napi_value argv[GB_MAX_ARGS], v;
	int64_t pid;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[0], "the pid", 0, INT32_MAX, &pid))
		return NULL;
	if (syscall(SYS_sched_getattr, (pid_t)pid, &a, sizeof(a), 0)) {
		gb_throw(env, errno == ESRCH ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", errno,
			 "cannot read the scheduling attributes of %lld", (long long)pid);
		return NULL;
	}
	GB_NAPI(env, napi_create_object(env, &v));
	if (!gb_set_number(env, v, "policy", a.policy) || !gb_set_number(env, v, "flags", (double)a.flags) ||
	    !gb_set_number(env, v, "nice", a.nice) || !gb_set_number(env, v, "priority", a.priority) ||
	    !gb_set_number(env, v, "runtimeNs", (double)a.runtime) ||
	    !gb_set_number(env, v, "deadlineNs", (double)a.deadline) ||
	    !gb_set_number(env, v, "periodNs", (double)a.period))
		return NULL;
	return v;
}

/* schedSetAttr(pid, policy, flags, nice, priority, runtimeNs, deadlineNs, periodNs) */
napi_value gb_sched_set_attr(napi_env env, napi_callback_info info)
{
	const int64_t ns_max = (int64_t)1 << 53;
	int64_t pid, policy, flags, nice, priority, runtime, deadline, period;
	struct attributes a = { .size = sizeof(a) };
	napi_value argv[GB_MAX_ARGS];

	if (!gb_args(env, info, argv) || !gb_int(env, argv[0], "the pid", 0, INT32_MAX, &pid) ||
	    !gb_int(env, argv[1], "the policy", 0, INT32_MAX, &policy) ||
	    !gb_int(env, argv[2], "the flags", 0, ns_max, &flags) || !gb_int(env, argv[3], "nice", -20, 19, &nice) ||
	    !gb_int(env, argv[4], "the priority", 0, 99, &priority) ||
	    !gb_int(env, argv[5], "runtimeNs", 0, ns_max, &runtime) ||
	    !gb_int(env, argv[6], "deadlineNs", 0, ns_max, &deadline) ||
	    !gb_int(env, argv[7], "periodNs", 0, ns_max, &period))
		return NULL;
	a.policy = (uint32_t)policy;
	a.flags = (uint64_t)flags;
	a.nice = (int32_t)nice;
	a.priority = (uint32_t)priority;
	a.runtime = (uint64_t)runtime;
	a.deadline = (uint64_t)deadline;
	a.period = (uint64_t)period;
	if (syscall(SYS_sched_setattr, (pid_t)pid, &a, 0)) {
		gb_throw(env, errno == ESRCH ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", errno,
			 "cannot set the scheduling attributes of %lld", (long long)pid);
		return NULL;
	}
	return gb_undefined(env);
}

/* prctlTimerSlack(ns): of the calling thread; 0 gives the default back */
napi_value gb_timer_slack(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	int64_t ns;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[0], "the timer slack in ns", 0, 1000000000, &ns))
		return NULL;
	if (prctl(PR_SET_TIMERSLACK, (unsigned long)ns, 0, 0, 0)) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot set the timer slack");
		return NULL;
	}
	return gb_undefined(env);
}
