// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gthulhu's CPU scheduler, kernel side.
 *
 * Custody stays in the kernel: from its first moment a runnable task is in a
 * queue that `dispatch` serves, in an order that the kernel computes by itself.
 * User space may be asked for an opinion, which moves the task inside that
 * queue. If user space is slow, frozen, wrong or dead, its opinions are
 * missing, and nothing else.
 *
 *   state.h   parameters, counters, maps       own.h     our own threads, budgets
 *   queue.h   queues and slices                ask.h     asking for an opinion
 *   mask.h    tasks that may use some CPUs     apply.h   applying it
 *   vtime.h   the order (clock.h)              strict.h  waiting for it
 *   urgent.h  priorities 0-9 (budget.h)        policy.h  strategies by command
 *   aside.h   pushing somebody aside           rescue.h  the bound on waiting
 *   take.h    taking the next task             keeper.h  what a timer looks after
 *   turn.h    turns that were interrupted      util.h    how busy a CPU is
 *   pick.h    one who is not a queue's first   command.h  names of commands that are known
 *   tickless.h  CPUs without ticks             narrow.h  strategies that name CPUs
 *   cgroup_policy.h  strategies by cgroup      cgroup.h  what both look up
 *   unit_policy.h  ... for units to come       crowd.h   thousands in a queue
 *   slice_timer.h  slices shorter than a tick
 *
 * A path through this file: select_cpu (an idle CPU takes the task at once) ->
 * enqueue (into its queue) -> dispatch (a CPU takes the head) -> running ->
 * tick -> stopping (charged).
 */
#include "sched/state.h"
#include <bpf/bpf_tracing.h>
#include "sched/queue.h"
#include "sched/vtime.h"
#include "sched/own.h"
#include "sched/ask.h"
#include "sched/apply.h"
#include "sched/cgroup_policy.h"
#include "sched/policy.h"
#include "sched/aside.h"
#include "sched/take.h"
#include "sched/turn.h"
#include "sched/rescue.h"
#include "sched/keeper.h"
#include "sched/tickless.h"
#include "sched/util.h"

char _license[] SEC("license") = "GPL";

/* Bound by the kernel itself, which is told by the flag: with one CPU all are bound to it. */
static __always_inline bool is_percpu_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && (p->flags & PF_NO_SETAFFINITY) && p->nr_cpus_allowed == 1;
}

/*
 * A kernel thread that no urgent task pushes aside: it is bound to a CPU, which has nobody else for its work; memory is
 * reclaimed there; or it is soon done. Not one that the kernel itself has put behind everybody (khugepaged), nor one
 * that works for longer than a wakeup may wait (kdamond).
 */
static __always_inline bool goes_first(const struct task_struct *p, const struct task_ctx *tc)
{
	if (is_percpu_kthread(p))
		return true;
	if (!(p->flags & PF_KTHREAD) || p->scx.weight < 100)
		return false;
	return (p->flags & PF_MEMALLOC) || !tc || tc->burst_avg_ns < slice_min_ns;
}

SEC("struct_ops/select_cpu")
s32 BPF_PROG(gthulhu_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool idle = false;
	struct task_ctx *tc = task_ctx_of(p);
	struct cpu_state *here = this_cpu();
	s32 cpu, weaker;

	if (tc)
		policy_refresh(p, tc);
	/* nobody takes it before its opinion: no CPU is to be promised to it */
	if (dispatch_mode == DISPATCH_STRICT && tc && !is_urgent(tc) && may_be_asked_about(p))
		return prev_cpu;
	if (tc && is_restricted(p, tc)) {
		cpu = idle_of_mask(tc->mask - MASK_FIRST, prev_cpu);
		idle = cpu >= 0;
		if (!idle)
			cpu = home_of(p, tc, prev_cpu);
	} else {
		/* who wakes an urgent task is no reason to wait for its turn to end */
		if (tc && is_urgent(tc))
			wake_flags &= ~(u64)KVAL(scx_wake_flags, SCX_WAKE_SYNC);
		cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	}
	if (!tc)
		return cpu;
	if (idle) {
		place(tc, basis_of(p, tc, cpu));
		dsq_insert(p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL), tc->slice_ns ?: slice_default_ns, 0);
		here->nr_direct++;
		return cpu;
	}
	if (!is_urgent(tc) && !nr_idle_policy)
		return cpu;
	weaker = find_weaker(cpu, p, tc, now_ns());
	if (weaker < 0)
		return cpu;
	if (cpu_state_of(weaker)->running_idle) {
		place(tc, basis_of(p, tc, weaker));
		dsq_insert(p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL), tc->slice_ns ?: slice_default_ns,
			   KVAL(scx_enq_flags, SCX_ENQ_PREEMPT));
		here->nr_preempting++;
	}
	return weaker;
}

/*
 * An urgent task: onto its own CPU if it may push aside who runs there, else into
 * the band's queue, whose first the next CPU takes. False: too many wait there, it
 * queues like the others.
 */
static __noinline bool enqueue_urgent(struct task_struct *p, struct task_ctx *tc, s32 cpu, u64 now, u64 enq_flags)
{
	u64 local = KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL), slice = tc->slice_ns ?: slice_default_ns;
	struct cpu_state *here = this_cpu();
	s32 weaker;
	u32 llc;

	/* its only CPU has nothing of ours to do */
	if ((p->nr_cpus_allowed == 1 || !has_shared_queue()) && !cpu_state_of(cpu)->running &&
	    (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP))) {
		dsq_insert(p, local, slice, enq_flags);
		return true;
	}
	weaker = find_weaker(cpu, p, tc, now);
	if (weaker == cpu) {
		here->nr_preempting++;
		interrupt(cpu);
		cpu_private_of(cpu)->urgent_comes = tc->priority + 1;
		dsq_insert(p, local, slice, enq_flags | KVAL(scx_enq_flags, SCX_ENQ_HEAD) |
			   KVAL(scx_enq_flags, SCX_ENQ_PREEMPT));
		return true;
	}
	/* the band's queue is served by CPUs that it may not use */
	if (tc->restricted) {
		if (weaker >= 0) {
			interrupt(weaker);
			scx_bpf_kick_cpu(weaker, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
		}
		return false;
	}
	llc = llc_of(weaker < 0 ? cpu : weaker);
	if (!urgent_may_wait(llc)) {
		here->nr_urgent_over_budget++;
		return false;
	}
	/* keys are compared with those of that LLC */
	if (llc != llc_of(cpu))
		place(tc, llc);
	tc->queue = GTHULHU_QUEUE_URGENT | llc;
	tc->waiters = 0;
	tc->key = tc->vtime - head_start(tc->priority);
	tc->enq_ns = now;
	tc->enq_jiffies = bpf_jiffies64();
	llc_state_of(llc)->urgent_jiffies = tc->enq_jiffies;
	dsq_insert_vtime(p, dsq_of(tc->queue), slice, urgent_key(tc, now), enq_flags);
	if (weaker >= 0) {
		here->nr_preempting++;
		interrupt(weaker);
		scx_bpf_kick_cpu(weaker, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
		return true;
	}
	if (several_cpus())
		kick_idle_for(p, tc->queue);
	arm_slice(cpu, now);
	return true;
}

/*
 * Its only CPU has nothing to do: select_cpu, which finds idle CPUs, is not asked
 * about such tasks. Wakeups on an idle machine come by here: nothing is looked up.
 */
static __always_inline bool enqueue_on_idle(struct task_struct *p, const struct task_ctx *tc, struct cpu_state *here,
					    u32 queue, s32 cpu, u64 enq_flags)
{
	struct cpu_private *priv = cpu_private_of(cpu);

	if (!(enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)) || !(queue & GTHULHU_QUEUE_CPU) ||
	    cpu_state_of(cpu)->running || nr_pinned(cpu) || nr_local(cpu))
		return false;
	if (dispatch_mode == DISPATCH_STRICT && !is_urgent(tc) && may_be_asked_about(p))
		return false;
	if (priv->interrupted_pid == (u32)p->pid)
		priv->interrupted_pid = 0;
	dsq_insert(p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL), tc->slice_ns ?: slice_default_ns, enq_flags);
	here->nr_direct++;
	return true;
}

/* Tasks that go before the queues. True when @p was one. */
static __always_inline bool enqueue_first(struct task_struct *p, struct task_ctx *tc, struct cpu_state *here, s32 cpu,
					  u64 now, u64 enq_flags)
{
	u64 local = KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL);
	u64 first = KVAL(scx_enq_flags, SCX_ENQ_HEAD);

	/* after a turn it stands in line: two that never sleep would let nobody else get on */
	if (is_percpu_kthread(p) && (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP))) {
		dsq_insert(p, local, slice_default_ns, enq_flags);
		return true;
	}
#ifdef SABOTAGE_OWN_LAST
	if (is_own(p)) {
		dsq_insert(p, DSQ_ID(QUEUE_SABOTAGE, 0), slice_default_ns, enq_flags);
		return true;
	}
#endif
	if (is_urgent(tc) && !is_own(p))
		return enqueue_urgent(p, tc, cpu, now, enq_flags);
	if (may_be_blocked(cpu, enq_flags))
		return false;
	if (is_policy_thread(p)) {
		if (own_within_budget(now)) {
			/* opinions can wait for somebody urgent, right after whom it comes */
			if (cpu_private_of(cpu)->urgent_comes) {
				first = 0;
			} else if (!cpu_private_of(cpu)->running_urgent) {
				interrupt(cpu);
				first |= KVAL(scx_enq_flags, SCX_ENQ_PREEMPT);
			}
			dsq_insert(p, local, slice_min_ns, enq_flags | first);
			return true;
		}
		here->nr_own_over_budget++;
	}
	return false;
}

/* Whoever waits from now on in @queue: those who look only there have to know. */
static __always_inline void note_waiting(u32 queue, s32 cpu)
{
	if (queue & GTHULHU_QUEUE_CPU)
		cpu_private_of(cpu)->pinned = 1;
	else if (queue & GTHULHU_QUEUE_MASK)
		mask_note_waiting(queue);
}

/* Tells a CPU that it could, or should, look for its next task. */
static __always_inline void wake_somebody(struct task_struct *p, struct task_ctx *tc, struct cpu_state *here, s32 cpu,
					  u64 now, u64 enq_flags)
{
	u64 left;
	s32 idle;

	if (several_cpus()) {
		idle = pick_idle(p, tc, cpu);
		if (idle >= 0) {
			scx_bpf_kick_cpu(idle, KVAL(scx_kick_flags, SCX_KICK_IDLE));
			return;
		}
	}
	/* our own thread has a budget for that, which is used up */
	if ((enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)) && !is_policy_thread(p) && should_push_aside(p, tc, cpu)) {
		left = least_turn_left(cpu, now);
		if (!left) {
			here->nr_preempting++;
			scx_bpf_kick_cpu(cpu, KVAL(scx_kick_flags, SCX_KICK_PREEMPT));
			return;
		}
		end_turn_at(cpu, now + left);
	}
	/* others serve the shared queue too, and mostly sooner; else the keeper's timer sees it */
	if (nr_tickless_cpus && (tc->queue & GTHULHU_QUEUE_CPU))
		wake_tickless(cpu);
	arm_slice(cpu, now);
}

/* After a slice that a strategy gave somebody else has a turn first. */
static __noinline u64 behind_head(u64 key, u64 dsq)
{
	u64 head = takeable(dsq_head_vtime(dsq));

	return head != NO_HEAD && time_before(key, head) ? head + 1 : key;
}

/* Somebody who was interrupted: nobody in the queue is to go before it. */
static __noinline u64 before_head(u64 key, u64 dsq)
{
	u64 head = dsq_head_vtime(dsq);

	return head != NO_HEAD && time_before(head, key) ? head - 1 : key;
}

SEC("struct_ops/enqueue")
void BPF_PROG(gthulhu_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct cpu_state *here = this_cpu();
	struct task_ctx *tc = task_ctx_of(p);
	s32 cpu = scx_bpf_task_cpu(p), ran_on = cpu;
	u32 queue, basis, waiting;
	u64 now, slice, turn, dsq;
	bool wanted, held, urged, crowd, owed, asked = false;

	if (tc) {
		policy_refresh(p, tc);
		cpu = home_of(p, tc, cpu);
	}
	queue = queue_for(p, tc, cpu);
	dsq = dsq_of(queue);
	basis = basis_of_queue(queue, cpu);
	if (!tc) {	/* no memory at its birth: it is scheduled, without favours */
		note_waiting(queue, cpu);
		dsq_insert_vtime(p, dsq, slice_default_ns, *clock_of(basis), enq_flags);
		return;
	}
	if (!is_llc_queue(basis) && !is_percpu_kthread(p) && !queued_in(dsq))
		wind_clock(basis, cpu);
	place(tc, basis);
	tc->gen++;
	/* whichever way it goes now: a debt that is kept while turns come and go makes each of them shorter, down to nothing */
	owed = tc->owed;
	tc->owed = 0;
	/* local queues are those of the CPU that it ran on */
	if (cpu == ran_on) {
		/* nobody else wants that CPU, and the kernel had no time to ask whether it goes on */
		if (enq_flags & KVAL(scx_enq_flags, SCX_ENQ_LAST)) {
			dsq_insert(p, KVAL(scx_dsq_id_flags, SCX_DSQ_LOCAL), tc->slice_ns ?: slice_default_ns, enq_flags);
			/* the kernel has picked its idle task before, and would leave it at that */
			scx_bpf_kick_cpu(cpu, 0);
			return;
		}
		if (enqueue_on_idle(p, tc, here, queue, cpu, enq_flags))
			return;
	}
	now = now_ns();
	if (cpu == ran_on && enqueue_first(p, tc, here, cpu, now, enq_flags))
		return;

	waiting = queue & GTHULHU_QUEUE_CPU ? nr_pinned(cpu) : queued_in(dsq);
	/* whoever takes its CPU waits for it right now, and not for a question too */
	urged = cpu_private_of(ran_on)->interrupted_pid == (u32)p->pid;
	turn = owed_turn(p, tc, owed, ran_on, enq_flags);
	/* a strategy that gives turns has said all about them: an opinion would only lengthen the waits between */
	wanted = !turn && !urged && may_be_asked_about(p) && (!tc->slice_ns || dispatch_mode == DISPATCH_STRICT);
	slice = turn ?: slice_of(tc, queue, waiting);
	tc->queue = queue;
	tc->waiters = waiting;
	if (waiting > CROWD) {
		note_crowd(queue, waiting);
		if (is_long_round(queue, waiting))
			note_jiffies(&crowd_jiffies);
		tc->vtime = vtime_in_crowd(tc->vtime, *clock_of(basis), queue, waiting);
	}
	crowd = waiting > CROWD && is_crowd(queue, waiting);
	tc->key = tc->vtime - head_start((p->flags & PF_KTHREAD) || is_own(p) ? 10 : tc->priority);
	if (crowd)
		tc->key = key_in_crowd(turn_around(tc->key, tc->vtime, queue, waiting), *clock_of(basis), queue, waiting);
	if (turn) {
		tc->key = before_head(tc->key, dsq);
	} else if (tc->slice_ns) {
		note_short(llc_of(cpu), tc);
		if (!(enq_flags & KVAL(scx_enq_flags, SCX_ENQ_WAKEUP)))
			tc->key = behind_head(tc->key, dsq);
	}
	tc->enq_ns = now;
	tc->enq_jiffies = bpf_jiffies64();
	if (wanted && (waiting || dispatch_mode == DISPATCH_STRICT) && may_ask(here, now))
		asked = ask(p, tc, here, cpu, slice, waiting, enq_flags);
	held = asked && dispatch_mode == DISPATCH_STRICT;
#ifdef SABOTAGE_SECOND_QUEUE
	if (asked)
		dsq = DSQ_ID(QUEUE_SABOTAGE, 0);
#endif
	note_waiting(queue, cpu);
	dsq_insert_vtime(p, dsq, slice, held ? HOLD_KEY + now : tc->key, enq_flags);
	if (!held)
		wake_somebody(p, tc, here, cpu, now, enq_flags);
}

SEC("struct_ops/dispatch")
void BPF_PROG(gthulhu_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 llc = llc_of(cpu), masks_here = masks_for(cpu, llc);
	u64 shared = DSQ_ID(QUEUE_LLC, llc), pinned = DSQ_ID(QUEUE_CPU, cpu), first, now;
	struct cpu_private *priv = cpu_private_of(cpu);
	struct cpu_state *here = cpu_state_of(cpu);
	bool prev_runnable = prev && (prev->scx.flags & KVAL(scx_ent_flags, SCX_TASK_QUEUED));
	bool urgent_like_others = false;
	struct heads heads = {};
	struct task_ctx *tc;

	/* nobody is left in the kernel's own queue */
	priv->urgent_comes = 0;
	if (time_to_look(cpu)) {
		now = now_ns();
		if (rescue(cpu, now)) {
			here->nr_rescued++;
			return;
		}
		if (nr_llcs > 1 && balance(llc, cpu, now))
			return;
	}
	if ((priv->running_urgent || llc_state_of(llc)->urgent_jiffies) &&
	    urgent_first(prev, cpu, llc, prev_runnable, &urgent_like_others))
		return;
	if (!prev_runnable && !(priv->pinned && has_shared_queue()) && !masks_here && !urgent_like_others &&
	    dispatch_mode != DISPATCH_STRICT) {
		if (take_only(priv, shared, pinned))
			return;
	} else {
		first = look(&heads, priv, cpu, llc, masks_here, urgent_like_others);
		if (prev_runnable && keep_running(prev, cpu, first))
			return;
		if (take(&heads, first, cpu, llc))
			return;
	}
#ifdef SABOTAGE_SECOND_QUEUE
	if (dsq_to_local(DSQ_ID(QUEUE_SABOTAGE, 0)))
		return;
#endif
	if (nr_llcs > 1 && steal(llc, cpu))
		return;
#ifdef SABOTAGE_OWN_LAST
	if (dsq_to_local(DSQ_ID(QUEUE_SABOTAGE, 0)))
		return;
#endif
	/* nobody waits: go on, without a trip through the queues */
	if (prev_runnable) {
		tc = task_ctx_of(prev);
		here->nr_kept++;
		/* without a slice it is queued anew, for CPUs that it may use (SCX_OPS_ENQ_LAST) */
		if (tc && is_astray(tc, cpu))
			return;
		if (tc)
			go_on_alone(prev, tc, cpu);
		if (is_tickless(cpu)) {
			/* without a slice it gets the CPU anew (SCX_OPS_ENQ_LAST): only there the kernel stops the tick */
			if (!priv->tick_may_stop)
				return;
			task_set_slice(prev, SLICE_FOREVER);
			return;
		}
		task_set_slice(prev, tc && tc->slice_ns ? tc->slice_ns : slice_default_ns);
	}
}

/* Waits that are worth reading the clock for. */
#define LONG_WAIT_JIFFIES 2

static __always_inline void note_wait(const struct task_ctx *tc, struct cpu_state *here, s32 cpu)
{
	u64 now = now_ns(), wait = now > tc->enq_ns ? now - tc->enq_ns : 0, promise;
	u32 waiting, waiters = crowd_lately_in(tc->queue);

	if (wait > here->max_wait_ns)
		here->max_wait_ns = wait;
	/* of a crowd: its first came when few were there, and most of it may be gone */
	if (waiters < tc->waiters)
		waiters = tc->waiters;
	note_late(tc->queue, waiters, wait);
	if (wait <= PROMISE_NS)
		return;
	/* promised to as many as there were meanwhile */
	waiting = nr_waiting(cpu);
	if (waiters < waiting)
		waiters = waiting;
	promise = promise_ns(tc->queue, waiters + 1);
	/* its order was known only with the opinion */
	if (tc->decided_gen == tc->gen)
		promise += OPINION_EXPIRES_NS;
	if (wait > promise)
		here->nr_broken_promises++;
}

/* @p has got a CPU before its turn: urgent, rescued, or put there at once, as kernel threads and our own are (clock.h). */
static __always_inline bool came_early(const struct task_struct *p, const struct task_ctx *tc)
{
	if (tc->enq_ns)
		return tc->owed || (tc->queue & GTHULHU_QUEUE_URGENT);
	return (p->flags & PF_KTHREAD) || is_own(p) || is_urgent(tc);
}

/* Who runs there, to those who might take the CPU from it: nobody pushes the kernel's own aside. */
static __always_inline void note_strength(const struct task_struct *p, const struct task_ctx *tc, struct cpu_state *here,
					  struct cpu_private *priv)
{
	u32 strength = goes_first(p, tc) ? 0 : GTHULHU_NO_PRIORITY;

	here->running_priority = tc && tc->priority < strength ? tc->priority : strength;
	priv->running_urgent = tc && is_urgent(tc);
}

SEC("struct_ops/running")
void BPF_PROG(gthulhu_running, struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_state *here = cpu_state_of(cpu);
	struct task_ctx *tc = task_ctx_of(p);
	struct cpu_private *priv = cpu_private_of(cpu);
	bool in_order, early;
	u64 claim;

	priv->hog_since_ns = 0;
	here->running = 1;
	here->running_pid = p->pid;
	here->running_idle = p->policy == SCHED_IDLE;
	note_strength(p, tc, here, priv);
	priv->urgent_comes = 0;
	note_tick(cpu);
	priv->tick_may_stop = is_tickless(cpu) && !is_wanted(cpu) && !(tc && is_astray(tc, cpu));
	/* the kernel looks right after this whether it may stop the tick */
	if (priv->tick_may_stop)
		task_set_slice(p, SLICE_FOREVER);
	else if (p->scx.slice == SLICE_FOREVER)	/* it was alone here, and a kernel thread came in between */
		task_set_slice(p, slice_default_ns);
	priv->slice_end_ns = 0;
	if (report_util)
		util_report(cpu, now_ns());
	if (here->running_idle)
		__sync_fetch_and_add(&nr_idle_policy, 1);
	if (!tc) {
		here->nr_kernel_dispatches++;
		return;
	}
	if (tc->decided_gen == tc->gen && tc->enq_ns) {
		here->nr_user_dispatches++;
		here->nr_opinions_used++;
	} else {
		here->nr_kernel_dispatches++;
	}
	place(tc, basis_of(p, tc, cpu));
	claim = tc->vtime;
	/* not by our queues, as a task that exits: what they said of it is of another turn */
	if (!tc->enq_ns)
		tc->owed = 0;
	priv->urgent_in_line = is_urgent(tc) && !urgent_within_budget(cpu, tc->priority, now_ns());
	in_order = tc->enq_ns && came_in_order(tc, cpu, priv->urgent_in_line);
	early = crowd_lately() && !priv->urgent_in_line && came_early(p, tc);
	if (tc->enq_ns) {
		/* called before its turn by an opinion or a strategy: that must not push the others' clock */
		if (time_before(p->scx.dsq_vtime, claim))
			claim = p->scx.dsq_vtime;
		if (bpf_jiffies64() - tc->enq_jiffies >= LONG_WAIT_JIFFIES)
			note_wait(tc, here, cpu);
		tc->enq_ns = 0;
	}
	tc->exec_mark_ns = p->se.sum_exec_runtime;
	tc->run_start_ns = tc->exec_mark_ns;
	if (!tc->owed)
		tc->turn_start_ns = tc->run_start_ns;
	if (!early)
		clock_advance(cpu, claim, in_order);
	else if (!tc->owed)	/* a budget bounds what it takes, not the order */
		tc->vtime = earlier(tc->vtime, *clock_of(tc->basis));
	priv->running_vtime = tc->vtime;
	if (tc->burst_ns >= slice_default_ns && !is_urgent(tc))
		priv->hog_since_ns = now_ns();
	slice_begins(priv, tc, cpu, tc->run_start_ns - tc->turn_start_ns);
}

SEC("struct_ops/stopping")
void BPF_PROG(gthulhu_stopping, struct task_struct *p, bool runnable)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_state *here = cpu_state_of(cpu);
	struct task_ctx *tc = task_ctx_of(p);

	here->running = 0;
	if (here->running_idle) {
		__sync_fetch_and_add(&nr_idle_policy, -1);
		here->running_idle = 0;
	}
	if (!tc)
		return;
	cpu_private_of(cpu)->slice_end_ns = 0;
	account(p, tc, cpu);
	if (is_own(p))
		own_ran(p, p->se.sum_exec_runtime - tc->run_start_ns);
	if (!runnable) {
		tc->owed = 0;
		tc->burst_avg_ns = (3 * tc->burst_avg_ns + tc->burst_ns) / 4;
		tc->burst_ns = 0;
	}
}

/* Every tick of a running task: give way when somebody waits and the share is used. */
SEC("struct_ops/tick")
void BPF_PROG(gthulhu_tick, struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p), idle;
	u32 waiting = nr_waiting(cpu);
	struct task_ctx *tc = task_ctx_of(p);
	u64 ran;

	note_tick(cpu);
	if (!tc)
		return;
	if (report_util) {
		account(p, tc, cpu);
		util_report(cpu, now_ns());
	}
	policy_refresh(p, tc);
	note_strength(p, tc, cpu_state_of(cpu), cpu_private_of(cpu));
	if (is_restricted(p, tc) && is_astray(tc, cpu)) {
		task_set_slice(p, 0);
		return;
	}
	ran = p->se.sum_exec_runtime - tc->turn_start_ns;
	if (!waiting) {
		/* however long a strategy lets it run: those who were put there at once are not to wait for that */
		if (ran >= slice_default_ns && nr_local(cpu))
			task_set_slice(p, 0);
		return;
	}
	/* a turn in line is as long as those of the others */
	if (is_urgent(tc) && !cpu_private_of(cpu)->urgent_in_line) {
		account(p, tc, cpu);
		if (!urgent_within_budget(cpu, tc->priority, now_ns()))
			task_set_slice(p, 0);
	}
	if (ran >= slice_of(tc, llc_of(cpu), waiting) || (max_run_ns && ran >= max_run_ns) || turn_is_over(cpu))
		task_set_slice(p, 0);
	/* a CPU that went idle while somebody was being queued */
	if (!several_cpus())
		return;
	idle = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (idle >= 0)
		scx_bpf_kick_cpu(idle, KVAL(scx_kick_flags, SCX_KICK_IDLE));
}

SEC("struct_ops/cpu_release")
void BPF_PROG(gthulhu_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	this_cpu()->nr_bounced++;
	reenqueue_local();
}

/* Looked up again when it is queued next. */
SEC("struct_ops/set_cpumask")
void BPF_PROG(gthulhu_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	struct task_ctx *tc = task_ctx_of(p);

	if (tc && tc->mask >= MASK_FIRST)
		mask_forget(tc);
	else if (tc)
		tc->mask = MASK_UNKNOWN;
}

/* Core scheduling: which of two tasks on SMT siblings goes first. */
SEC("struct_ops/core_sched_before")
bool BPF_PROG(gthulhu_core_sched_before, struct task_struct *a, struct task_struct *b)
{
	struct task_ctx *ta = task_ctx_of(a), *tb = task_ctx_of(b);

	return ta && tb && time_before(ta->vtime, tb->vtime);
}

/* A new task comes a little behind the clock: a storm of forks pays for itself. */
SEC("struct_ops/enable")
void BPF_PROG(gthulhu_enable, struct task_struct *p)
{
	struct task_ctx *tc = task_ctx_of(p);
	u32 llc = llc_of(scx_bpf_task_cpu(p));

	if (!tc)
		return;
	/* of a time before it went to another class */
	tc->enq_ns = 0;
	tc->basis = llc;
	tc->vtime = llc_state_of(llc)->clock + slice_min_ns;
	tc->exec_mark_ns = p->se.sum_exec_runtime;
	tell_of_born(p, tc);
}

/* Never fails: an error here would be a failed fork in somebody's pod. */
SEC("struct_ops.s/init_task")
s32 BPF_PROG(gthulhu_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_ctx *tc = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct task_ctx *parent;

	__sync_fetch_and_add(&nr_tasks, 1);
	if (!tc)
		return 0;
	/* Left of an attachment that CPUs that came or went have ended. */
	if (!args->fork)
		__builtin_memset(tc, 0, sizeof(*tc));
	tc->priority = GTHULHU_NO_PRIORITY;
	tc->policy_since_ns = now_ns();
	if (!args->fork)
		return 0;
	parent = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
	if (parent) {
		policy_inherit(tc, parent);
		born_unanswered(tc, parent);
	}
	return 0;
}

SEC("struct_ops/exit_task")
void BPF_PROG(gthulhu_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct task_ctx *tc = task_ctx_of(p);

	if (tc && tc->mask >= MASK_FIRST)
		mask_forget(tc);
	__sync_fetch_and_add(&nr_tasks, -1);
	if (p->pid == own_tgid)
		own_tgid = 0;
	if (p->pid == own_policy_pid)
		own_policy_pid = 0;
}

SEC("struct_ops.s/init")
s32 BPF_PROG(gthulhu_init)
{
	s32 err;
	int i, m;

	bpf_for(i, 0, nr_llcs) {
		llc_state_of(i)->clock = CLOCK_START_NS;
		err = scx_bpf_create_dsq(DSQ_ID(QUEUE_LLC, i), -1);
		if (err)
			return err;
		err = scx_bpf_create_dsq(DSQ_ID(QUEUE_URGENT, i), -1);
		if (err)
			return err;
		bpf_for(m, 0, nr_masks) {
			*clock_of(GTHULHU_QUEUE_MASK | MASK_QUEUE_INDEX(m, i)) = CLOCK_START_NS;
			err = scx_bpf_create_dsq(DSQ_ID(QUEUE_MASK, MASK_QUEUE_INDEX(m, i)), -1);
			if (err)
				return err;
		}
	}
	bpf_for(i, 0, nr_cpu_ids) {
		cpu_private_of(i)->clock = CLOCK_START_NS;
		err = scx_bpf_create_dsq(DSQ_ID(QUEUE_CPU, i), -1);
		if (err)
			return err;
	}
#if defined(SABOTAGE_SECOND_QUEUE) || defined(SABOTAGE_OWN_LAST)
	err = scx_bpf_create_dsq(DSQ_ID(QUEUE_SABOTAGE, 0), -1);
	if (err)
		return err;
#endif
	init_slice_timers();
	start_keeper();
	return 0;
}

SEC("struct_ops/exit")
void BPF_PROG(gthulhu_exit, struct scx_exit_info *ei)
{
	exit_record.code = ei->exit_code;
	bpf_probe_read_kernel_str(exit_record.reason, sizeof(exit_record.reason), ei->reason);
	bpf_probe_read_kernel_str(exit_record.msg, sizeof(exit_record.msg), ei->msg);
	exit_record.kind = ei->kind;	/* last: user space looks at it first */
}

SEC(".struct_ops.link")
struct sched_ext_ops gthulhu = {
	.select_cpu = (void *)gthulhu_select_cpu,
	.enqueue = (void *)gthulhu_enqueue,
	.dispatch = (void *)gthulhu_dispatch,
	.tick = (void *)gthulhu_tick,
	.running = (void *)gthulhu_running,
	.stopping = (void *)gthulhu_stopping,
	.enable = (void *)gthulhu_enable,
	.set_cpumask = (void *)gthulhu_set_cpumask,
	.core_sched_before = (void *)gthulhu_core_sched_before,
	.cpu_release = (void *)gthulhu_cpu_release,
	.init_task = (void *)gthulhu_init_task,
	.exit_task = (void *)gthulhu_exit_task,
	.init = (void *)gthulhu_init,
	.exit = (void *)gthulhu_exit,
	/* those that exit too: before the queues they would take half of a CPU, and two of them all of it */
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_ENQ_EXITING,
	.timeout_ms = 30000,
	.name = "gthulhu",
};
