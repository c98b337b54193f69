/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The urgent band, priorities 0-9. Never asked about. On its way in a task takes
 * a CPU from somebody weaker; where it cannot, it waits in the queue of its LLC,
 * stronger first, and the next CPU that is free takes it before all others.
 *
 * What the band takes that way is bounded, on each CPU and on the node. Beyond
 * it a CPU serves urgent tasks by what they have used, like everybody else: the
 * weak keep what the band leaves, whatever strategies say.
 */
#ifndef GTHULHU_URGENT_H
#define GTHULHU_URGENT_H

#include "vtime.h"

/* More waiting ones than this are no band any more: the others queue like everybody, so that no CPU walks past them. */
#define URGENT_MAX_WAITING 64
/* Orders by priority, then by arrival: 2^58 ns are nine years. */
#define URGENT_KEY_SHIFT 58

/* May @tc join the band's queue of @llc? */
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

/* Where the first urgent one stands among the others. Called when the band has used its budget. */
__noinline u64 urgent_head(u32 llc)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	struct task_ctx *tc;
	u64 key = NO_HEAD;

	if (!bpf_iter_scx_dsq_new(&it, DSQ_ID(QUEUE_URGENT, llc), 0)) {
		p = bpf_iter_scx_dsq_next(&it);
		tc = p ? task_ctx_of(p) : NULL;
		if (tc)
			key = tc->key;
	}
	bpf_iter_scx_dsq_destroy(&it);
	return key;
}

#endif
