/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of commands that are known. Which strategy a command has is user space's
 * to say (policy.h), and for most names it says the same every time: then it
 * leaves its answer here, and the next exec or rename to that name is settled on
 * the spot, without a record and without a wakeup. What depends on more than the
 * name (strategies for commands in cgroups) is never left here.
 *
 * Other rules are another version, and an entry of another version is none.
 */
#ifndef GTHULHU_COMMAND_H
#define GTHULHU_COMMAND_H

#include "cgroup_policy.h"
#include "tickless.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTHULHU_MAX_COMMANDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct command_name);
	__type(value, struct command_entry);
} known_commands SEC(".maps");

/* Of the rules that entries are for; 0: nothing is to be left here. Written by user space. */
u32 command_version;
u64 nr_commands_known;		/* execs and renames that user space was not told of */

/* The policy that a task has by its command is this from now on. */
static __always_inline void take_own(struct task_struct *p, struct task_ctx *tc, const struct policy *own, u64 cgroup)
{
	tc->own = *own;
	tc->own_cgroup = cgroup;
	tc->policy_seq = 0;	/* to be settled again, by whoever queues it */
	if (nr_tickless_cpus)
		wake_tickless(scx_bpf_task_cpu(p));
}

static __always_inline bool same_name(const struct command_name *a, const struct command_name *b)
{
	return a->word_0 == b->word_0 && a->word_1 == b->word_1 && a->word_2 == b->word_2 && a->word_3 == b->word_3;
}

static __always_inline bool same_policy(const struct policy *a, const struct policy *b)
{
	return a->rank == b->rank && a->strategy == b->strategy && a->slice_ns == b->slice_ns &&
		a->priority == b->priority && a->cpus == b->cpus;
}

/*
 * Gives @p what its own name and that of its leader decide together, the one with
 * the smaller rank. False where that is not known: user space is to be told.
 */
static __always_inline bool settle_command(struct task_struct *p, struct command_name *name, struct command_name *leader)
{
	struct task_ctx *tc = task_ctx_of(p);
	const struct command_entry *of_name, *of_leader;
	struct policy own = {};
	u32 version = command_version;

	if (!version || !tc)
		return false;
	name->version = leader->version = version;
	of_name = bpf_map_lookup_elem(&known_commands, name);
	if (!of_name)
		return false;
	of_leader = same_name(name, leader) ? of_name : bpf_map_lookup_elem(&known_commands, leader);
	if (!of_leader)
		return false;
	if (!of_name->exempt && !of_leader->exempt) {
		own = of_name->policy;
		if (of_leader->policy.rank && (!own.rank || of_leader->policy.rank < own.rank))
			own = of_leader->policy;
	}
	/* answers that are on their way are about the name before */
	tc->answered = __sync_fetch_and_add(&tc->told, 1) + 1;
	if (!(p->flags & PF_KTHREAD) && (tc->own_cgroup || !same_policy(&own, &tc->own)))
		take_own(p, tc, &own, 0);
	/*
	 * Rules that change meanwhile: user space looks at all tasks after it has
	 * changed the version. Either it sees this task as it is now, or it is told.
	 */
	if (__sync_fetch_and_add(&command_version, 0) != version)
		return false;
	__sync_fetch_and_add(&nr_commands_known, 1);
	return true;
}

#endif
