/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clocks. Keys of all queues are on one scale, so that a CPU can compare them.
 * But each queue has its own clock, which says where a task that joins it begins:
 * two tasks that share a CPU of their own use thousands of times what one of
 * five thousand in a pool uses. With one clock for all, the pool would be behind
 * it always, everybody in it would be placed at the same distance, and neither
 * weights nor what was taken from somebody would count any more.
 *
 * A CPU that takes a task in its order moves the clocks of all queues that it
 * serves: none of them has an earlier claim. One that finds nobody waiting moves the
 * LLC's clock only, which is that of tasks that may run anywhere; and so does what
 * runs before its turn, but not in a crowd with long rounds (crowd.h): a thread of
 * ours that uses a hundredth of a CPU would keep the clock ahead of five thousand
 * there, who all come back at the same distance.
 */
#ifndef GTHULHU_CLOCK_H
#define GTHULHU_CLOCK_H

#include "narrow.h"

static __always_inline u64 *clock_of(u32 queue)
{
	u32 index = queue & GTHULHU_QUEUE_INDEX;

	if (queue & GTHULHU_QUEUE_CPU)
		return &cpu_private_of(index)->clock;
	if (queue & GTHULHU_QUEUE_MASK)
		return &mask_queues[index & (GTHULHU_MAX_MASKS * GTHULHU_MAX_LLCS - 1)].clock;
	return &llc_state_of(index)->clock;
}

/* On a machine with one CPU there is one clock. */
static __always_inline u32 basis_of_queue(u32 queue, s32 cpu)
{
	return has_shared_queue() ? queue : llc_of(cpu);
}

static __noinline u32 basis_of(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	return basis_of_queue(queue_for(p, tc, cpu), cpu);
}

/*
 * @tc waited, and has got @cpu because its turn had come: not rescued, not taken over from another LLC, and not before the
 * others as urgent tasks are, but for those beyond the budget.
 */
static __always_inline bool came_in_order(const struct task_ctx *tc, s32 cpu, bool urgent_in_line)
{
	u32 queue = tc->queue;

	if (tc->owed || ((queue & GTHULHU_QUEUE_URGENT) && !urgent_in_line))
		return false;
	return (queue & GTHULHU_QUEUE_CPU) || (queue & (GTHULHU_MAX_LLCS - 1)) == llc_of(cpu);
}

static __always_inline void push_clock(u64 *clock, u64 to)
{
	if (time_before(*clock, to))
		*clock = to;
}

__noinline int push_mask_clocks(u32 llc, u32 bits, u64 to)
{
	int i;

	bpf_for(i, 0, nr_masks) {
		if (bits >> (i & 31) & 1)
			push_clock(clock_of(GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(i, llc)), to);
	}
	return 0;
}

/* A task with this claim has got @cpu. @in_order: because nobody who waited for @cpu had an earlier one. */
static __always_inline void clock_advance(s32 cpu, u64 claim, bool in_order)
{
	u32 llc = llc_of(cpu), bits;

	push_clock(&llc_state_of(llc)->clock, claim);
	if (!in_order || !has_shared_queue())
		return;
	push_clock(&cpu_private_of(cpu)->clock, claim);
	bits = masks_for(cpu, llc);
	if (bits)
		push_mask_clocks(llc, bits, claim);
}

/* The earliest claim among all who wait for @cpu. */
__noinline u64 earliest_for(s32 cpu)
{
	u32 llc = llc_of(cpu), bits = masks_for(cpu, llc), mask;
	u64 earliest = dsq_head_vtime(DSQ_ID(QUEUE_LLC, llc));

	if (cpu_private_of(cpu)->pinned)
		earliest = earlier(earliest, dsq_head_vtime(DSQ_ID(QUEUE_CPU, cpu)));
	if (bits) {
		mask = mask_earliest(llc, bits);
		if (mask < GTHULHU_MAX_MASKS)
			earliest = earlier(earliest, dsq_head_vtime(DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(mask, llc))));
	}
	return earliest;
}

/* Held for an answer (strict.h): their keys say when they came. */
#define HOLD_KEY (1ULL << 62)

/*
 * The queue of a CPU or a set is empty, so its clock may have stood still for long.
 * It begins where those begin who want the same CPU, and where nobody does, at the
 * LLC's clock.
 */
__noinline int wind_clock(u32 queue, s32 cpu)
{
	u64 to = llc_state_of(llc_of(cpu))->clock, earliest = earliest_for(cpu);

	if (earliest != NO_HEAD) {
		/* somebody does, and nobody knows yet where */
		if (earliest >= HOLD_KEY)
			return 0;
		if (time_before(earliest, to))
			to = earliest;
	}
	push_clock(clock_of(queue), to);
	return 0;
}

#endif
