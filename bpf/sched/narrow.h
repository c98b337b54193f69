/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strategies that name CPUs. A task's affinity stays as it is: the task waits in
 * the queue of the set (mask.h) that is left of its affinity, which only CPUs of
 * that set serve. So without the strategy it has all its CPUs again at once.
 *
 * The kernel knows nothing of it: where it would pick a CPU by the affinity, or
 * let a task go on, the functions here are asked first. A task without such a
 * strategy costs a look at `restricted`.
 */
#ifndef GTHULHU_NARROW_H
#define GTHULHU_NARROW_H

#include "mask.h"

static __always_inline bool in_mask(u32 mask, s32 cpu)
{
	return cpu_masks[cpu & (GTHULHU_MAX_CPUS - 1)] >> (mask & 31) & 1;
}

/* Its strategy keeps @tc off @cpu. */
static __always_inline bool is_astray(const struct task_ctx *tc, s32 cpu)
{
	return tc->restricted && !in_mask(tc->mask - MASK_FIRST, cpu);
}

static __always_inline bool may_use(s32 cpu, const struct task_struct *p, const struct task_ctx *tc)
{
	return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && !is_astray(tc, cpu);
}

/* Known before it is queued: select_cpu comes first. */
static __always_inline bool is_restricted(struct task_struct *p, struct task_ctx *tc)
{
	if (!tc->cpus || p->nr_cpus_allowed == 1 || !nr_masks)
		return false;
	if (tc->mask == MASK_UNKNOWN)
		mask_look_up(p, tc);
	return tc->restricted;
}

/* @cpu, or where @tc is kept off it, one of its own. */
static __always_inline s32 home_of(struct task_struct *p, struct task_ctx *tc, s32 cpu)
{
	if (!is_restricted(p, tc) || !is_astray(tc, cpu))
		return cpu;
	return masks[(tc->mask - MASK_FIRST) & (GTHULHU_MAX_MASKS - 1)].first_cpu;
}

/* An idle CPU of the set and of @llc (any where that is -1), now promised to the caller; -1 when there is none. */
__noinline s32 idle_of_llc(u32 mask, s32 llc)
{
	int word, bit;

	bpf_for(word, 0, GTHULHU_CPU_SET_WORDS) {
		u64 bits;

		if (word * 64 >= nr_cpu_ids)
			break;
		bits = masks[mask & (GTHULHU_MAX_MASKS - 1)].words[word & (GTHULHU_CPU_SET_WORDS - 1)];
		if (!bits)
			continue;
		bpf_for(bit, 0, 64) {
			s32 cpu = word * 64 + __builtin_ctzll(bits);

			if ((llc < 0 || llc_of(cpu) == (u32)llc) && scx_bpf_test_and_clear_cpu_idle(cpu))
				return cpu;
			bits &= bits - 1;
			if (!bits)
				break;
		}
	}
	return -1;
}

/* An idle CPU of the set, @near itself before its neighbours, these before others. */
static __always_inline s32 idle_of_mask(u32 mask, s32 near)
{
	s32 cpu;

	if (in_mask(mask, near) && scx_bpf_test_and_clear_cpu_idle(near))
		return near;
	cpu = idle_of_llc(mask, llc_of(near));
	return cpu >= 0 || nr_llcs == 1 ? cpu : idle_of_llc(mask, -1);
}

static __always_inline s32 pick_idle(struct task_struct *p, const struct task_ctx *tc, s32 near)
{
	if (tc->restricted)
		return idle_of_mask(tc->mask - MASK_FIRST, near);
	return scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
}

#endif
