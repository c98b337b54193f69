/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks that may use some CPUs only: cpusets, exclusive CPUs, taskset. In the
 * queue of their LLC a CPU that they may not use would walk past every one of
 * them, with the queue locked: two exclusive CPUs beside a pool of thousands
 * would do nothing else. So a set of CPUs has queues of its own, one an LLC,
 * and a CPU looks into those of the sets that it belongs to.
 *
 * There are GTHULHU_MAX_MASKS sets at most; a set that no task has any more
 * makes room. Tasks whose set finds no room wait in the queue of their LLC.
 */
#ifndef GTHULHU_MASK_H
#define GTHULHU_MASK_H

#include "queue.h"

/* task_ctx.mask */
#define MASK_UNKNOWN 0		/* to be looked up when it is queued next */
#define MASK_NONE 1		/* any CPU that is online, or no room */
#define MASK_FIRST 2		/* + index into masks[] */

#define MASK_WORDS (GTHULHU_MAX_CPUS / 64)

/* Looking up and giving back: rare, when an affinity has changed. */
struct mask_table {
	struct bpf_spin_lock lock;
	u32 users[GTHULHU_MAX_MASKS];
	u64 hashes[GTHULHU_MAX_MASKS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mask_table);
} mask_table SEC(".maps");

/* FNV-1a, 64 bits, a word at a time. Two sets with one hash would share a queue: slower, not wrong. */
static __always_inline u64 mask_hash(const struct cpumask *cpus)
{
	u64 hash = 0xcbf29ce484222325ULL, word;
	int i;

	bpf_for(i, 0, MASK_WORDS) {
		if (i * 64 >= nr_cpu_ids)
			break;
		word = 0;
		bpf_probe_read_kernel(&word, sizeof(word), (const void *)cpus + i * 8);
		hash = (hash ^ word) * 0x100000001b3ULL;
	}
	return hash ?: 1;
}

static __noinline void mask_forget(struct task_ctx *tc)
{
	u32 zero = 0, mask = tc->mask - MASK_FIRST;
	struct mask_table *t = bpf_map_lookup_elem(&mask_table, &zero);

	tc->mask = MASK_UNKNOWN;
	if (!t || mask >= GTHULHU_MAX_MASKS)
		return;
	bpf_spin_lock(&t->lock);
	if (t->users[mask & (GTHULHU_MAX_MASKS - 1)])
		t->users[mask & (GTHULHU_MAX_MASKS - 1)]--;
	bpf_spin_unlock(&t->lock);
}

/* The number of the set, with one more user; GTHULHU_MAX_MASKS where there is no room. */
static __noinline u32 mask_claim(u64 hash, bool *fresh)
{
	struct mask_table *t;
	u32 zero = 0, found = GTHULHU_MAX_MASKS, room = GTHULHU_MAX_MASKS, i;

	*fresh = false;
	t = bpf_map_lookup_elem(&mask_table, &zero);
	if (!t)
		return found;
	bpf_spin_lock(&t->lock);
	for (i = 0; i < GTHULHU_MAX_MASKS; i++) {
		if (i >= nr_masks)
			break;
		if (t->users[i] && t->hashes[i] == hash) {
			found = i;
			break;
		}
		if (!t->users[i] && room == GTHULHU_MAX_MASKS)
			room = i;
	}
	if (found == GTHULHU_MAX_MASKS && room < GTHULHU_MAX_MASKS) {
		found = room;
		t->hashes[room & (GTHULHU_MAX_MASKS - 1)] = hash;
		*fresh = true;
	}
	if (found < GTHULHU_MAX_MASKS)
		t->users[found & (GTHULHU_MAX_MASKS - 1)]++;
	bpf_spin_unlock(&t->lock);
	return found;
}

static __noinline void mask_look_up(struct task_struct *p, struct task_ctx *tc)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	bool everywhere = bpf_cpumask_subset(online, p->cpus_ptr), fresh;
	u32 mask;
	int i;

	scx_bpf_put_cpumask(online);
	tc->mask = MASK_NONE;
	if (everywhere)
		return;
	mask = mask_claim(mask_hash(p->cpus_ptr), &fresh);
	if (mask >= GTHULHU_MAX_MASKS) {
		nr_masks_refused++;
		return;
	}
	tc->mask = MASK_FIRST + mask;
	if (!fresh)
		return;
	masks[mask].nr_cpus = p->nr_cpus_allowed;
	bpf_for(i, 0, nr_cpu_ids) {
		u32 *bits = &cpu_masks[i & (GTHULHU_MAX_CPUS - 1)];

		if (bpf_cpumask_test_cpu(i, p->cpus_ptr))
			__sync_fetch_and_or(bits, 1u << mask);
		else
			__sync_fetch_and_and(bits, ~(1u << mask));
	}
}

/* Per-CPU kernel threads skip the queues; anything else with one CPU has its own. */
static __always_inline u32 queue_for(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	if (p->nr_cpus_allowed == 1 || !has_shared_queue())
		return GTHULHU_QUEUE_CPU | (u32)cpu;
	if (p->nr_cpus_allowed >= nr_possible_cpus || !tc || !nr_masks)
		return llc_of(cpu);
	if (tc->mask == MASK_UNKNOWN)
		mask_look_up(p, tc);
	if (tc->mask < MASK_FIRST)
		return llc_of(cpu);
	return GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(tc->mask - MASK_FIRST, llc_of(cpu));
}

/*
 * Sets that may have somebody waiting in @llc. Set before the task is in its
 * queue, which the kernel does after `enqueue`: cleared only when the queue is
 * empty and has been for a while.
 */
static __always_inline void mask_note_waiting(u32 queue)
{
	struct llc_state *l = llc_state_of(queue & (GTHULHU_MAX_LLCS - 1));
	u32 bit = 1u << mask_of_queue(queue);

	l->masks_jiffies = bpf_jiffies64();
	if (!(l->masks_waiting & bit))
		__sync_fetch_and_or(&l->masks_waiting, bit);
}

/* Sets with somebody waiting in @llc whom @cpu may serve; 0 nearly always. */
static __always_inline u32 masks_for(s32 cpu, u32 llc)
{
	return nr_masks ? llc_state_of(llc)->masks_waiting & cpu_masks[cpu & (GTHULHU_MAX_CPUS - 1)] : 0;
}

/*
 * The set whose first task has the earliest claim; GTHULHU_MAX_MASKS when nobody waits. Not static, here and elsewhere:
 * such functions are verified once, and not again for each of their callers.
 */
__noinline u32 mask_earliest(u32 llc, u32 bits)
{
	struct llc_state *l = llc_state_of(llc);
	bool settled = bpf_jiffies64() - l->masks_jiffies > 2;
	u32 earliest = GTHULHU_MAX_MASKS;
	u64 head = NO_HEAD;
	int i;

	bpf_for(i, 0, nr_masks) {
		u64 key;

		if (!(bits >> (i & 31) & 1))
			continue;
		key = dsq_head_vtime(DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(i, llc)));
		if (key == NO_HEAD) {
			if (settled)
				__sync_fetch_and_and(&l->masks_waiting, ~(1u << (i & 31)));
		} else if (head == NO_HEAD || time_before(key, head)) {
			head = key;
			earliest = i;
		}
	}
	return earliest;
}

__noinline u32 masks_queued(u32 llc, u32 bits)
{
	u32 queued = 0;
	int i;

	bpf_for(i, 0, nr_masks) {
		if (bits >> (i & 31) & 1)
			queued += queued_in(DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(i, llc)));
	}
	return queued;
}

/* Everybody who waits for @cpu and its like. */
static __always_inline u32 nr_waiting(s32 cpu)
{
	u32 llc = llc_of(cpu), bits = masks_for(cpu, llc), waiting = 0;

	if (cpu_private_of(cpu)->pinned)
		waiting = queued_in(DSQ_ID(QUEUE_CPU, cpu));
	if (has_shared_queue())
		waiting += queued_in(DSQ_ID(QUEUE_LLC, llc));
	if (bits)
		waiting += masks_queued(llc, bits);
	if (llc_state_of(llc)->urgent_jiffies)
		waiting += queued_in(DSQ_ID(QUEUE_URGENT, llc));
	return waiting;
}

#endif
