/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking the next task: from the queues that a CPU serves, else from those of
 * other LLCs; and whether the one that runs may simply go on.
 */
#ifndef GTHULHU_TAKE_H
#define GTHULHU_TAKE_H

#include "aside.h"
#include "own.h"
#include "slice_timer.h"
#include "strict.h"
#include "tickless.h"

#define BALANCE_EVERY_NS (10 * NSEC_PER_MSEC)

/* The queues that a CPU serves, and where the first of each stands; NO_HEAD: nobody who may be taken. */
struct heads {
	u64 shared, pinned, mask, urgent;
	u32 mask_index;
};

/* Only one of the queues can hold somebody: its head is the one to take. */
static __always_inline bool take_only(struct cpu_private *priv, u64 shared, u64 pinned)
{
	if (!priv->pinned)
		return has_shared_queue() && dsq_to_local(shared);
	if (dsq_to_local(pinned))
		return true;
	priv->pinned = 0;
	return false;
}

static __always_inline u64 look(struct heads *h, struct cpu_private *priv, s32 cpu, u32 llc, u32 masks_here,
				bool urgent_like_others)
{
	h->shared = has_shared_queue() ? takeable(dsq_head_vtime(DSQ_ID(QUEUE_LLC, llc))) : NO_HEAD;
	h->pinned = NO_HEAD;
	if (priv->pinned) {
		u64 head = dsq_head_vtime(DSQ_ID(QUEUE_CPU, cpu));

		if (head == NO_HEAD)
			priv->pinned = 0;
		h->pinned = takeable(head);
	}
	h->mask = NO_HEAD;
	if (masks_here) {
		h->mask_index = mask_earliest(llc, masks_here);
		if (h->mask_index < GTHULHU_MAX_MASKS)
			h->mask = takeable(dsq_head_vtime(DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(h->mask_index, llc))));
	}
	h->urgent = urgent_like_others ? urgent_earliest(llc, cpu) : NO_HEAD;
	return earlier(earlier(h->shared, h->pinned), earlier(h->mask, h->urgent));
}

/* Take the earliest; when somebody else was faster there, any. */
static __always_inline bool take(const struct heads *h, u64 first, s32 cpu, u32 llc)
{
	u64 shared = DSQ_ID(QUEUE_LLC, llc), pinned = DSQ_ID(QUEUE_CPU, cpu);
	u64 mask = DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(h->mask_index, llc));

	if (first == NO_HEAD)
		return false;
	if (h->pinned == first && dsq_to_local(pinned))
		return true;
	if (h->mask == first && dsq_to_local(mask))
		return true;
	if (h->urgent == first && take_urgent_earliest(llc, cpu, first))
		return true;
	return (h->shared != NO_HEAD && dsq_to_local(shared)) || (h->pinned != NO_HEAD && dsq_to_local(pinned)) ||
		(h->mask != NO_HEAD && dsq_to_local(mask)) || (h->urgent != NO_HEAD && take_urgent(llc));
}

static __always_inline bool steal_from(u32 llc, struct cpu_state *here)
{
	if (dispatch_mode == DISPATCH_STRICT && takeable(dsq_head_vtime(DSQ_ID(QUEUE_LLC, llc))) == NO_HEAD)
		return false;
	if (!dsq_to_local(DSQ_ID(QUEUE_LLC, llc)))
		return false;
	here->nr_stolen++;
	return true;
}

/* The earliest of another LLC who may run on @cpu only as one of a set of CPUs. */
static __always_inline bool steal_masked(u32 llc, s32 cpu, struct cpu_state *here)
{
	u32 bits = masks_for(cpu, llc), mask;
	u64 dsq;

	if (!bits)
		return false;
	mask = mask_earliest(llc, bits);
	dsq = DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(mask, llc));
	if (mask >= GTHULHU_MAX_MASKS || takeable(dsq_head_vtime(dsq)) == NO_HEAD || !dsq_to_local(dsq))
		return false;
	here->nr_stolen++;
	return true;
}

__noinline bool steal(u32 own_llc, s32 cpu)
{
	struct cpu_state *here = this_cpu();
	int i;

	bpf_for(i, 1, nr_llcs) {
		u32 llc = own_llc + i;

		if (llc >= nr_llcs)
			llc -= nr_llcs;
		if (llc_state_of(llc)->urgent_jiffies && take_urgent(llc))
			return true;
		if (steal_from(llc, here) || steal_masked(llc, cpu, here))
			return true;
	}
	return false;
}

/* Waiters a CPU of @llc, in sixteenths: of those whom @cpu may serve. */
static __always_inline u32 load_of(u32 llc, s32 cpu)
{
	u32 bits = masks_for(cpu, llc), waiting = queued_in(DSQ_ID(QUEUE_LLC, llc));

	if (bits)
		waiting += masks_queued(llc, bits);
	return waiting * 16 / (llc_nr_cpus[llc & (GTHULHU_MAX_LLCS - 1)] ?: 1);
}

/* Now and then, help an LLC whose CPUs have at least one waiter more each than ours. */
__noinline bool balance(u32 own_llc, s32 cpu, u64 now)
{
	struct llc_state *l = llc_state_of(own_llc);
	struct cpu_state *here = this_cpu();
	u64 due = l->next_balance_ns;
	u32 busiest = own_llc, most = 0;
	int i;

	if (now < due || !__sync_bool_compare_and_swap(&l->next_balance_ns, due, now + BALANCE_EVERY_NS))
		return false;
	bpf_for(i, 0, nr_llcs) {
		u32 there = load_of(i, cpu);

		if (there > most) {
			most = there;
			busiest = i;
		}
	}
	if (busiest == own_llc || most < load_of(own_llc, cpu) + 16)
		return false;
	return steal_from(busiest, here) || steal_masked(busiest, cpu, here);
}

/* @prev, charged up to now, goes on with another turn. */
static __always_inline void next_turn(struct task_struct *prev, struct task_ctx *tc, s32 cpu, u64 slice)
{
	cpu_state_of(cpu)->nr_kept++;
	task_set_slice(prev, slice);
	tc->turn_start_ns = prev->se.sum_exec_runtime;
	slice_begins(cpu_private_of(cpu), tc, cpu, 0);
}

/*
 * @prev goes on because nobody else wants @cpu. What it has used nobody was denied:
 * one that may not run where others wait is not to be behind them for it, and an
 * urgent one has not taken it from anybody (budget.h).
 */
static __noinline void go_on_alone(struct task_struct *prev, struct task_ctx *tc, s32 cpu)
{
	u32 basis = basis_of(prev, tc, cpu);
	u64 *clock = clock_of(basis);

	if (is_urgent(tc)) {
		cpu_private_of(cpu)->urgent_in_line = 1;
		account(prev, tc, cpu);
	}
	if (is_llc_queue(basis)) {
		clock_advance(cpu, tc->vtime, false);
		return;
	}
	account(prev, tc, cpu);
	push_clock(clock, llc_state_of(llc_of(cpu))->clock);
	place(tc, basis);
	if (time_before(*clock, tc->vtime))
		tc->vtime = *clock;
}

/* @prev's slice is over. May it go on because it has the earliest claim? */
static __always_inline bool keep_running(struct task_struct *prev, s32 cpu, u64 head)
{
	struct task_ctx *tc = task_ctx_of(prev);
	u32 llc = llc_of(cpu), basis;

	if (!tc || is_policy_thread(prev))
		return false;
	/* a slice that a strategy gives is one turn, however early its claim is */
	if (tc->slice_ns && head != NO_HEAD)
		return false;
	account(prev, tc, cpu);
	basis = basis_of(prev, tc, cpu);
	/* alone until now, its queue's clock may have stood still */
	if (!is_llc_queue(basis) && !queued_in(dsq_of(basis)))
		wind_clock(basis, cpu);
	place(tc, basis);
	/* without ticks its next turn would not end */
	if (head == NO_HEAD || !has_ticks(cpu) || cpu_state_of(cpu)->running_idle || !may_use(cpu, prev, tc) ||
	    !time_before(tc->vtime - head_start(tc->priority), head))
		return false;
	clock_advance(cpu, tc->vtime, true);
	/* within its budget it would not have come to this, unless strategies have changed */
	cpu_private_of(cpu)->urgent_in_line = is_urgent(tc);
	next_turn(prev, tc, cpu, slice_of(tc, llc, nr_waiting(cpu)));
	return true;
}

/*
 * The band goes first, within its budget: an urgent task that runs goes on unless
 * a stronger or equal one waits, else the first that waits is taken. Those who may
 * not run on @cpu do not count. True when that settles who runs. *like_others: the
 * budget is used, the band stands in line.
 */
static __noinline bool urgent_first(struct task_struct *prev, s32 cpu, u32 llc, bool prev_runnable, bool *like_others)
{
	struct llc_state *l = llc_state_of(llc);
	struct task_ctx *tc = NULL;
	u64 head = NO_HEAD, seen = READ_ONCE(l->urgent_jiffies);
	u32 strongest;

	*like_others = false;
	if (seen) {
		head = urgent_head(llc, cpu);
		/* set before the task is in the queue, which the kernel does after `enqueue`; somebody may come just now */
		if (head == NO_HEAD && bpf_jiffies64() - seen > SETTLED_JIFFIES && !queued_in(DSQ_ID(QUEUE_URGENT, llc)))
			__sync_bool_compare_and_swap(&l->urgent_jiffies, seen, 0);
	}
	strongest = head >> URGENT_KEY_SHIFT;
	if (prev_runnable && cpu_private_of(cpu)->running_urgent) {
		tc = task_ctx_of(prev);
		if (tc && (strongest <= tc->priority || !is_urgent(tc) || !may_use(cpu, prev, tc)))
			tc = NULL;
	}
	if (head == NO_HEAD && !tc)
		return false;
	if (!urgent_within_budget(cpu, tc ? tc->priority : strongest, now_ns())) {
		*like_others = head != NO_HEAD;
		this_cpu()->nr_urgent_over_budget++;
		return false;
	}
	if (!tc)
		return take_urgent(llc);
	account(prev, tc, cpu);
	place(tc, basis_of(prev, tc, cpu));
	cpu_private_of(cpu)->urgent_in_line = 0;
	next_turn(prev, tc, cpu, tc->slice_ns ?: slice_default_ns);
	return true;
}

#endif
