/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The urgent band, priorities 0-9. Never asked about. On its way in a task takes
 * a CPU from somebody weaker; where it cannot, it waits in the queue of its LLC,
 * stronger first, and the next CPU that is free takes it before all others.
 *
 * What the band takes that way is bounded, on each CPU and on the node. Beyond
 * it a CPU serves urgent tasks by what they have used, like everybody else, and
 * whatever their priority: the weak keep what the band leaves, and so do the
 * weakest of the band, even where strategies make everybody urgent.
 */
#ifndef GTHULHU_URGENT_H
#define GTHULHU_URGENT_H

#include "pick.h"

/* More waiting ones than this are no band any more: the others queue like everybody, so that no CPU walks past them. */
#define URGENT_MAX_WAITING PICK_LOOK
/* Orders by priority, then by arrival: 2^58 ns are nine years. */
#define URGENT_KEY_SHIFT 58

/* May one more join the band's queue of @llc? */
static __always_inline bool urgent_may_wait(u32 llc)
{
	return scx_bpf_dsq_nr_queued(DSQ_ID(QUEUE_URGENT, llc)) < URGENT_MAX_WAITING;
}

static __always_inline u64 urgent_key(const struct task_ctx *tc, u64 now)
{
	return ((u64)tc->priority << URGENT_KEY_SHIFT) + now;
}

/* The first urgent one of @llc, before all others. */
__noinline bool take_urgent(u32 llc)
{
	return dsq_to_local(DSQ_ID(QUEUE_URGENT, llc));
}

/* Where the first of the band who may run on @cpu stands, NO_HEAD when there is none: mostly it is the first of all. */
__noinline u64 urgent_head(u32 llc, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	u64 key = NO_HEAD;
	int i;

	if (!bpf_iter_scx_dsq_new(&it, DSQ_ID(QUEUE_URGENT, llc), 0)) {
		bpf_for(i, 0, URGENT_MAX_WAITING) {
			struct task_struct *p = bpf_iter_scx_dsq_next(&it);

			if (!p)
				break;
			if (!may_move_to(p, cpu))
				continue;
			key = p->scx.dsq_vtime;
			break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return key;
}

/* Where the earliest of those who may run on @cpu stands among the others. Called when the band has used its budget. */
static __always_inline u64 urgent_earliest(u32 llc, s32 cpu)
{
	return least_rank(DSQ_ID(QUEUE_URGENT, llc), cpu, BY_KEY);
}

/*
 * The one that stands there, be it the weakest of the band: what the strong
 * take before everybody has been taken. Where it is gone, the first.
 */
static __always_inline bool take_urgent_earliest(u32 llc, s32 cpu, u64 key)
{
	return take_ranked(DSQ_ID(QUEUE_URGENT, llc), cpu, BY_KEY, key, false) || take_urgent(llc);
}

#endif
