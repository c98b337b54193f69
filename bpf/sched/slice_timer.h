/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slices that end where they should. The kernel looks at a slice at its ticks,
 * 4 ms apart at HZ=250. A task whose strategy gives it a slice is stopped by a
 * timer of its CPU instead, armed only while somebody waits.
 *
 * Timers are not started with a run queue locked: kernels that have
 * bpf_timer_cancel_async() do that by themselves, they put the start off to an
 * interrupt of its own. Elsewhere one timer, started by a SYSCALL program, looks
 * at all CPUs every `slice_poll_ns`, and earlier where it knows of an earlier end.
 */
#ifndef GTHULHU_SLICE_TIMER_H
#define GTHULHU_SLICE_TIMER_H

#include "crowd.h"
#include "mask.h"

#define CLOCK_MONOTONIC 1

struct slice_timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GTHULHU_MAX_CPUS);
	__type(key, u32);
	__type(value, struct slice_timer);
} slice_timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slice_timer);
} slice_poll SEC(".maps");

/* How often to look where timers cannot be armed one by one; 0: no strategy gives a slice. Written by user space. */
u64 slice_poll_ns;
u64 nr_slices_ended;		/* by a timer */

static __always_inline bool may_arm(void)
{
	return bpf_ksym_exists(bpf_timer_cancel_async);
}

/* Ends the turn that runs on @cpu if it is over. Returns what is left of it, 0 when there is nothing to wait for. */
static __always_inline u64 end_slice(s32 cpu, u64 now)
{
	struct cpu_private *c = cpu_private_of(cpu);
	u64 end = c->slice_end_ns;

	if (!end)
		return 0;
	if (now < end)
		return end - now;
	/* nobody waits: whoever comes ends it */
	if (!is_wanted(cpu))
		return 0;
	c->slice_end_ns = 0;
	__sync_fetch_and_add(&nr_slices_ended, 1);
	scx_bpf_kick_cpu(cpu, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
	return 0;
}

static int slice_timer_fired(void *map, u32 *key, struct slice_timer *t)
{
	u64 now = now_ns(), left = end_slice(*key, now);

	cpu_private_of(*key)->slice_armed_ns = left ? now + left : 0;
	if (left)
		bpf_timer_start(&t->timer, left, 0);
	return 0;
}

#define SLICE_LEAST_NS (50 * 1000ULL)

u32 slice_polling;		/* the timer of all CPUs runs */

/* How often to look now; 0: no turn is shorter than a tick. */
static __always_inline u64 poll_every(void)
{
	if (!crowd_lately())
		return slice_poll_ns;
	return slice_poll_ns && slice_poll_ns < slice_min_ns ? slice_poll_ns : slice_min_ns;
}

static int slice_poll_fired(void *map, u32 *key, struct slice_timer *t)
{
	u64 now = now_ns(), next = poll_every();
	int i;

	if (!next) {
		slice_polling = 0;
		return 0;
	}
	bpf_for(i, 0, nr_cpu_ids) {
		u64 left = end_slice(i, now);

		if (left && left < next)
			next = left;
	}
	bpf_timer_start(&t->timer, next > SLICE_LEAST_NS ? next : SLICE_LEAST_NS, 0);
	return 0;
}

static __always_inline void start_polling(void)
{
	u64 every = poll_every();
	struct slice_timer *t;
	u32 zero = 0;

	t = bpf_map_lookup_elem(&slice_poll, &zero);
	if (!t || !every)
		return;
	slice_polling = 1;
	bpf_timer_start(&t->timer, every, 0);
}

/* Whoever runs on @cpu is to leave it then, if it has not before. */
static __always_inline void end_turn_at(s32 cpu, u64 end)
{
	struct cpu_private *c = cpu_private_of(cpu);

	if (!c->slice_end_ns || time_before(end, c->slice_end_ns))
		c->slice_end_ns = end;
}

/* At a tick, where timers cannot be armed. */
static __always_inline bool turn_is_over(s32 cpu)
{
	u64 end = cpu_private_of(cpu)->slice_end_ns;

	return end && !time_before(now_ns(), end);
}

static __always_inline void arm_slice(s32 cpu, u64 now)
{
	struct cpu_private *c = cpu_private_of(cpu);
	u64 end = c->slice_end_ns;
	struct slice_timer *t;
	u32 key = cpu;

	/* armed for an earlier end, it finds this one then */
	if (!end || !may_arm() || (c->slice_armed_ns > now && c->slice_armed_ns <= end))
		return;
	t = bpf_map_lookup_elem(&slice_timers, &key);
	if (!t)
		return;
	c->slice_armed_ns = end;
	/* it allocates, without waiting for memory */
	if (bpf_timer_start(&t->timer, end > now ? end - now : 1, 0))
		c->slice_armed_ns = 0;
}

/* Somebody with a short slice has been queued so lately, in jiffies, that it takes turns with whoever runs. */
#define SHORT_LATELY 25

static __always_inline void note_short(u32 llc, const struct task_ctx *tc)
{
	struct llc_state *l = llc_state_of(llc);

	if (!tc->slice_ns || tc->slice_ns >= slice_default_ns)
		return;
	l->short_ns = tc->slice_ns;
	l->short_jiffies = bpf_jiffies64();
}

/*
 * What a turn is to be, 0 where the ticks are exact enough. Beside a task with a
 * short slice the others take turns as short, not below the minimum: else it could
 * have its share only in several slices at once, or not at all. In a crowd of hundreds
 * they are as short as the queue says.
 */
static __always_inline u64 exact_slice(const struct task_ctx *tc, u32 llc)
{
	struct llc_state *l = llc_state_of(llc);

	if (tc->slice_ns)
		return tc->slice_ns;
	if (tc->waiters > CROWD && is_long_round(tc->queue, tc->waiters))
		return shrunk_slice(tc->queue, tc->waiters);
	if (!l->short_ns || bpf_jiffies64() - l->short_jiffies > SHORT_LATELY)
		return 0;
	return l->short_ns > slice_min_ns ? l->short_ns : slice_min_ns;
}

/* A task gets @cpu, for a turn of which it has @used_ns already. */
static __always_inline void slice_begins(struct cpu_private *c, const struct task_ctx *tc, s32 cpu, u64 used_ns)
{
	u64 now, slice = exact_slice(tc, llc_of(cpu));

	c->slice_end_ns = 0;
	if (!slice)
		return;
	now = now_ns();
	c->slice_end_ns = now + (slice > used_ns ? slice - used_ns : 0);
	if (is_wanted(cpu))
		arm_slice(cpu, now);
}

static __always_inline void init_slice_timers(void)
{
	struct slice_timer *t;
	u32 i;

	bpf_for(i, 0, nr_cpu_ids) {
		u32 key = i;

		t = bpf_map_lookup_elem(&slice_timers, &key);
		if (!t)
			return;
		bpf_timer_init(&t->timer, &slice_timers, CLOCK_MONOTONIC);
		bpf_timer_set_callback(&t->timer, slice_timer_fired);
	}
	i = 0;
	t = bpf_map_lookup_elem(&slice_poll, &i);
	if (!t)
		return;
	bpf_timer_init(&t->timer, &slice_poll, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&t->timer, slice_poll_fired);
}

struct poll_args {
	u64 poll_ns;
};

/* Run by user space when its strategies have changed: the shortest slice decides how often to look. */
SEC("syscall")
int poll_slices(struct poll_args *args)
{
	if (may_arm())
		return 0;
	slice_poll_ns = args->poll_ns;
	start_polling();
	return 0;
}

#endif
