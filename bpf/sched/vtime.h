/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time: what a task has used over its weight. Weighted fair queueing in
 * the form that start-time fair queueing gives it (Goyal, Vin, Cheng 1996): a
 * queue's clock is the vtime of the most advanced task served (clock.h), a sleeper
 * comes back at the clock less a bounded credit.
 */
#ifndef GTHULHU_VTIME_H
#define GTHULHU_VTIME_H

#include "budget.h"

/* How far behind the clock a task may be placed: a sleeper's credit. */
#define CREDIT_NS slice_default_ns
/* ... and how far before it: bounds the wait of weak tasks (see rescue.h for the hard bound). */
#define LEAD_NS (250 * NSEC_PER_MSEC)

/* Where clocks start: nothing subtracted from a vtime goes below 0. */
#define CLOCK_START_NS (10 * NSEC_PER_SEC)

/* vtime for @used_ns of CPU at @weight (1..10000, 100 is nice 0) */
static __always_inline u64 charge(u64 used_ns, u32 weight)
{
	return used_ns * 100 / (weight ?: 1);
}

/* Bring a task's vtime onto the clock of @basis, a queue, and into [clock - credit, clock + lead]. */
static __always_inline void place(struct task_ctx *tc, u32 basis)
{
	u64 clock = *clock_of(basis);

	if (tc->basis != basis) {
		tc->vtime += clock - *clock_of(tc->basis);
		tc->basis = basis;
	}
	if (time_before(tc->vtime, clock - CREDIT_NS))
		tc->vtime = clock - CREDIT_NS;
	else if (time_before(clock + LEAD_NS, tc->vtime))
		tc->vtime = clock + LEAD_NS;
}

/*
 * An earlier key for strategies: 10 gets a whole credit, 20 an eleventh of it. Only
 * the key moves, never the vtime, so that the advantage does not compound.
 */
static __always_inline u64 head_start(u32 priority)
{
	if (priority >= GTHULHU_NO_PRIORITY)
		return 0;
	if (priority < GTHULHU_URGENT_LEVELS)
		priority = GTHULHU_URGENT_LEVELS;
	return CREDIT_NS * (21 - priority) / 11;
}

/* Charge what ran on @cpu since the last mark: to the task, to its band and to the CPU. Returns the CPU time, ns. */
static __always_inline u64 account(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	u64 total = p->se.sum_exec_runtime;
	u64 used = total - tc->exec_mark_ns;

	tc->exec_mark_ns = total;
	tc->vtime += charge(used, p->scx.weight);
	tc->burst_ns += used;
	if (is_urgent(tc))
		urgent_ran(cpu, tc->priority, used);
	if (report_util)
		cpu_private_of(cpu)->util_busy_ns += used;
	return used;
}

#endif
