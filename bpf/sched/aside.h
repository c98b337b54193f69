/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pushing somebody aside: who may take a CPU from whom. SCHED_IDLE gives way to
 * everybody; priorities 0-9 take from the weaker, within a budget, beyond which
 * they queue like the others; and a task that mostly sleeps from one that never
 * does, where the order says so anyway.
 */
#ifndef GTHULHU_ASIDE_H
#define GTHULHU_ASIDE_H

#include "queue.h"

static __always_inline bool is_urgent(const struct task_ctx *tc)
{
	return tc->priority < 10;
}

static __always_inline bool urgent_within_budget(s32 cpu, u64 now)
{
	struct cpu_private *c = cpu_private_of(cpu);

	if (now - c->urgent_window_ns > opinion_window_ns) {
		c->urgent_window_ns = now;
		c->urgent_used_ns = 0;
	}
	return c->urgent_used_ns < opinion_window_ns / 1000 * urgent_budget_ppm / 1000;
}

/* May @p take @cpu from whoever runs there? */
static __always_inline bool weaker_runs_on(s32 cpu, const struct task_struct *p, const struct task_ctx *tc)
{
	const struct cpu_state *c = cpu_state_of(cpu);

	if (!c->running)
		return false;
	if (c->running_idle)
		return p->policy != SCHED_IDLE;
	return is_urgent(tc) && c->running_priority >= 10;
}

/* A CPU of the same LLC that runs somebody weaker, else -1. */
static __always_inline s32 find_weaker(s32 near, struct task_struct *p, struct task_ctx *tc)
{
	u32 llc = llc_of(near);
	int i;

	if (weaker_runs_on(near, p, tc))
		return near;
	bpf_for(i, 0, nr_cpu_ids) {
		if (llc_of(i) == llc && weaker_runs_on(i, p, tc) && bpf_cpumask_test_cpu(i, p->cpus_ptr))
			return i;
	}
	return -1;
}

/* SCHED_IDLE tasks that run now: 0 nearly always, then nobody needs to search. */
u32 nr_idle_policy;

/*
 * A task that mostly sleeps, woken with an earlier claim, does not wait for the
 * slice of one that never sleeps. Between tasks of one kind nobody is pushed
 * aside: that would be switches without end.
 */
static __always_inline bool should_push_aside(const struct task_ctx *tc, s32 cpu)
{
	const struct cpu_private *c = cpu_private_of(cpu);

	return cpu_state_of(cpu)->running && c->running_hog && tc->burst_avg_ns < slice_min_ns &&
		time_before(tc->key, c->running_vtime);
}

/*
 * A CPU that a real-time task may hold. Whoever is put into its local queue waits
 * there until that task sleeps, while other CPUs could serve it. A wakeup shows it
 * by nobody of ours running there, though no idle CPU was found; tasks are put
 * back (cpu_release) for no other reason.
 */
static __always_inline bool is_held(s32 cpu, u64 enq_flags)
{
	if (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_REENQ))
		return true;
	return (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)) && !cpu_state_of(cpu)->running;
}

/* Our policy's thread is about to take @cpu: whoever runs there is to come right after it. */
static __always_inline void interrupt(s32 cpu)
{
	const struct cpu_state *c = cpu_state_of(cpu);

	cpu_private_of(cpu)->interrupted_pid = c->running ? c->running_pid : 0;
}

/*
 * A turn that ended before it was used, and not by the task's own wish: a rescued
 * one's, whoever pushed it aside, and any when it was our own thread that did.
 * Without that a weak task waits its whole wait again for microseconds of CPU.
 */
static __always_inline bool owed_a_turn(const struct task_struct *p, struct task_ctx *tc, s32 cpu, u64 enq_flags)
{
	struct cpu_private *c = cpu_private_of(cpu);
	bool interrupted = c->interrupted_pid == (u32)p->pid;

	if (!interrupted && !tc->owed)
		return false;
	if (interrupted)
		c->interrupted_pid = 0;
	if (is_held(cpu, enq_flags))
		return false;
	tc->owed = !(enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)) &&
		p->se.sum_exec_runtime - tc->turn_start_ns < slice_min_ns;
	return tc->owed;
}

#endif
