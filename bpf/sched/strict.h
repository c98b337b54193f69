/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch `strict`, for work on policies: a task is held, in its queue, until
 * its opinion is there or `strict_deadline_ns` is over. Held tasks have keys
 * behind all others, in the order they came; an opinion, or the keeper's timer
 * at the deadline, gives them their place. Who is not asked is not held: a dead
 * policy, a spent budget or a full ring cost nobody anything.
 */
#ifndef GTHULHU_STRICT_H
#define GTHULHU_STRICT_H

#include "vtime.h"

#define RELEASE_MAX 256		/* tasks of a queue looked at by one round of the timer */

u64 nr_deadlines;		/* tasks that were taken without the opinion they were held for */

static __always_inline bool is_held(u64 key)
{
	return dispatch_mode == DISPATCH_STRICT && key != NO_HEAD && key >= HOLD_KEY;
}

/* A head that may be taken now: a held one is nobody's until its time is over. */
static __always_inline u64 takeable(u64 head)
{
	if (!is_held(head))
		return head;
	return now_ns() - (head - HOLD_KEY) < strict_deadline_ns ? NO_HEAD : CREDIT_NS;
}

/* A CPU to be told of somebody in @queue, which is not one of an LLC; -1: none. By itself: verified once. */
__noinline s32 idle_of_queue(u32 queue, s32 prev_cpu)
{
	if (queue & GTHULHU_QUEUE_CPU)
		return queue & GTHULHU_QUEUE_INDEX;
	return idle_of_mask(mask_of_queue(queue), prev_cpu);
}

/* Somebody in @queue may be taken now: wakes a CPU that could. */
static __always_inline void kick_idle_for(struct task_struct *p, u32 queue)
{
	s32 cpu;

	if (queue & (GTHULHU_QUEUE_CPU | GTHULHU_QUEUE_MASK))
		cpu = idle_of_queue(queue, scx_bpf_task_cpu(p));
	else
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, KVAL(scx_kick_flags, SCX_KICK_IDLE));
}

/* Puts those whose time is over where the kernel's own order has them. Not with a run queue locked. */
__noinline int release_from(u32 queue, u64 now)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u32 released = 0;
	int i;

	if (!queued_in(dsq_of(queue)))
		return 0;
	/* the timer of a sleepable program is one too: the queue's iterator needs the RCU section */
	bpf_rcu_read_lock();
	if (!bpf_iter_scx_dsq_new(&it, dsq_of(queue), KVAL(scx_dsq_iter_flags, SCX_DSQ_ITER_REV))) {
		bpf_for(i, 0, RELEASE_MAX) {
			struct task_ctx *tc;

			p = bpf_iter_scx_dsq_next(&it);
			if (!p || !is_held(p->scx.dsq_vtime))
				break;
			if (now - (p->scx.dsq_vtime - HOLD_KEY) < strict_deadline_ns)
				continue;
			tc = task_ctx_of(p);
			if (tc && dsq_move_vtime(&it, p, dsq_of(queue), 0, tc->key)) {
				released++;
				kick_idle_for(p, queue);
			}
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	__sync_fetch_and_add(&nr_deadlines, released);
	return 0;
}

#endif
