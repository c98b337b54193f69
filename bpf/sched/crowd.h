/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crowds: so many wait in a queue that more than half a second is promised to each.
 *
 * Nobody finds one who has waited too long among thousands. So the order itself
 * keeps the promise: nobody's key is so late that all others would have more turns
 * first than there is time for. The vtime stays what it is, and makes a task that
 * has had much wait the next time too. And nobody who comes has credit for a second
 * turn before the others have had one: among fewer already, for they may become more.
 *
 * Nor is anybody called more than a turn early or late by an opinion, or early by
 * a strategy: a slice, which it is elsewhere, would be five turns of each.
 *
 * And where a round would take seconds, turns end where they should, not at the
 * next tick, which makes it eight times as long (slice_timer.h). Not in a crowd of
 * a hundred: those who talk to each other need more than the shortest turn. But
 * there too, and among fewer, once somebody has waited for long: where strong or
 * urgent tasks take most of the CPU, a round of the others has less than half of it.
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

/* Fewer waiting than these are no crowd on any machine, and wait for long only where weights differ. */
#define CROWD 24

/* By itself, as what follows: verified once. */
__noinline bool is_crowd(u32 queue, u32 waiting)
{
	return waiting > CROWD && promise_ns(queue, waiting) > PROMISE_NS;
}

#define LONG_ROUND_NS (2 * NSEC_PER_SEC)

/* When somebody among many last waited for longer than a round should take, in jiffies. */
u64 late_jiffies;

static __always_inline void note_jiffies(u64 *when)
{
	u64 jiffies = bpf_jiffies64();

	if (*when != jiffies)
		*when = jiffies;
}

#define LATELY 250		/* jiffies */

static __always_inline bool lately(u64 when)
{
	return when && bpf_jiffies64() - when < LATELY;
}

static __always_inline struct crowd_seen *crowd_seen_in(u32 queue)
{
	u32 index = queue & GTHULHU_QUEUE_INDEX;

	if (queue & GTHULHU_QUEUE_CPU)
		return &cpu_private_of(index)->crowd;
	if (queue & GTHULHU_QUEUE_MASK)
		return &masks[mask_of_queue(queue)].crowd;
	return &llc_state_of(index)->crowd;
}

/* So many wait in @queue: a crowd that is gone was what those who came in it had to wait for. */
__noinline int note_crowd(u32 queue, u32 waiting)
{
	struct crowd_seen *seen = crowd_seen_in(queue);

	if (waiting >= seen->waiting || !lately(seen->jiffies)) {
		seen->waiting = waiting;
		note_jiffies(&seen->jiffies);
	}
	return 0;
}

/* As many as waited in @queue lately, where that was a crowd. */
static __always_inline u32 crowd_lately_in(u32 queue)
{
	const struct crowd_seen *seen = crowd_seen_in(queue);

	return lately(seen->jiffies) ? seen->waiting : 0;
}

/* With turns that end at ticks everybody would wait for seconds, or longer than promised. */
__noinline bool is_long_round(u32 queue, u32 waiting)
{
	if (waiting <= CROWD)
		return false;
	return (u64)waiting / cpus_of_queue(queue) * TICK_NS > LONG_ROUND_NS || lately(late_jiffies);
}

/* What a turn really is in a crowd. */
static __always_inline u64 whole_turn_ns(u32 queue, u32 waiting)
{
	u64 slice = shrunk_slice(queue, waiting);

	return is_long_round(queue, waiting) ? slice : (slice + TICK_NS - 1) / TICK_NS * TICK_NS;
}

/*
 * Somebody has got a CPU after @wait_ns, beside so many. A round that nothing
 * lengthens takes less than half of the promise. Also where half a second is
 * promised: beside urgent tasks that take 60 % of the CPU, 45 others wait for
 * 0.45 s with turns that end at ticks, and longer when more of them come.
 */
static __always_inline void note_late(u32 queue, u32 waiting, u64 wait_ns)
{
	u64 promise;

	if (waiting <= CROWD)
		return;
	promise = promise_ns(queue, waiting);
	/* eighty who talk to each other (hackbench) wait for a bit more than half of it, and short turns are what they need least */
	if (wait_ns > promise / 10 * (promise > PROMISE_NS ? 6 : 5))
		note_jiffies(&late_jiffies);
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

/* As early or late as anybody is called who would stand at @own. */
__noinline u64 turn_around(u64 key, u64 own, u32 queue, u32 waiting)
{
	u64 turn = whole_turn_ns(queue, waiting);

	if (time_before(key, own - turn))
		return own - turn;
	return time_before(own + turn, key) ? own + turn : key;
}

/* When somebody last joined a crowd with long rounds, in jiffies. */
u64 crowd_jiffies;

static __always_inline bool crowd_lately(void)
{
	return lately(crowd_jiffies);
}

#endif
