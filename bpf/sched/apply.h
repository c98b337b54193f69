/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Applying opinions: a SYSCALL program moves each task inside the queue where
 * it waits. Nothing leaves a queue, nothing waits for anybody.
 *
 * An opinion is a wish. Its key is clamped to one slice around the kernel's
 * own, so that a policy that always favours one task, or answers nonsense,
 * moves that task by a slice once and starves nobody. In a crowd it is a turn.
 */
#ifndef GTHULHU_APPLY_H
#define GTHULHU_APPLY_H

#include "ask.h"
#include "crowd.h"
#include "strict.h"

#define SLICE_MAX_NS NSEC_PER_SEC
/* A task that waited this long is none of the policy's business any more. */
#define OPINION_EXPIRES_NS (250 * NSEC_PER_MSEC)
/* Answers looked at before asking gets rarer or more frequent again. */
#define EFFECT_WINDOW 32
#define ASK_SHIFT_MAX 6

s64 opinion_shift_avg_ns;	/* what opinions add to the key on average */
u32 effect_seen, effect_unchanged;

struct apply_args {
	u32 n;
	u32 pad;
};

/* By itself, as what follows: verified once, where 6.12 would go through all of its ways in each round of the loop. */
__noinline u64 clamp_key(u64 wish, u64 own)
{
#ifdef SABOTAGE_UNCLAMPED
	return wish;
#else
	u64 lowest = own - CREDIT_NS, highest = own + CREDIT_NS;

	if (time_before(wish, lowest))
		return lowest;
	if (time_before(highest, wish))
		return highest;
	return wish;
#endif
}

/*
 * What all opinions have in common is no opinion: only some tasks are asked about,
 * and those must neither gain nor lose by it against the others.
 */
__noinline u64 centred(u64 key, u64 own)
{
#ifdef SABOTAGE_UNCLAMPED
	return key;
#else
	return clamp_key(key - opinion_shift_avg_ns, own);
#endif
}

/* Which queue a wish for @cpu means; the task's own where it makes no sense. */
static __always_inline u32 queue_wished(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	if (cpu < 0 || tc->queue & ~GTHULHU_QUEUE_INDEX)
		return tc->queue;
	if (cpu >= nr_cpu_ids || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
		__sync_fetch_and_add(&opinions.nr_bounced, 1);
		return tc->queue;
	}
	return llc_of(cpu);
}

__noinline int note_effect(u64 key, u64 own)
{
	s64 shift = (s64)(key - own), off = shift - opinion_shift_avg_ns;

	opinion_shift_avg_ns += off >> 4;
	effect_seen++;
	if (off < (s64)slice_min_ns && off > -(s64)slice_min_ns) {
		effect_unchanged++;
		__sync_fetch_and_add(&opinions.nr_unchanged, 1);
	}
	if (effect_seen < EFFECT_WINDOW)
		return 0;
	if (effect_unchanged >= EFFECT_WINDOW - 1) {
		if (ask_shift < ASK_SHIFT_MAX)
			ask_shift++;
	} else if (effect_unchanged < EFFECT_WINDOW * 7 / 8 && ask_shift) {
		ask_shift--;
	}
	effect_seen = 0;
	effect_unchanged = 0;
	return 0;
}

/* 0: the kernel's own. */
__noinline u64 clamp_slice(u64 slice)
{
	if (slice && slice < slice_min_ns)
		return slice_min_ns;
	return slice > SLICE_MAX_NS ? SLICE_MAX_NS : slice;
}

/* Where an opinion, within its bounds, puts a task that waits in @queue with a vtime on the clock of @basis. */
__noinline u64 key_by_opinion(u64 wish, u64 own, u32 basis, u32 queue, u32 waiters)
{
	u64 key;

	note_effect(wish, own);
	key = centred(wish, own);
	if (!is_crowd(queue, waiters))
		return key;
#ifndef SABOTAGE_UNCLAMPED
	key = turn_around(key, own, queue, waiters);
#endif
	return key_in_crowd(key, *clock_of(basis), queue, waiters);
}

/* The same distance from the clock of another LLC. */
__noinline u64 key_moved(u64 key, u32 from, u32 to)
{
	return from == to ? key : key + llc_state_of(to)->clock - llc_state_of(from)->clock;
}

static __always_inline void apply_one(struct task_struct *p, const struct decision *d, u64 now)
{
	struct task_ctx *tc = task_ctx_of(p);
	struct bpf_iter_scx_dsq it;
	u64 key, slice, enq_ns;
	u32 from, to;

	if (!tc) {
		__sync_fetch_and_add(&opinions.nr_gone, 1);
		return;
	}
	enq_ns = tc->enq_ns;
	if (!enq_ns || tc->gen != d->gen) {
		__sync_fetch_and_add(&opinions.nr_late, 1);
		return;
	}
	if (now - enq_ns > OPINION_EXPIRES_NS) {
		__sync_fetch_and_add(&opinions.nr_expired, 1);
		return;
	}
	key = clamp_key(d->key, tc->key);
	if (key != d->key)
		__sync_fetch_and_add(&opinions.nr_clamped, 1);
	slice = clamp_slice(d->slice_ns);
	from = tc->queue;
	to = queue_wished(p, tc, d->cpu);
	key = key_moved(key_by_opinion(key, tc->key, tc->basis, from, tc->waiters), from, to);
#ifdef SABOTAGE_SECOND_QUEUE
	if (bpf_iter_scx_dsq_new(&it, DSQ_ID(QUEUE_SABOTAGE, 0), 0)) {
#else
	if (bpf_iter_scx_dsq_new(&it, dsq_of(from), 0)) {
#endif
		__sync_fetch_and_add(&opinions.nr_failed, 1);
	} else if (dsq_move_vtime(&it, p, dsq_of(to), slice, key)) {
		tc->decided_gen = d->gen;
		tc->queue = to;
		__sync_fetch_and_add(&opinions.nr_applied, 1);
		if (dispatch_mode == DISPATCH_STRICT)
			kick_idle_for(p, to);
	} else {
		__sync_fetch_and_add(&opinions.nr_late, 1);
	}
	bpf_iter_scx_dsq_destroy(&it);
}

SEC("syscall")
int apply(struct apply_args *args)
{
	u64 now = now_ns();
	u32 n = args->n;
	int i;

	user_seen_ns = now;
	if (n > GTHULHU_MAX_DECISIONS)
		n = GTHULHU_MAX_DECISIONS;
	__sync_fetch_and_add(&opinions.nr_decisions, n);
	bpf_for(i, 0, n) {
		const struct decision *d = &decisions[i & (GTHULHU_MAX_DECISIONS - 1)];
		struct task_struct *p;

		if (d->pid <= 0) {
			__sync_fetch_and_add(&opinions.nr_invalid, 1);
			continue;
		}
		p = bpf_task_from_pid(d->pid);
		if (!p) {
			__sync_fetch_and_add(&opinions.nr_gone, 1);
			continue;
		}
		/* sleepable program: the queue's iterator needs the RCU section */
		bpf_rcu_read_lock();
		apply_one(p, d, now);
		bpf_rcu_read_unlock();
		bpf_task_release(p);
	}
	return 0;
}

#endif
