/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking user space for its opinion. The task is in its queue already, in the
 * kernel's own order: an answer that never comes costs it nothing.
 */
#ifndef GTHULHU_ASK_H
#define GTHULHU_ASK_H

#include "own.h"
#include "queue.h"

/* Silent for so long: nobody listens, nobody is asked. */
#define SILENCE_NS NSEC_PER_SEC
/* Records a wakeup of the policy thread, and how long the first may lie. */
#define ASK_BATCH 16
#define ASK_LINGER_NS (2 * NSEC_PER_MSEC)

u32 ask_shift;			/* ask one time in 2^shift: answers change little */
u32 asked_pending;
u64 asked_first_ns;

/* Never asked about, and never held: kernel threads, our own, and those that exit, whom answers do not find any more. */
static __always_inline bool may_be_asked_about(const struct task_struct *p)
{
	return !(p->flags & (PF_KTHREAD | PF_EXITING)) && !is_own(p);
}

static __always_inline bool may_ask(struct cpu_state *cpu, u64 now)
{
	if (dispatch_mode == DISPATCH_KERNEL)
		return false;
	if (!own_policy_pid || now - user_seen_ns > SILENCE_NS) {
		cpu->nr_silent++;
		return false;
	}
	tokens_fill(now);
	if (opinion_tokens_ns <= 0) {
		cpu->nr_budget_reached++;
		return false;
	}
	if (dispatch_mode == DISPATCH_STRICT)
		return true;
	/* by chance: tasks that take turns must not always be skipped at the same one */
	if (ask_shift && (bpf_get_prandom_u32() & ((1u << (ask_shift & 7)) - 1))) {
		cpu->nr_backed_off++;
		return false;
	}
	return true;
}

/* False where the record found no room. */
static __always_inline bool ask(struct task_struct *p, struct task_ctx *tc, struct cpu_state *cpu, s32 task_cpu,
				u64 slice, u32 waiting, u64 enq_flags)
{
	u64 wakeup = BPF_RB_NO_WAKEUP, before;
	struct task_record *r;

	r = bpf_ringbuf_reserve(&asked, sizeof(*r), 0);
	if (!r) {
		cpu->nr_ring_full++;
		return false;
	}
	before = now_ns();
	r->enq_ns = tc->enq_ns;
	r->key = tc->key;
	r->vtime = tc->vtime;
	r->clock = *clock_of(tc->basis);
	r->runtime_ns = tc->exec_mark_ns;
	r->burst_ns = tc->burst_ns > tc->burst_avg_ns ? tc->burst_ns : tc->burst_avg_ns;
	r->gen = tc->gen;
	r->slice_ns = slice;
	r->pid = p->pid;
	r->tgid = p->tgid;
	r->cpu = task_cpu;
	r->weight = p->scx.weight;
	r->queue = tc->queue;
	r->flags = (u32)enq_flags;
	r->priority = tc->priority;
	r->nr_waiting = waiting;
	if (!asked_pending++)
		asked_first_ns = tc->enq_ns;
	if (dispatch_mode == DISPATCH_STRICT)
		wakeup = 0;	/* at once: it is held until it is answered */
	else if (asked_pending >= ASK_BATCH || tc->enq_ns - asked_first_ns > ASK_LINGER_NS) {
		asked_pending = 0;
		wakeup = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(r, wakeup);
	if (!(cpu->nr_opinions_asked++ & 63))
		record_cost_ns = (3 * record_cost_ns + (now_ns() - before)) / 4;
	tokens_spend(record_cost_ns);
	return true;
}

#endif
