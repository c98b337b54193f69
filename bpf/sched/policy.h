/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strategies that name commands: user space is told of every command that may
 * have changed, but for names that are known (command.h), and answers with a
 * SYSCALL program that checks that the pid is still who it was, and that nothing
 * has happened to its name since. What it says is kept in the task's storage and
 * inherited by fork.
 */
#ifndef GTHULHU_POLICY_H
#define GTHULHU_POLICY_H

#include "command.h"

u64 nr_events_lost;		/* commands ring full: user space scans again */

struct policy_args {
	u32 n;
	u32 applied;
};

static __always_inline struct task_event *begin_event(struct task_struct *p, u32 kind)
{
	struct task_event *e = bpf_ringbuf_reserve(&commands, sizeof(*e), 0);
	struct task_ctx *tc;
	u64 cgroup;

	if (!e) {
		__sync_fetch_and_add(&nr_events_lost, 1);
		return NULL;
	}
	cgroup = BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
	e->start_us = p->start_boottime / 1000;
	e->pid = p->pid;
	e->tgid = p->tgid;
	e->kind = kind;
	e->cgroup_lo = (u32)cgroup;
	e->cgroup_hi = cgroup >> 32;
	tc = task_ctx_of(p);
	e->told = tc ? __sync_fetch_and_add(&tc->told, 1) + 1 : 0;
	bpf_probe_read_kernel(&e->comm_0, 16, p->comm);
	bpf_probe_read_kernel(&e->leader_0, 16, p->group_leader->comm);
	return e;
}

static __always_inline void emit_event(struct task_struct *p, u32 kind)
{
	struct task_event *e = begin_event(p, kind);

	if (e)
		bpf_ringbuf_submit(e, kind == TASK_EVENT_SCAN ? BPF_RB_NO_WAKEUP : 0);
}

/* Nobody listens for commands unless strategies name some: then exec costs nothing more. */
u32 watch_commands;
/* ... nor for moves, unless strategies name commands in cgroups. */
u32 watch_moves;

/* A child of somebody whose answer is on its way has inherited too early: it is told of when it is there. */
static __always_inline void born_unanswered(struct task_ctx *tc, const struct task_ctx *parent)
{
	tc->told = parent->told != parent->answered;
}

static __always_inline void tell_of_born(struct task_struct *p, const struct task_ctx *tc)
{
	if (watch_commands && tc->told != tc->answered)
		emit_event(p, TASK_EVENT_BORN);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, s32 old_pid, void *bprm)
{
	struct command_name name = {};

	if (!watch_commands)
		return 0;
	/* who runs another program is the leader of its process */
	bpf_probe_read_kernel(&name.word_0, 16, p->comm);
	if (!settle_command(p, &name, &name))
		emit_event(p, TASK_EVENT_EXEC);
	return 0;
}

/* Raised before the new name is in place: the event carries it. */
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	struct command_name name = {}, leader = {};
	struct task_event *e;

	if (!watch_commands)
		return 0;
	bpf_probe_read_kernel_str(&name.word_0, 16, comm);
	if (p->pid == p->tgid)
		leader = name;
	else
		bpf_probe_read_kernel(&leader.word_0, 16, p->group_leader->comm);
	if (settle_command(p, &name, &leader))
		return 0;
	e = begin_event(p, TASK_EVENT_RENAME);
	if (!e)
		return 0;
	e->comm_0 = name.word_0;
	e->comm_1 = name.word_1;
	e->comm_2 = name.word_2;
	e->comm_3 = name.word_3;
	e->leader_0 = leader.word_0;
	e->leader_1 = leader.word_1;
	e->leader_2 = leader.word_2;
	e->leader_3 = leader.word_3;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* Raised once, for the leader, where a whole process moves. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *to, const char *path, struct task_struct *p, bool threadgroup)
{
	if (watch_moves)
		emit_event(p, threadgroup ? TASK_EVENT_MOVE_ALL : TASK_EVENT_MOVE);
	return 0;
}

/* CLONE_INTO_CGROUP raises no move. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *p, u64 clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();

	if (watch_moves && BPF_CORE_READ(p, cgroups, dfl_cgrp) != BPF_CORE_READ(parent, cgroups, dfl_cgrp))
		emit_event(p, TASK_EVENT_MOVE);
	return 0;
}

u32 scan_seq;			/* counts scans */

struct scan_args {
	u32 begin;		/* a new scan: every task is to be told of again */
	u32 told;		/* out: tasks told of by this call */
	u32 more;		/* out: the ring was full, call again */
	s32 tgid;		/* of this process only; 0: of all */
};

#define BPF_TASK_ITER_ALL_THREADS 1
#define BPF_TASK_ITER_PROC_THREADS 2

/* Tell of every thread that this scan has not told of yet: also those that were forked meanwhile. */
SEC("syscall")
int scan_tasks(struct scan_args *args)
{
	struct task_struct *p, *leader = NULL;
	struct bpf_iter_task it;
	s32 tgid = args->tgid;
	u32 told = 0;
	u64 lost;

	if (args->begin)
		scan_seq++;
	args->more = 0;
	args->told = 0;
	if (tgid) {
		leader = bpf_task_from_pid(tgid);
		if (!leader)
			return 0;
	}
	bpf_rcu_read_lock();
	if (leader)
		bpf_iter_task_new(&it, leader, BPF_TASK_ITER_PROC_THREADS);
	else
		bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_THREADS);
	while ((p = bpf_iter_task_next(&it))) {
		struct task_ctx *tc = task_ctx_of(p);

		if (!tc || tc->scan_seq == scan_seq)
			continue;
		lost = nr_events_lost;
		emit_event(p, TASK_EVENT_SCAN);
		if (nr_events_lost != lost) {
			args->more = 1;
			break;
		}
		tc->scan_seq = scan_seq;
		told++;
	}
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	if (leader)
		bpf_task_release(leader);
	args->told = told;
	return 0;
}

SEC("syscall")
int set_policies(struct policy_args *args)
{
	u32 n = args->n, applied = 0;
	int i;

	if (n > GTHULHU_MAX_POLICY_UPDATES)
		n = GTHULHU_MAX_POLICY_UPDATES;
	bpf_for(i, 0, n) {
		const struct policy_update *u = &policy_updates[i & (GTHULHU_MAX_POLICY_UPDATES - 1)];
		struct task_struct *p = bpf_task_from_pid(u->pid);
		struct task_ctx *tc;

		if (!p)
			continue;
		tc = p->start_boottime / 1000 == u->start_us ? task_ctx_of(p) : NULL;
		if (tc && tc->told == u->told && !(p->flags & PF_KTHREAD)) {
			struct policy own = {
				.slice_ns = u->slice_ns,
				.rank = u->rank,
				.priority = u->priority,
				.cpus = u->cpus,
				.strategy = u->strategy,
			};

			take_own(p, tc, &own, (u64)u->cgroup_hi << 32 | u->cgroup_lo);
			tc->answered = u->told;
			applied++;
		}
		bpf_task_release(p);
	}
	args->applied = applied;
	return 0;
}

#endif
