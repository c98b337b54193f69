/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the urgent band may take before the others: of each CPU, and of the node.
 *
 * A priority counts what itself and the stronger ones have taken. The weaker ones'
 * share is what is left of it then: what they take is nothing to the stronger.
 *
 * What an urgent task runs beyond the budget, in line with the others, counts too
 * while they wait: the budget bounds all that the band takes from them. When only
 * urgent tasks want the CPU nobody is denied anything, and there is no debt.
 */
#ifndef GTHULHU_BUDGET_H
#define GTHULHU_BUDGET_H

#include "clock.h"

/* At most so many windows' budgets are owed: a fault of long ago is no reason to wait. */
#define URGENT_DEBT_WINDOWS 2

struct urgent_use urgent_node;

static __always_inline bool is_urgent(const struct task_ctx *tc)
{
	return tc->priority < GTHULHU_URGENT_LEVELS;
}

/*
 * Windows that are over pay for what was used in them, the strongest first; what was
 * used beyond the budget, up to the next tick, is owed by the following ones.
 */
static __noinline int urgent_pay(struct urgent_use *u, u64 budget_ns, u64 windows)
{
	u64 left = windows * budget_ns, most = URGENT_DEBT_WINDOWS * budget_ns;
	int i;

	if (!u)
		return 0;
	bpf_for(i, 0, GTHULHU_URGENT_LEVELS) {
		u64 used = u->used_ns[i], paid = used < left ? used : left;

		left -= paid;
		if (used - paid > most)
			paid = used - most;
		if (paid)
			__sync_fetch_and_sub(&u->used_ns[i], paid);
	}
	return 0;
}

static __always_inline bool urgent_below(struct urgent_use *u, u32 priority, u64 budget_ns, u64 now)
{
	u64 since = u->since_ns, windows = (now - since) / opinion_window_ns, used = 0;
	int i;

	/* by one CPU only; a clock that another CPU is ahead of says nothing */
	if ((s64)(now - since) > (s64)opinion_window_ns &&
	    __sync_bool_compare_and_swap(&u->since_ns, since, since + windows * opinion_window_ns))
		urgent_pay(u, budget_ns, windows);
	bpf_for(i, 0, GTHULHU_URGENT_LEVELS) {
		if (i > priority)
			break;
		used += u->used_ns[i];
	}
	return used < budget_ns;
}

/* May tasks of @priority go before the others on @cpu? */
__noinline bool urgent_within_budget(s32 cpu, u32 priority, u64 now)
{
	u64 of_cpu = opinion_window_ns / 1000 * urgent_budget_ppm / 1000;
	u64 of_node = opinion_window_ns / 1000 * urgent_node_budget_ppm / 1000 * nr_online_cpus;

	return urgent_below(&cpu_private_of(cpu)->urgent, priority, of_cpu, now) &&
		urgent_below(&urgent_node, priority, of_node, now);
}

/* Somebody who is not urgent waits for @cpu. */
static __noinline bool others_wait(s32 cpu)
{
	return nr_waiting(cpu) > urgent_waiting(llc_of(cpu));
}

/* An urgent task ran on @cpu for @ns. */
static __noinline int urgent_ran(s32 cpu, u32 priority, u64 ns)
{
	struct cpu_private *c = cpu_private_of(cpu);

	if (priority >= GTHULHU_URGENT_LEVELS || (c->urgent_in_line && !others_wait(cpu)))
		return 0;
	__sync_fetch_and_add(&c->urgent.used_ns[priority], ns);
	__sync_fetch_and_add(&urgent_node.used_ns[priority], ns);
	return 0;
}

#endif
