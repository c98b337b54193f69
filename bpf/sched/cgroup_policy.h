/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which policy a task has. A strategy that names workloads is an entry for their
 * cgroups, and holds for every task in them from its first instruction. One that
 * names commands is kept with the task (`own`), for which user space has matched
 * it. Of a task's own and that of the nearest cgroup with an entry, the one with
 * the smaller rank applies, whole.
 *
 * To look that up takes a walk over the cgroups above the task. So it is settled
 * once, and again when policies have changed (`policy_seq`) or the task's cgroups
 * have (`task_struct.cgroups`): two comparisons each time it is queued. No event
 * is needed for that, so none can be lost: not of a move, not of CLONE_INTO_CGROUP.
 * What that would not see is a set of cgroups that lies where the one before lay:
 * a task that sleeps through two moves, the only one to leave the first set, with
 * an RCU grace period between them. The next change of policies sees it.
 *
 * A unit that has just come has no entry yet: it is known by its name until
 * then (unit_policy.h).
 *
 * Kernel threads and the scheduler's own take no policy.
 */
#ifndef GTHULHU_CGROUP_POLICY_H
#define GTHULHU_CGROUP_POLICY_H

#include "own.h"
#include "tickless.h"
#include "unit_policy.h"

#define SLICE_STRATEGY_MIN_NS (100 * 1000ULL)

/* By the cgroup's id, which is never used again. Written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTHULHU_MAX_CGROUP_POLICIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct cgroup_entry);
} cgroup_policies SEC(".maps");

#ifdef SABOTAGE_NO_ANCESTORS
#define POLICY_LEVELS 1
#else
#define POLICY_LEVELS GTHULHU_MAX_LEVELS
#endif

/* What applies to a task with this context and these cgroups. @css as a number: nothing of it is held. */
__noinline int policy_find(struct task_ctx *tc, u64 css, struct policy_found *found)
{
	u64 seq = policy_seq, id;
	int unit = NO_UNIT;
	struct cgroup *cgrp;
	int i;

	if (!tc || !found)
		return 0;
	cgrp = cgroup_of(css);
	if (has_unit_policies)
		unit = unit_above(css);
	if (has_cgroup_policies || unit != NO_UNIT) {
		bpf_for(i, 0, POLICY_LEVELS) {
			struct cgroup_entry *entry;

			id = ancestor_id(cgrp, i);
			if (!id)
				break;
			entry = bpf_map_lookup_elem(&cgroup_policies, &id);
			if (entry && in_force(entry, seq)->rank)
				found->policy = *in_force(entry, seq);
			else if (i == unit)
				unit_find(css, i, found);
			if (!found->policy.rank)
				continue;
			found->source = POLICY_CGROUP;
			found->cgroup = id;
			break;
		}
	}
	if (!has_command_policies || !tc->own.rank || (found->policy.rank && found->policy.rank < tc->own.rank))
		return 0;
	if (tc->own_cgroup && tc->own_cgroup != ancestor_id(cgrp, 0))
		return 0;
	found->policy = tc->own;
	found->source = POLICY_TASK;
	found->cgroup = 0;
	return 0;
}

static __always_inline u64 slice_within(u64 slice)
{
	if (slice && slice < SLICE_STRATEGY_MIN_NS)
		return SLICE_STRATEGY_MIN_NS;
	return slice > NSEC_PER_SEC ? NSEC_PER_SEC : slice;
}

static __always_inline bool is_settled_as(const struct task_ctx *tc, const struct policy_found *found)
{
	return tc->policy_source == found->source && tc->policy_cgroup == found->cgroup &&
		tc->strategy == found->policy.strategy && tc->priority == found->policy.priority &&
		tc->slice_ns == found->policy.slice_ns && tc->cpus == found->policy.cpus;
}

/* The policy of its cgroups and its command as it is now; none for whom none is meant. */
static __always_inline void policy_now(struct task_struct *p, struct task_ctx *tc, struct policy_found *found)
{
	u64 css = 0;

	found->policy.priority = GTHULHU_NO_PRIORITY;
	if ((p->flags & PF_KTHREAD) || is_own(p))
		return;
	bpf_core_read(&css, sizeof(css), &p->cgroups);
	policy_find(tc, css, found);
	found->policy.slice_ns = slice_within(found->policy.slice_ns);
	if (found->policy.priority > GTHULHU_NO_PRIORITY)
		found->policy.priority = GTHULHU_NO_PRIORITY;
}

static __noinline void policy_settle(struct task_struct *p, struct task_ctx *tc)
{
	struct policy_found found = {};

	/* first: what changes from here on makes it look again */
	tc->policy_seq = policy_seq;
	tc->policy_css = (u64)p->cgroups;
	policy_now(p, tc, &found);
	if (is_settled_as(tc, &found))
		return;
	tc->policy_since_ns = now_ns();
	tc->policy_source = found.source;
	tc->policy_cgroup = found.cgroup;
	tc->strategy = found.policy.strategy;
	tc->priority = found.policy.priority;
	tc->slice_ns = found.policy.slice_ns;
	if (tc->cpus == found.policy.cpus)
		return;
	tc->cpus = found.policy.cpus;
	/* the others are counted when the queue of their set is looked up */
	if (tc->cpus && (p->nr_cpus_allowed == 1 || !nr_masks) && !set_has(tc->cpus, scx_bpf_task_cpu(p)))
		nr_cpus_ignored++;
	if (tc->mask >= MASK_FIRST)
		mask_forget(tc);
	else
		tc->mask = MASK_UNKNOWN;
}

/* Called where a task is not queued: before it is, and while it runs. */
static __always_inline void policy_refresh(struct task_struct *p, struct task_ctx *tc)
{
	if (policy_seq && (tc->policy_seq != policy_seq || tc->policy_css != (u64)p->cgroups))
		policy_settle(p, tc);
}

/* At fork: as its parent, until it is queued for the first time, when its cgroups are known. */
static __always_inline void policy_inherit(struct task_ctx *tc, const struct task_ctx *parent)
{
	tc->priority = parent->priority;
	tc->slice_ns = parent->slice_ns;
	tc->strategy = parent->strategy;
	tc->cpus = parent->cpus;
	tc->policy_source = parent->policy_source;
	tc->policy_cgroup = parent->policy_cgroup;
	tc->policy_seq = parent->policy_seq;
	tc->policy_css = parent->policy_css;
#ifndef SABOTAGE_NO_INHERITANCE
	tc->own = parent->own;
	tc->own_cgroup = parent->own_cgroup;
#endif
}

struct commit_args {
	u64 seq;	/* the change that takes effect; smaller ones have */
};

/* From here on a change of entries, written ahead, is in force. */
SEC("syscall")
int commit_policies(struct commit_args *args)
{
	int i;

	if (args->seq > policy_seq)
		policy_seq = args->seq;
	/* without ticks nobody would look */
	if (nr_tickless_cpus)
		bpf_for(i, 0, nr_cpu_ids)
			wake_tickless(i);
	return 0;
}

struct explain_args {
	s32 pid;	/* as the kernel counts, which is what the node's /proc shows */
	u32 pad;
};

/* What the last `explain_task` was told. */
struct explained explained;

/* What applies to a task, read from where the kernel has it. */
SEC("syscall")
int explain_task(struct explain_args *args)
{
	struct policy_found found = {};
	struct explained *e = &explained;
	struct cgroup *cgrp;
	struct task_struct *p;
	struct task_ctx *tc;
	u64 css = 0;
	int i;

	e->pid = 0;
	p = bpf_task_from_pid(args->pid);
	if (!p)
		return 0;
	bpf_rcu_read_lock();
	tc = task_ctx_of(p);
	if (!tc)
		goto out;
	policy_now(p, tc, &found);
	e->start_us = p->start_boottime / 1000;
	e->since_ns = is_settled_as(tc, &found) ? tc->policy_since_ns : 0;
	e->slice_ns = found.policy.slice_ns;
	e->entry_cgroup = found.cgroup;
	e->tgid = p->tgid;
	e->source = found.source;
	e->rank = found.policy.rank;
	e->priority = found.policy.priority;
	e->cpus = found.policy.cpus;
	e->strategy = found.policy.strategy;
	e->restricted = tc->restricted;
	e->exempt = (p->flags & PF_KTHREAD) || is_own(p);
	bpf_core_read(&css, sizeof(css), &p->cgroups);
	cgrp = cgroup_of(css);
	e->levels = 0;
	bpf_for(i, 0, GTHULHU_MAX_LEVELS) {
		u64 id = ancestor_id(cgrp, i);

		if (!id)
			break;
		e->cgroups[i & (GTHULHU_MAX_LEVELS - 1)] = id;
		e->levels = i + 1;
	}
	e->pid = p->pid;
out:
	bpf_rcu_read_unlock();
	bpf_task_release(p);
	return 0;
}

#endif
