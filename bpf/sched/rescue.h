/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The promise: nobody waits longer than max(500 ms, 2 x waiters / CPUs x slice
 * really enforced), whatever weights, opinions and arrivals make of the order.
 *
 * The order by vtime keeps it nearly always. It cannot where weights differ by
 * thousands: then, every 25 ms a queue (every tick where somebody was late), a CPU
 * looks at the tasks with the latest keys, takes the first that has waited too long, and
 * runs it now. Bounded work (RESCUE_LOOK tasks, all of the urgent band) and a
 * bounded share (one slice each time).
 */
#ifndef GTHULHU_RESCUE_H
#define GTHULHU_RESCUE_H

#include "crowd.h"
#include "urgent.h"

#define RESCUE_EVERY_NS (25 * NSEC_PER_MSEC)
/* In a crowd that is late several are so at once, and turns are short: at every tick. */
#define RESCUE_EVERY_LATE_NS (3 * NSEC_PER_MSEC)
#define RESCUE_LOOK 32

/*
 * Waiting for so long is no accident. In a crowd two rounds of turns are none, and
 * key_in_crowd() keeps the order such that this is rare: else those who have had
 * the most, and so are last in the queue, would be given even more.
 */
static __always_inline u64 too_long_ns(u32 queue, u32 waiting)
{
	u64 promise = promise_ns(queue, waiting), ejected = in_time(~0ULL, 8);
	u64 bound = promise > PROMISE_NS ? in_time(promise, 8) : promise / 10 * 4;

	return bound < ejected ? bound : ejected;
}

__noinline bool rescue_from(u32 queue, s32 cpu, u64 now)
{
	u32 waiting = queued_in(dsq_of(queue));
	/* the band's is in the order of arrival: who has waited longest may be its first */
	u32 look = queue & GTHULHU_QUEUE_URGENT ? URGENT_MAX_WAITING : RESCUE_LOOK;
	u64 too_long = too_long_ns(queue, waiting);
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool rescued = false;
	int i;

	if (!waiting)
		return false;
	if (!bpf_iter_scx_dsq_new(&it, dsq_of(queue), KVAL(scx_dsq_iter_flags, SCX_DSQ_ITER_REV))) {
		bpf_for(i, 0, look) {
			struct task_ctx *tc;

			p = bpf_iter_scx_dsq_next(&it);
			if (!p)
				break;
			tc = task_ctx_of(p);
			if (!tc || !tc->enq_ns || now - tc->enq_ns < too_long || !may_move_to(p, cpu))
				continue;
			rescued = dsq_move(&it, p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL));
			/* else another CPU was faster, and has it */
			if (rescued) {
				tc->owed = 1;
				tc->turn_start_ns = p->se.sum_exec_runtime;
			}
			break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return rescued;
}

/* Has the time come to look at a queue? For one CPU only. */
static __always_inline bool rescue_due(u64 *next, u64 now)
{
	u64 due = *next, every = lately(late_jiffies) ? RESCUE_EVERY_LATE_NS : RESCUE_EVERY_NS;

	return now >= due && __sync_bool_compare_and_swap(next, due, now + every);
}

__noinline bool rescue_masked(u32 llc, u32 bits, s32 cpu, u64 now)
{
	int i;

	bpf_for(i, 0, nr_masks) {
		if (bits >> (i & 31) & 1 && rescue_due(&mask_queues[MASK_QUEUE_AT(i, llc)].next_rescue_ns, now) &&
		    rescue_from(GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(i, llc), cpu, now))
			return true;
	}
	return false;
}

/* Each queue has its own time: a CPU that looks more often may not serve the one with those who wait. */
static __always_inline bool rescue(s32 cpu, u64 now)
{
	u32 llc = llc_of(cpu), bits = masks_for(cpu, llc);
	struct cpu_private *priv = cpu_private_of(cpu);
	struct llc_state *l = llc_state_of(llc);

	if (rescue_due(&priv->next_rescue_ns, now) && rescue_from(GTHULHU_QUEUE_CPU | (u32)cpu, cpu, now))
		return true;
	if (bits && rescue_masked(llc, bits, cpu, now))
		return true;
	if (!rescue_due(&l->next_rescue_ns, now))
		return false;
	return rescue_from(llc, cpu, now) || (l->urgent_jiffies && rescue_from(GTHULHU_QUEUE_URGENT | llc, cpu, now));
}

/* Time to look whether somebody is to be rescued or helped? Every second tick is often enough where nobody was late. */
static __always_inline bool time_to_look(s32 cpu)
{
	struct cpu_private *priv = cpu_private_of(cpu);
	u64 jiffies = bpf_jiffies64();

	if (jiffies < priv->next_look)
		return false;
	priv->next_look = jiffies + (lately(late_jiffies) ? 1 : 2);
	return true;
}

#endif
