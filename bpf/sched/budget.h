/* SPDX-License-Identifier: GPL-2.0-only */
/* What the urgent band may take before the others: of each CPU, and of the node. */
#ifndef GTHULHU_BUDGET_H
#define GTHULHU_BUDGET_H

#include "clock.h"

u64 urgent_node_window_ns, urgent_node_used_ns;

static __always_inline bool is_urgent(const struct task_ctx *tc)
{
	return tc->priority < 10;
}

/*
 * A window that is over pays for what was used in it; what was used beyond the
 * budget, up to the next tick, is owed by the following ones.
 */
static __always_inline u64 used_in_window(u64 *since_ns, u64 *used_ns, u64 budget_ns, u64 now)
{
	u64 elapsed = now - *since_ns, paid;

	if (elapsed > opinion_window_ns) {
		elapsed = elapsed / opinion_window_ns;
		*since_ns += elapsed * opinion_window_ns;
		paid = elapsed * budget_ns;
		*used_ns = *used_ns > paid ? *used_ns - paid : 0;
	}
	return *used_ns;
}

static __always_inline bool urgent_within_budget(s32 cpu, u64 now)
{
	struct cpu_private *c = cpu_private_of(cpu);
	u64 of_cpu = opinion_window_ns / 1000 * urgent_budget_ppm / 1000;
	u64 of_node = opinion_window_ns / 1000 * urgent_node_budget_ppm / 1000 * nr_online_cpus;

	return used_in_window(&c->urgent_window_ns, &c->urgent_used_ns, of_cpu, now) < of_cpu &&
		used_in_window(&urgent_node_window_ns, &urgent_node_used_ns, of_node, now) < of_node;
}

static __always_inline void urgent_ran(s32 cpu, u64 ns)
{
	cpu_private_of(cpu)->urgent_used_ns += ns;
	__sync_fetch_and_add(&urgent_node_used_ns, ns);
}

#endif
