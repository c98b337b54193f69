/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our own threads. Behind a queue of hogs the policy would answer milliseconds
 * late, so its thread goes before everybody, within a budget: beyond it, it
 * queues like the others and the scheduler can never become the load. Our other
 * threads (log, files, strategies) are in no hurry: they queue with a head start.
 *
 * They are known by the kernel's tgid, which a SYSCALL program reads from the
 * caller: in a pod, process.pid is another number.
 */
#ifndef GTHULHU_OWN_H
#define GTHULHU_OWN_H

#include "state.h"

static __always_inline bool is_own(const struct task_struct *p)
{
	return own_tgid && p->tgid == own_tgid;
}

static __always_inline bool is_policy_thread(const struct task_struct *p)
{
	return own_policy_pid && p->pid == own_policy_pid && is_own(p);
}

static __always_inline bool own_within_budget(u64 now)
{
	if (now - own_window_ns > opinion_window_ns) {
		own_window_ns = now;
		own_used_ns = 0;
	}
	return own_used_ns < opinion_window_ns / 1000 * own_boost_ppm / 1000 * nr_online_cpus;
}

/*
 * The opinions' budget: a bucket filled by the node's CPU time, emptied by the
 * CPU time of the policy thread (its system calls are in it) and by the records.
 */
s64 opinion_tokens_ns;
u64 opinion_filled_ns;
u64 record_cost_ns = 500;	/* measured on every 64th record */

static __always_inline void tokens_fill(u64 now)
{
	u64 last = opinion_filled_ns, elapsed = now - last;
	s64 full = opinion_window_ns / 1000 * opinion_budget_ppm / 1000 * nr_online_cpus;

	if (elapsed < NSEC_PER_MSEC || !__sync_bool_compare_and_swap(&opinion_filled_ns, last, now))
		return;
	if (elapsed > opinion_window_ns)
		elapsed = opinion_window_ns;
	__sync_fetch_and_add(&opinion_tokens_ns, elapsed / 1000 * opinion_budget_ppm / 1000 * nr_online_cpus);
	if (opinion_tokens_ns > full)
		opinion_tokens_ns = full;
}

static __always_inline void tokens_spend(u64 ns)
{
	__sync_fetch_and_add(&opinion_tokens_ns, -(s64)ns);
}

static __always_inline void own_ran(const struct task_struct *p, u64 ns)
{
	__sync_fetch_and_add(&own_runtime_ns, ns);
	if (!is_policy_thread(p))
		return;
	__sync_fetch_and_add(&own_used_ns, ns);
	__sync_fetch_and_add(&policy_runtime_ns, ns);
	tokens_spend(ns);
}

struct register_args {
	u32 tgid;	/* out: who the caller is to the kernel */
	u32 pad;
};

SEC("syscall")
int register_self(struct register_args *args)
{
	struct task_struct *me = bpf_get_current_task_btf();

	own_tgid = bpf_get_current_pid_tgid() >> 32;
	own_start_ns = me->group_leader->start_boottime;
	user_seen_ns = now_ns();
	args->tgid = own_tgid;
	return 0;
}

/* Run by the policy's thread when it has loaded: from now on its CPU time is the price of opinions. */
SEC("syscall")
int register_policy(struct register_args *args)
{
	if (bpf_get_current_pid_tgid() >> 32 != own_tgid)
		return -1;
	own_policy_pid = (u32)bpf_get_current_pid_tgid();
	args->tgid = own_tgid;
	return 0;
}

#endif
