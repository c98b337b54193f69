/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pushing somebody aside: who may take a CPU from whom. SCHED_IDLE gives way to
 * everybody; priorities 0-9 take from the weaker, within their budget; and a
 * task that mostly sleeps from one that never does, where the order says so
 * anyway.
 */
#ifndef GTHULHU_ASIDE_H
#define GTHULHU_ASIDE_H

#include "urgent.h"

/* May @p take @cpu from whoever runs there? */
static __always_inline bool weaker_runs_on(s32 cpu, const struct task_struct *p, const struct task_ctx *tc, u64 now)
{
	const struct cpu_state *c = cpu_state_of(cpu);

	u32 comes = cpu_private_of(cpu)->urgent_comes;

	if (!c->running)
		return false;
	/* one as strong has just taken it: the next is another CPU's, or waits for whichever is free first */
	if (comes && (!is_urgent(tc) || comes <= tc->priority + 1))
		return false;
	if (c->running_idle)
		return p->policy != SCHED_IDLE && (is_urgent(tc) || !nr_local(cpu));
	return is_urgent(tc) && c->running_priority > tc->priority && urgent_within_budget(cpu, tc->priority, now);
}

/* A CPU that runs somebody weaker, -1 when there is none: @near, else one of its LLC, else any. */
static __noinline s32 find_weaker(s32 near, struct task_struct *p, struct task_ctx *tc, u64 now)
{
	u32 llc = llc_of(near);
	s32 other = -1;
	int i;

	if (weaker_runs_on(near, p, tc, now))
		return near;
	bpf_for(i, 0, nr_cpu_ids) {
		if (!weaker_runs_on(i, p, tc, now) || !may_use(i, p, tc))
			continue;
		if (llc_of(i) == llc)
			return i;
		other = i;
	}
	return other;
}

/* SCHED_IDLE tasks that run now: 0 nearly always, then nobody needs to search. */
u32 nr_idle_policy;

/*
 * A task that mostly sleeps, woken with an earlier claim, does not wait for the
 * slice of one that never sleeps. Between tasks of one kind nobody is pushed
 * aside: that would be switches without end. And so it would be where one that
 * never sleeps sends to one that reads: who has just got the CPU keeps it for the
 * shortest slice (least_turn_left).
 */
static __always_inline bool should_push_aside(const struct task_struct *p, const struct task_ctx *tc, s32 cpu)
{
	const struct cpu_private *c = cpu_private_of(cpu);

	/* whom select_cpu is not asked about: those with one CPU */
	if (cpu_state_of(cpu)->running && cpu_state_of(cpu)->running_idle)
		return p->policy != SCHED_IDLE;
	return cpu_state_of(cpu)->running && c->hog_since_ns && tc->burst_avg_ns < slice_min_ns &&
		time_before(tc->key, c->running_vtime);
}

/* What is left of the time for which whoever runs on @cpu is not pushed aside by somebody who mostly sleeps, ns. */
static __always_inline u64 least_turn_left(s32 cpu, u64 now)
{
	u64 end = cpu_private_of(cpu)->hog_since_ns + slice_min_ns;

	return cpu_state_of(cpu)->running_idle || !time_before(now, end) ? 0 : end - now;
}

/*
 * A CPU that a real-time task may hold. Whoever is put into its local queue waits
 * there until that task sleeps, while other CPUs could serve it. A wakeup shows it
 * by nobody of ours running there, though no idle CPU was found; tasks are put
 * back (cpu_release) for no other reason.
 */
static __always_inline bool may_be_blocked(s32 cpu, u64 enq_flags)
{
	if (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_REENQ))
		return true;
	return (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)) && !cpu_state_of(cpu)->running;
}

#endif
