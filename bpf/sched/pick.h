/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding somebody in a queue who is not its first, and taking that one: bounded
 * work, from the end of the queue. By itself, so that it is verified once.
 */
#ifndef GTHULHU_PICK_H
#define GTHULHU_PICK_H

#include "vtime.h"

#define PICK_LOOK 64		/* tasks looked at, at most */

enum pick_by {
	BY_KEY,			/* where the kernel's own order has them */
	BY_ARRIVAL,		/* since when they wait */
};

static __always_inline u64 rank_of(const struct task_ctx *tc, u32 by)
{
	return by == BY_ARRIVAL ? tc->enq_ns : tc->key;
}

/* The least rank among those in @dsq who may run on @cpu; NO_HEAD: nobody may. */
__noinline u64 least_rank(u64 dsq, s32 cpu, u32 by)
{
	struct bpf_iter_scx_dsq it;
	u64 least = NO_HEAD;
	int i;

	if (!bpf_iter_scx_dsq_new(&it, dsq, KVAL(scx_dsq_iter_flags, SCX_DSQ_ITER_REV))) {
		bpf_for(i, 0, PICK_LOOK) {
			struct task_struct *p = bpf_iter_scx_dsq_next(&it);
			struct task_ctx *tc;

			if (!p)
				break;
			tc = task_ctx_of(p);
			if (tc && tc->enq_ns && may_move_to(p, cpu))
				least = earlier(least, rank_of(tc, by));
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return least;
}

/* Takes the one of that rank. False where another CPU was faster. @rescued: its turn is its own until it has really run. */
__noinline bool take_ranked(u64 dsq, s32 cpu, u32 by, u64 rank, bool rescued)
{
	struct bpf_iter_scx_dsq it;
	bool taken = false;
	int i;

	if (!bpf_iter_scx_dsq_new(&it, dsq, KVAL(scx_dsq_iter_flags, SCX_DSQ_ITER_REV))) {
		bpf_for(i, 0, PICK_LOOK) {
			struct task_struct *p = bpf_iter_scx_dsq_next(&it);
			struct task_ctx *tc;

			if (!p)
				break;
			tc = task_ctx_of(p);
			if (!tc || rank_of(tc, by) != rank || !may_move_to(p, cpu))
				continue;
			taken = dsq_move(&it, p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL));
			if (taken && rescued) {
				tc->owed = 1;
				tc->turn_start_ns = p->se.sum_exec_runtime;
			}
			break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return taken;
}

#endif
