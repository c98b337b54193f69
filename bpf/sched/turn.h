/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns. A task that is pushed aside in the middle of its turn, by our own thread
 * or by an urgent one, comes right after with what is left of it. Without that a
 * weak task would wait its whole wait again for microseconds of CPU, and a
 * strategy's slice would be cut wherever somebody comes in between.
 */
#ifndef GTHULHU_TURN_H
#define GTHULHU_TURN_H

#include "aside.h"
#include "slice_timer.h"

/* Less than this is not worth a switch. */
#define TURN_LEAST_NS (50 * 1000ULL)

/* Somebody is about to take @cpu out of order: whoever runs there is to come right after. */
static __always_inline void interrupt(s32 cpu)
{
	const struct cpu_state *c = cpu_state_of(cpu);

	cpu_private_of(cpu)->interrupted_pid = c->running ? c->running_pid : 0;
}

/* What is left of the turn of a task that stopped on @cpu, ns; 0 where it is over. */
static __always_inline u64 turn_left(const struct task_struct *p, const struct task_ctx *tc, s32 cpu)
{
	u32 llc = llc_of(cpu);
	u64 whole = exact_slice(tc, llc) ?: slice_of(tc, llc, nr_waiting(cpu));
	u64 ran = p->se.sum_exec_runtime - tc->turn_start_ns;

	return whole > ran + TURN_LEAST_NS ? whole - ran : 0;
}

/*
 * What a task that is queued again is owed of its turn, ns: a rescued one's,
 * whoever pushed it aside, and any when our own thread or an urgent one did.
 * @owed: it was, of the turn that it comes from.
 */
static __noinline u64 owed_turn(const struct task_struct *p, struct task_ctx *tc, bool owed, s32 cpu, u64 enq_flags)
{
	struct cpu_private *c = cpu_private_of(cpu);
	bool interrupted = c->interrupted_pid == (u32)p->pid;
	u64 left = 0;

	if (!interrupted && !owed)
		return 0;
	if (interrupted)
		c->interrupted_pid = 0;
	if (may_be_blocked(cpu, enq_flags))
		return 0;
	if (!(enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)))
		left = turn_left(p, tc, cpu);
	tc->owed = left != 0;
	return left;
}

#endif
