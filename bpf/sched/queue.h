/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues: one an LLC, and one a CPU for tasks that may run nowhere else, all on
 * the clock of the LLC. Their ids are typed here and nowhere else.
 */
#ifndef GTHULHU_QUEUE_H
#define GTHULHU_QUEUE_H

#include "state.h"

enum queue_kind {
	QUEUE_LLC = 1,
	QUEUE_CPU = 2,
	QUEUE_SABOTAGE = 3,	/* only in sabotage builds */
};

#define DSQ_ID(kind, index) ((u64)(kind) << 32 | (index))

_Static_assert(DSQ_ID(QUEUE_CPU, 0xffffffffu) < 1ULL << 62, "ids must stay clear of the kernel's own");

static __always_inline u64 dsq_of(u32 queue)
{
	if (queue & GTHULHU_QUEUE_CPU)
		return DSQ_ID(QUEUE_CPU, queue & GTHULHU_QUEUE_INDEX);
	return DSQ_ID(QUEUE_LLC, queue);
}

static __always_inline u32 llc_of_queue(u32 queue)
{
	if (queue & GTHULHU_QUEUE_CPU)
		return llc_of(queue & GTHULHU_QUEUE_INDEX);
	return queue & (GTHULHU_MAX_LLCS - 1);
}

/* On a machine with one CPU every task has its queue, and nobody the shared one. */
static __always_inline bool has_shared_queue(void)
{
	return nr_cpu_ids > 1;
}

/* Per-CPU kernel threads skip the queues; anything else with one CPU has its own. */
static __always_inline u32 queue_for(const struct task_struct *p, s32 cpu)
{
	if (p->nr_cpus_allowed == 1 || !has_shared_queue())
		return GTHULHU_QUEUE_CPU | (u32)cpu;
	return llc_of(cpu);
}

static __always_inline u32 nr_waiting(s32 cpu)
{
	s32 shared = scx_bpf_dsq_nr_queued(DSQ_ID(QUEUE_LLC, llc_of(cpu)));
	s32 pinned = scx_bpf_dsq_nr_queued(DSQ_ID(QUEUE_CPU, cpu));

	return (shared > 0 ? shared : 0) + (pinned > 0 ? pinned : 0);
}

/*
 * Waiters a CPU of this queue has to serve. The more, the shorter the slices:
 * all of them should be served within `target latency`, four default slices.
 */
static __always_inline u64 shrunk_slice(u32 queue, u32 waiting)
{
	u32 per_cpu = waiting, cpus_here;
	u64 slice;

	if (!(queue & GTHULHU_QUEUE_CPU)) {
		cpus_here = llc_nr_cpus[queue & (GTHULHU_MAX_LLCS - 1)];
		if (cpus_here > 1)
			per_cpu = waiting / cpus_here;
	}
	if (per_cpu < 4)
		return slice_default_ns;
	slice = 4 * slice_default_ns / per_cpu;
	return slice < slice_min_ns ? slice_min_ns : slice;
}

static __always_inline u64 slice_of(const struct task_ctx *tc, u32 queue, u32 waiting)
{
	return tc->slice_ns ?: shrunk_slice(queue, waiting);
}

#endif
