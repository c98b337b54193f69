/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How busy a CPU is, for the frequency governor: schedutil asks the scheduler,
 * and without an answer it takes every CPU for fully busy. The share of the last
 * 10 ms, averaged with what was before, and the headroom of a quarter that
 * schedutil itself gives the other classes (kernel/sched/cpufreq_schedutil.c).
 */
#ifndef GTHULHU_UTIL_H
#define GTHULHU_UTIL_H

#include "state.h"

#define UTIL_WINDOW_NS (10 * NSEC_PER_MSEC)
#define UTIL_ONE 1024
#define UTIL_STEP 32		/* smaller changes are not worth telling */

static __always_inline u32 util_next(u32 before, u64 busy_ns, u64 elapsed_ns)
{
	u64 share = busy_ns >= elapsed_ns ? UTIL_ONE : busy_ns * UTIL_ONE / elapsed_ns;

	return (before + share) / 2;
}

/* Called on @cpu, with its run queue locked. */
static __always_inline void util_report(s32 cpu, u64 now)
{
	struct cpu_private *c = cpu_private_of(cpu);
	u64 elapsed = now - c->util_since_ns;
	u32 want;

	if (elapsed < UTIL_WINDOW_NS)
		return;
	c->util = util_next(c->util, c->util_busy_ns, elapsed);
	c->util_since_ns = now;
	c->util_busy_ns = 0;
	want = c->util + c->util / 4;
	if (want > UTIL_ONE)
		want = UTIL_ONE;
	if (want < c->util_told + UTIL_STEP && c->util_told < want + UTIL_STEP)
		return;
	c->util_told = want;
	scx_bpf_cpuperf_set(cpu, want);
}

#endif
