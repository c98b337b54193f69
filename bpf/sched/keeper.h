/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to be looked after when nothing happens: a timer, started by init,
 * only where one of these is wanted.
 *
 *   orphan   without a process of ours for `orphan_timeout_ns` the scheduler ends itself
 *   tickless a CPU without ticks runs a lone task; somebody came to wait for it
 *   strict   held tasks whose deadline is over
 *   crowd    turns that end between ticks, where their timers cannot be armed one by one
 */
#ifndef GTHULHU_KEEPER_H
#define GTHULHU_KEEPER_H

#include "slice_timer.h"
#include "strict.h"
#include "tickless.h"

#define KEEP_ORPHAN_NS NSEC_PER_SEC
#define KEEP_CROWD_NS (100 * NSEC_PER_MSEC)

/* ours among the exit codes, which user space knows; the kernel's own have the upper half */
#define EXIT_ORPHAN 1

struct keeper {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct keeper);
} keeper SEC(".maps");

static __always_inline u64 keep_every(void)
{
	if (dispatch_mode == DISPATCH_STRICT)
		return strict_deadline_ns / 4;
	if (nr_tickless_cpus)
		return KEEP_TICKLESS_NS;
	if (!may_arm())
		return KEEP_CROWD_NS;
	return orphan_timeout_ns ? KEEP_ORPHAN_NS : 0;
}

__noinline int keep_strict(u64 now)
{
	int i, m;

	bpf_for(i, 0, nr_cpu_ids) {
		if (cpu_private_of(i)->pinned)
			release_from(GTHULHU_QUEUE_CPU | i, now);
	}
	bpf_for(i, 0, nr_llcs) {
		if (has_shared_queue())
			release_from(i, now);
		bpf_for(m, 0, nr_masks) {
			if (llc_state_of(i)->masks_waiting >> (m & 31) & 1)
				release_from(GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(m, i), now);
		}
	}
	return 0;
}

static int keeper_fired(void *map, u32 *key, struct keeper *k)
{
	u64 now = now_ns(), alive = user_alive_ns;

	if (orphan_timeout_ns && alive && now > alive && now - alive > orphan_timeout_ns) {
		scx_exit(EXIT_ORPHAN, "no process of the scheduler has been alive for orphanTimeoutSeconds");
		return 0;
	}
	if (nr_tickless_cpus)
		keep_tickless();
	if (dispatch_mode == DISPATCH_STRICT)
		keep_strict(now);
	if (!may_arm() && !slice_polling && crowd_lately())
		start_polling();
	bpf_timer_start(&k->timer, keep_every(), 0);
	return 0;
}

static __always_inline void start_keeper(void)
{
	struct keeper *k;
	u32 zero = 0;

	if (!keep_every())
		return;
	k = bpf_map_lookup_elem(&keeper, &zero);
	if (!k)
		return;
	bpf_timer_init(&k->timer, &keeper, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&k->timer, keeper_fired);
	bpf_timer_start(&k->timer, keep_every(), 0);
}

#endif
