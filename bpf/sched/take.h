/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking the next task: from the two queues that a CPU serves, else from those
 * of other LLCs; and whether the one that runs may simply go on.
 */
#ifndef GTHULHU_TAKE_H
#define GTHULHU_TAKE_H

#include "own.h"
#include "vtime.h"

#define BALANCE_EVERY_NS (10 * NSEC_PER_MSEC)

/* Take the earlier head of the two queues that this CPU serves. */
static __always_inline bool take_head(u64 shared, u64 pinned, u64 head_shared, u64 head_pinned)
{
	if (head_pinned == NO_HEAD)
		return head_shared != NO_HEAD && dsq_to_local(shared);
	if (head_shared == NO_HEAD || time_before(head_pinned, head_shared))
		return dsq_to_local(pinned) || dsq_to_local(shared);
	return dsq_to_local(shared) || dsq_to_local(pinned);
}

/* Where only one of the queues can hold somebody, its head is the one to take. */
static __always_inline bool take_only(struct cpu_private *priv, u64 shared, u64 pinned)
{
	if (!priv->pinned)
		return has_shared_queue() && dsq_to_local(shared);
	if (dsq_to_local(pinned))
		return true;
	priv->pinned = 0;
	return false;
}

static __always_inline bool steal_from(u32 llc, struct cpu_state *here)
{
	if (!dsq_to_local(DSQ_ID(QUEUE_LLC, llc)))
		return false;
	here->nr_stolen++;
	return true;
}

static __noinline bool steal(u32 own_llc)
{
	struct cpu_state *here = this_cpu();
	int i;

	bpf_for(i, 1, nr_llcs) {
		u32 llc = own_llc + i;

		if (llc >= nr_llcs)
			llc -= nr_llcs;
		if (steal_from(llc, here))
			return true;
	}
	return false;
}

/* Waiters a CPU of @llc, in sixteenths. */
static __always_inline u32 load_of(u32 llc)
{
	s32 queued = scx_bpf_dsq_nr_queued(DSQ_ID(QUEUE_LLC, llc));

	return (u32)(queued > 0 ? queued : 0) * 16 / (llc_nr_cpus[llc & (GTHULHU_MAX_LLCS - 1)] ?: 1);
}

/* Now and then, help an LLC whose CPUs have at least one waiter more each than ours. */
static __noinline bool balance(u32 own_llc, u64 now)
{
	struct llc_state *l = llc_state_of(own_llc);
	u64 due = l->next_balance_ns;
	u32 busiest = own_llc, most = 0;
	int i;

	if (now < due || !__sync_bool_compare_and_swap(&l->next_balance_ns, due, now + BALANCE_EVERY_NS))
		return false;
	bpf_for(i, 0, nr_llcs) {
		u32 there = load_of(i);

		if (there > most) {
			most = there;
			busiest = i;
		}
	}
	return busiest != own_llc && most >= load_of(own_llc) + 16 && steal_from(busiest, this_cpu());
}

/* @prev's slice is over. May it go on because it has the earliest claim? */
static __always_inline bool keep_running(struct task_struct *prev, s32 cpu, u64 head)
{
	struct cpu_state *here = cpu_state_of(cpu);
	struct task_ctx *tc = task_ctx_of(prev);
	u32 llc = llc_of(cpu);

	if (!tc || is_policy_thread(prev))
		return false;
	account(prev, tc);
	place(tc, llc);
	if (head == NO_HEAD || here->running_idle || !bpf_cpumask_test_cpu(cpu, prev->cpus_ptr) ||
	    !time_before(tc->vtime - head_start(tc->priority), head))
		return false;
	here->nr_kept++;
	clock_advance(llc, tc->vtime);
	task_set_slice(prev, slice_of(tc, llc, nr_waiting(cpu)));
	return true;
}

#endif
