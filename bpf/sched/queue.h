/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues: one an LLC; one a CPU for tasks that may run nowhere else; one an LLC
 * and set of CPUs for tasks that may use some CPUs only (mask.h). Keys of all are
 * on one scale, but each has its own clock (clock.h). And one an LLC for the
 * urgent band (urgent.h). Their ids are typed here and nowhere else.
 */
#ifndef GTHULHU_QUEUE_H
#define GTHULHU_QUEUE_H

#include "state.h"

enum queue_kind {
	QUEUE_LLC = 1,
	QUEUE_CPU = 2,
	QUEUE_URGENT = 3,	/* one an LLC, for priorities 0-9 */
	QUEUE_MASK = 4,		/* one a set of CPUs and LLC */
	QUEUE_SABOTAGE = 5,	/* only in sabotage builds */
};

#define DSQ_ID(kind, index) ((u64)(kind) << 32 | (index))

_Static_assert(DSQ_ID(QUEUE_CPU, 0xffffffffu) < 1ULL << 62, "ids must stay clear of the kernel's own");

static __always_inline u64 dsq_of(u32 queue)
{
	u32 index = queue & GTHULHU_QUEUE_INDEX;

	if (queue & GTHULHU_QUEUE_CPU)
		return DSQ_ID(QUEUE_CPU, index);
	if (queue & GTHULHU_QUEUE_URGENT)
		return DSQ_ID(QUEUE_URGENT, index);
	if (queue & GTHULHU_QUEUE_MASK)
		return DSQ_ID(QUEUE_MASK, index);
	return DSQ_ID(QUEUE_LLC, index);
}

/* Not one of a CPU, of a set, or of the urgent band. */
static __always_inline bool is_llc_queue(u32 queue)
{
	return !(queue & ~GTHULHU_QUEUE_INDEX);
}

#define MASK_QUEUE_INDEX(mask, llc) ((mask) << 8 | (llc))
/* ... in mask_queues[] */
#define MASK_QUEUE_AT(mask, llc) (MASK_QUEUE_INDEX(mask, llc) & (GTHULHU_MAX_MASKS * GTHULHU_MAX_LLCS - 1))

_Static_assert(GTHULHU_MAX_LLCS <= 256, "the LLC has eight bits in the name of a set's queue");

static __always_inline u32 mask_of_queue(u32 queue)
{
	return (queue >> 8) & (GTHULHU_MAX_MASKS - 1);
}

/* On a machine with one CPU every task has its queue, and nobody the shared one. */
static __always_inline bool has_shared_queue(void)
{
	return nr_cpu_ids > 1;
}

static __always_inline u32 queued_in(u64 dsq)
{
	s32 queued = scx_bpf_dsq_nr_queued(dsq);

	return queued > 0 ? queued : 0;
}

/*
 * May @p, who waits, be put on @cpu by name? To ask for it where it may not is an error that ends the scheduler: one
 * that may not leave its CPU for now is told by cpus_ptr only after it has been queued.
 */
static __always_inline bool may_move_to(const struct task_struct *p, s32 cpu)
{
	if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return false;
	return !bpf_core_field_exists(p->migration_disabled) || !p->migration_disabled || scx_bpf_task_cpu(p) == cpu;
}

/* CPUs that serve @queue. */
static __always_inline u32 cpus_of_queue(u32 queue)
{
	if (queue & GTHULHU_QUEUE_CPU)
		return 1;
	if (queue & GTHULHU_QUEUE_MASK)
		return mask_queues[queue & (GTHULHU_MAX_MASKS * GTHULHU_MAX_LLCS - 1)].nr_cpus ?: 1;
	return llc_nr_cpus[queue & (GTHULHU_MAX_LLCS - 1)] ?: 1;
}

/*
 * Waiters a CPU of this queue has to serve. The more, the shorter the slices:
 * all of them should be served within `target latency`, four default slices.
 */
static __always_inline u64 shrunk_slice(u32 queue, u32 waiting)
{
	u32 per_cpu = waiting;
	u64 slice;

	if (per_cpu >= 4 && !(queue & GTHULHU_QUEUE_CPU))
		per_cpu /= cpus_of_queue(queue);
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
