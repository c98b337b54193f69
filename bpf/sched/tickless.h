/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs with nohz_full=: a lone task runs there without ticks, with a slice that
 * never ends. Who comes to wait for such a CPU is noticed by a timer on another.
 *
 * The kernel decides about the tick where a task gets the CPU, and by the task
 * that had it before: after its idle task or a real-time one it may leave the
 * tick off whatever slice the new one has, until somebody wakes or sleeps there.
 * So what counts is when there was a tick last, not what was asked for.
 */
#ifndef GTHULHU_TICKLESS_H
#define GTHULHU_TICKLESS_H

#include "mask.h"

#define SLICE_FOREVER (~0ULL)	/* SCX_SLICE_INF: the kernel may stop the tick */
#define KEEP_TICKLESS_NS (20 * NSEC_PER_MSEC)
#define TICKS_MISSED 2

static __always_inline bool is_tickless(s32 cpu)
{
	return nr_tickless_cpus && cpu_tickless[cpu & (GTHULHU_MAX_CPUS - 1)];
}

static __always_inline void note_tick(s32 cpu)
{
	if (is_tickless(cpu))
		cpu_private_of(cpu)->ticked = bpf_jiffies64();
}

/* Whoever runs on @cpu is told when its slice is over. */
static __always_inline bool has_ticks(s32 cpu)
{
	const struct cpu_private *c = cpu_private_of(cpu);

	return !is_tickless(cpu) || (!c->tick_may_stop && bpf_jiffies64() - c->ticked <= TICKS_MISSED);
}

/* Somebody has come to wait for @cpu: who runs there must be told. */
static __always_inline void wake_tickless(s32 cpu)
{
	if (!has_ticks(cpu))
		scx_bpf_kick_cpu(cpu, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
}

__noinline int keep_tickless(void)
{
	int i;

	bpf_for(i, 0, nr_cpu_ids) {
		if (!has_ticks(i) && is_wanted(i))
			scx_bpf_kick_cpu(i, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
	}
	return 0;
}

#endif
