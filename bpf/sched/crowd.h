/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crowds: so many wait in a queue that more than half a second is promised to each.
 *
 * Nobody finds one who has waited too long among thousands. So the order itself
 * keeps the promise: nobody who comes has credit for a second turn before the
 * others have had one, and nobody's key is so late that all others would have more
 * turns first than there is time for. The vtime stays what it is, and makes a task
 * that has had much wait the next time too.
 *
 * And where a round would take seconds, turns end where they should, not at the
 * next tick, which makes it eight times as long (slice_timer.h). Not in a crowd of
 * a hundred: those who talk to each other need more than the shortest turn.
 */
#ifndef GTHULHU_CROWD_H
#define GTHULHU_CROWD_H

#include "queue.h"

#define PROMISE_NS (500 * NSEC_PER_MSEC)
#define TICK_NS (4 * NSEC_PER_MSEC)	/* HZ is 250 or more */

static __always_inline u64 promise_ns(u32 queue, u32 waiting)
{
	u64 bound = 2ULL * waiting / cpus_of_queue(queue) * (shrunk_slice(queue, waiting) + TICK_NS);

	return bound > PROMISE_NS ? bound : PROMISE_NS;
}

/* Fewer waiting than these are no crowd on any machine. */
#define CROWD 32

/* By itself, as what follows: verified once. */
__noinline bool is_crowd(u32 queue, u32 waiting)
{
	return waiting > CROWD && promise_ns(queue, waiting) > PROMISE_NS;
}

#define LONG_ROUND_NS (2 * NSEC_PER_SEC)

/* With turns that end at ticks everybody would wait for seconds. */
__noinline bool is_long_round(u32 queue, u32 waiting)
{
	return waiting > CROWD && (u64)waiting / cpus_of_queue(queue) * TICK_NS > LONG_ROUND_NS;
}

/* What a turn really is in a crowd. */
static __always_inline u64 whole_turn_ns(u32 queue, u32 waiting)
{
	u64 slice = shrunk_slice(queue, waiting);

	return is_long_round(queue, waiting) ? slice : (slice + TICK_NS - 1) / TICK_NS * TICK_NS;
}

/* @tenths of @ns, in time for the kernel's own check at any rate. */
static __always_inline u64 in_time(u64 ns, u32 tenths)
{
	u64 ejected = attached_timeout_ms * NSEC_PER_MSEC;

	return (ejected && ejected < ns ? ejected : ns) / 10 * tenths;
}

__noinline u64 key_in_crowd(u64 key, u64 clock, u32 queue, u32 waiting)
{
	u64 lead = in_time(promise_ns(queue, waiting), 9) * cpus_of_queue(queue) / (waiting ?: 1);
	u64 turn = whole_turn_ns(queue, waiting);

	/* less than a turn, and the clock would fall behind, and strong tasks with it */
	if (lead < turn)
		lead = turn;
	return time_before(clock + lead, key) ? clock + lead : key;
}

__noinline u64 vtime_in_crowd(u64 vtime, u64 clock, u32 queue, u32 waiting)
{
	u64 credit = whole_turn_ns(queue, waiting) / 2;

	return time_before(vtime, clock - credit) ? clock - credit : vtime;
}

/* When somebody last joined a crowd with long rounds, in jiffies. */
u64 crowd_jiffies;

static __always_inline void note_crowd(void)
{
	u64 jiffies = bpf_jiffies64();

	if (crowd_jiffies != jiffies)
		crowd_jiffies = jiffies;
}

#define CROWD_LATELY 250

static __always_inline bool crowd_lately(void)
{
	return crowd_jiffies && bpf_jiffies64() - crowd_jiffies < CROWD_LATELY;
}

#endif
