/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The promise: nobody waits longer than max(500 ms, 2 x waiters / CPUs x slice
 * really enforced), whatever weights, opinions and arrivals make of the order.
 *
 * The order by vtime keeps it nearly always. It cannot where weights differ by
 * thousands: then, every 25 ms a queue (every tick where somebody was late), a CPU
 * looks at the tasks with the latest keys, takes the one that has waited longest if that is
 * too long, and runs it now: not the last of them, where all of a crowd are late at the
 * same time. Bounded work (PICK_LOOK tasks) and a bounded share (one slice each time).
 */
#ifndef GTHULHU_RESCUE_H
#define GTHULHU_RESCUE_H

#include "crowd.h"
#include "pick.h"

#define RESCUE_EVERY_NS (25 * NSEC_PER_MSEC)
/* In a crowd that is late several are so at once, and turns are short: at every tick. */
#define RESCUE_EVERY_LATE_NS (3 * NSEC_PER_MSEC)

/*
 * Waiting for so long is no accident. In a crowd two rounds of turns are none, and
 * key_in_crowd() keeps the order such that this is rare: else those who have had
 * the most, and so are last in the queue, would be given even more.
 */
static __always_inline u64 too_long_ns(u32 queue, u32 waiting)
{
	/* 200 ms of 500; of what is promised beyond that, four fifths: never in one step from the one to the other */
	return in_time(promise_ns(queue, waiting), 8) - PROMISE_NS / 10 * 4;
}

__noinline bool rescue_from(u32 queue, s32 cpu, u64 now)
{
	u64 dsq = dsq_of(queue), since;
	u32 waiting = queued_in(dsq);

	if (!waiting)
		return false;
	since = least_rank(dsq, cpu, BY_ARRIVAL);
	return since < now && now - since >= too_long_ns(queue, waiting) &&
		take_ranked(dsq, cpu, BY_ARRIVAL, since, true);
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
