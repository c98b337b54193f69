/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks that may use some CPUs only: cpusets, exclusive CPUs, taskset, strategies
 * that name CPUs (narrow.h). In the queue of their LLC a CPU that they may not use
 * would walk past every one of them, with the queue locked: two exclusive CPUs
 * beside a pool of thousands would do nothing else. So a set of CPUs has queues of
 * its own, one an LLC, and a CPU looks into those of the sets that it belongs to.
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

_Static_assert(MASK_WORDS == GTHULHU_CPU_SET_WORDS, "an affinity and a strategy's CPUs are compared word by word");

/* @cpumask: where it lies, as a number. So what looks at it can be verified by itself, once. */
static __always_inline u64 mask_word(u64 cpumask, int i)
{
	u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (const void *)cpumask + i * 8);
	return word;
}

/* The word of a strategy's CPUs with the numbers from 64 * @i on. */
static __always_inline u64 set_word(u32 cpus, int i)
{
	u32 at = (cpus & (GTHULHU_MAX_CPU_SETS - 1)) * GTHULHU_CPU_SET_WORDS + i;

	return cpu_set_words[at & (GTHULHU_MAX_CPU_SETS * GTHULHU_CPU_SET_WORDS - 1)];
}

static __always_inline bool set_has(u32 cpus, s32 cpu)
{
	return set_word(cpus, cpu >> 6) >> (cpu & 63) & 1;
}

/* The CPUs from 64 * @i on that are left of an affinity when a strategy names others (@cpus 0: none does). */
static __always_inline u64 usable_word(u64 affinity, u32 cpus, int i)
{
	u64 word = mask_word(affinity, i);

	return cpus ? word & set_word(cpus, i) : word;
}

struct mask_sum {
	u64 hash;
	s32 first_cpu;		/* online; -1: none is */
	bool everywhere;	/* every CPU that is online */
	bool narrowed;		/* the strategy leaves out one that is online and that the affinity has */
};

/* FNV-1a, 64 bits, a word at a time. Two affinities with one hash would share a queue: slower, not wrong. */
__noinline int mask_measure(u64 affinity, u32 cpus, struct mask_sum *sum)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	u64 hash = 0xcbf29ce484222325ULL;
	int i;

	if (!sum)
		goto out;
	sum->first_cpu = -1;
	sum->everywhere = true;
	sum->narrowed = false;
	bpf_for(i, 0, MASK_WORDS) {
		u64 word, there;

		if (i * 64 >= nr_cpu_ids)
			break;
		word = usable_word(affinity, cpus, i);
		there = mask_word((u64)online, i);
		hash = (hash ^ word) * 0x100000001b3ULL;
		if (there & ~word)
			sum->everywhere = false;
		if (there & ~word & mask_word(affinity, i))
			sum->narrowed = true;
		word &= there;
		if (word && sum->first_cpu < 0)
			sum->first_cpu = i * 64 + __builtin_ctzll(word);
	}
	sum->hash = hash ?: 1;
out:
	scx_bpf_put_cpumask(online);
	return 0;
}

static __noinline void mask_forget(struct task_ctx *tc)
{
	u32 zero = 0, mask = tc->mask - MASK_FIRST;
	struct mask_table *t = bpf_map_lookup_elem(&mask_table, &zero);

	tc->mask = MASK_UNKNOWN;
	tc->restricted = 0;
	if (!t || mask >= GTHULHU_MAX_MASKS)
		return;
	bpf_spin_lock(&t->lock);
	if (t->users[mask & (GTHULHU_MAX_MASKS - 1)])
		t->users[mask & (GTHULHU_MAX_MASKS - 1)]--;
	bpf_spin_unlock(&t->lock);
}

#define MASK_FRESH 0x100	/* nobody had it before: it is to be filled, then published */

/*
 * The number of the set, with one more user; GTHULHU_MAX_MASKS where there is no room. Not static: its callers would be
 * verified again for each number that it can give. Two loops: in one, for each pair of numbers.
 */
__noinline u32 mask_claim(u64 hash)
{
	struct mask_table *t;
	u32 zero = 0, i, fresh = 0;

	t = bpf_map_lookup_elem(&mask_table, &zero);
	if (!t)
		return GTHULHU_MAX_MASKS;
	bpf_spin_lock(&t->lock);
	for (i = 0; i < GTHULHU_MAX_MASKS; i++) {
		if (i >= nr_masks || (t->users[i] && t->hashes[i] == hash))
			break;
	}
	if (i >= nr_masks || i >= GTHULHU_MAX_MASKS) {
		fresh = MASK_FRESH;
		for (i = 0; i < GTHULHU_MAX_MASKS; i++) {
			if (i >= nr_masks || !t->users[i])
				break;
		}
	}
	if (i >= nr_masks || i >= GTHULHU_MAX_MASKS) {
		bpf_spin_unlock(&t->lock);
		return GTHULHU_MAX_MASKS;
	}
	t->users[i & (GTHULHU_MAX_MASKS - 1)]++;
	/* found by nobody before it is filled */
	if (fresh)
		t->hashes[i & (GTHULHU_MAX_MASKS - 1)] = 0;
	bpf_spin_unlock(&t->lock);
	return i | fresh;
}

static __always_inline void mask_publish(u32 mask, u64 hash)
{
	u32 zero = 0;
	struct mask_table *t = bpf_map_lookup_elem(&mask_table, &zero);

	if (!t)
		return;
	bpf_spin_lock(&t->lock);
	t->hashes[mask & (GTHULHU_MAX_MASKS - 1)] = hash;
	bpf_spin_unlock(&t->lock);
}

__noinline int mask_look_up_by(struct task_ctx *tc, u64 affinity)
{
	struct mask_sum sum = {};
	u32 claimed, mask, cpus;
	int i;

	if (!tc)
		return 0;
	cpus = tc->cpus;
	mask_measure(affinity, cpus, &sum);
	if (cpus && sum.first_cpu < 0) {
		nr_cpus_ignored++;
		cpus = 0;
		mask_measure(affinity, cpus, &sum);
	}
	tc->mask = MASK_NONE;
	tc->restricted = 0;
	if (sum.everywhere)
		return 0;
	claimed = mask_claim(sum.hash);
	mask = claimed & ~MASK_FRESH;
	if (mask >= GTHULHU_MAX_MASKS) {
		nr_masks_refused++;
		if (sum.narrowed)
			nr_cpus_ignored++;
		return 0;
	}
	tc->mask = MASK_FIRST + mask;
	tc->restricted = sum.narrowed;
	if (!(claimed & MASK_FRESH))
		return 0;
	masks[mask].first_cpu = sum.first_cpu;
	bpf_for(i, 0, nr_llcs)
		mask_queues[MASK_QUEUE_AT(mask, i)].nr_cpus = 0;
	bpf_for(i, 0, MASK_WORDS) {
		if (i * 64 >= nr_cpu_ids)
			break;
		masks[mask].words[i & (GTHULHU_CPU_SET_WORDS - 1)] = usable_word(affinity, cpus, i);
	}
	bpf_for(i, 0, nr_cpu_ids) {
		u32 *bits = &cpu_masks[i & (GTHULHU_MAX_CPUS - 1)];

		if (masks[mask].words[(i / 64) & (GTHULHU_CPU_SET_WORDS - 1)] >> (i & 63) & 1) {
			__sync_fetch_and_or(bits, 1u << mask);
			mask_queues[MASK_QUEUE_AT(mask, llc_of(i))].nr_cpus++;
		} else {
			__sync_fetch_and_and(bits, ~(1u << mask));
		}
	}
	mask_publish(mask, sum.hash);
	return 0;
}

static __always_inline void mask_look_up(const struct task_struct *p, struct task_ctx *tc)
{
	u64 affinity = 0;

	bpf_core_read(&affinity, sizeof(affinity), &p->cpus_ptr);
	mask_look_up_by(tc, affinity);
}

static __always_inline u64 earlier(u64 a, u64 b)
{
	return a == NO_HEAD || (b != NO_HEAD && time_before(b, a)) ? b : a;
}

/* Per-CPU kernel threads skip the queues; anything else with one CPU has its own. */
static __always_inline u32 queue_for(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	if (p->nr_cpus_allowed == 1 || !has_shared_queue())
		return GTHULHU_QUEUE_CPU | (u32)cpu;
	if (!tc || !nr_masks || (p->nr_cpus_allowed >= nr_possible_cpus && !tc->cpus))
		return llc_of(cpu);
	if (tc->mask == MASK_UNKNOWN)
		mask_look_up(p, tc);
	if (tc->mask < MASK_FIRST)
		return llc_of(cpu);
	return GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(tc->mask - MASK_FIRST, llc_of(cpu));
}

/* A queue found empty so long after somebody was last on the way into it is empty. */
#define SETTLED_JIFFIES 2

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
	/* in this order, and always: whoever clears the bit meanwhile sees the time, or is seen (mask_settle) */
	__sync_fetch_and_or(&l->masks_waiting, bit);
}

/* Nobody waits in the queue of this set any more. Somebody may come just now. */
static __always_inline void mask_settle(struct llc_state *l, u32 bit)
{
	__sync_fetch_and_and(&l->masks_waiting, ~bit);
	if (bpf_jiffies64() - READ_ONCE(l->masks_jiffies) <= SETTLED_JIFFIES)
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
	bool settled = bpf_jiffies64() - READ_ONCE(l->masks_jiffies) > SETTLED_JIFFIES;
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
				mask_settle(l, 1u << (i & 31));
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

/* Those who wait for @cpu and no other. */
static __always_inline u32 nr_pinned(s32 cpu)
{
	return cpu_private_of(cpu)->pinned ? queued_in(DSQ_ID(QUEUE_CPU, cpu)) : 0;
}

static __always_inline u32 urgent_waiting(u32 llc)
{
	return llc_state_of(llc)->urgent_jiffies ? queued_in(DSQ_ID(QUEUE_URGENT, llc)) : 0;
}

/* Everybody who waits for @cpu and its like. */
static __always_inline u32 nr_waiting(s32 cpu)
{
	u32 llc = llc_of(cpu), bits = masks_for(cpu, llc), waiting = nr_pinned(cpu);

	if (has_shared_queue())
		waiting += queued_in(DSQ_ID(QUEUE_LLC, llc));
	if (bits)
		waiting += masks_queued(llc, bits);
	return waiting + urgent_waiting(llc);
}

/* Those who wait in the kernel's own queue of @cpu, which nr_waiting() does not count: put there at once, before the queues. */
static __always_inline u32 nr_local(s32 cpu)
{
	return queued_in(KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) | (u32)cpu);
}

/* Somebody waits for @cpu, wherever. */
static __always_inline bool is_wanted(s32 cpu)
{
	return nr_waiting(cpu) || nr_local(cpu);
}

#endif
