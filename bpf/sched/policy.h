/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What strategies give a task: kept in its storage, inherited by fork, set by a
 * SYSCALL program that checks that the pid is still who it was.
 */
#ifndef GTHULHU_POLICY_H
#define GTHULHU_POLICY_H

#include "state.h"

#define SLICE_STRATEGY_MIN_NS (100 * 1000ULL)

u64 nr_events_lost;		/* commands ring full: user space scans again */

struct policy_args {
	u32 n;
	u32 applied;
};

static __always_inline void emit_event(struct task_struct *p, u32 kind)
{
	struct task_event *e = bpf_ringbuf_reserve(&commands, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&nr_events_lost, 1);
		return;
	}
	e->start_us = p->start_boottime / 1000;
	e->pid = p->pid;
	e->tgid = p->tgid;
	e->kind = kind;
	e->pad = 0;
	bpf_probe_read_kernel(&e->comm_0, 16, p->comm);
	bpf_probe_read_kernel(&e->leader_0, 16, p->group_leader->comm);
	bpf_ringbuf_submit(e, kind == TASK_EVENT_SCAN ? BPF_RB_NO_WAKEUP : 0);
}

/* Nobody listens for commands unless there are strategies: then exec costs nothing more. */
u32 watch_commands;

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, s32 old_pid, void *bprm)
{
	if (watch_commands)
		emit_event(p, TASK_EVENT_EXEC);
	return 0;
}

/* Raised before the new name is in place: the event carries it. */
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	struct task_event *e;

	if (!watch_commands)
		return 0;
	e = bpf_ringbuf_reserve(&commands, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&nr_events_lost, 1);
		return 0;
	}
	e->start_us = p->start_boottime / 1000;
	e->pid = p->pid;
	e->tgid = p->tgid;
	e->kind = TASK_EVENT_RENAME;
	e->pad = 0;
	e->comm_0 = e->comm_1 = e->comm_2 = e->comm_3 = 0;
	bpf_probe_read_kernel_str(&e->comm_0, 16, comm);
	if (p->pid == p->tgid) {
		e->leader_0 = e->comm_0;
		e->leader_1 = e->comm_1;
		e->leader_2 = e->comm_2;
		e->leader_3 = e->comm_3;
	} else {
		bpf_probe_read_kernel(&e->leader_0, 16, p->group_leader->comm);
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}

struct scan_args {
	u32 skip;		/* tasks that an earlier call has told of */
	u32 told;		/* out: tasks told of by this one */
	u32 more;		/* out: the ring was full, call again */
	u32 pad;
};

#define BPF_TASK_ITER_ALL_THREADS 1

/* Tell of every thread there is. */
SEC("syscall")
int scan_tasks(struct scan_args *args)
{
	struct bpf_iter_task it;
	struct task_struct *p;
	u32 skip = args->skip, seen = 0, told = 0;
	u64 lost;

	args->more = 0;
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_THREADS);
	while ((p = bpf_iter_task_next(&it))) {
		if (seen++ < skip)
			continue;
		lost = nr_events_lost;
		emit_event(p, TASK_EVENT_SCAN);
		if (nr_events_lost != lost) {
			args->more = 1;
			break;
		}
		told++;
	}
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
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
		u64 slice = u->slice_ns;

		if (!p)
			continue;
		tc = p->start_boottime / 1000 == u->start_us ? task_ctx_of(p) : NULL;
		if (tc && !(p->flags & PF_KTHREAD)) {
			if (slice && slice < SLICE_STRATEGY_MIN_NS)
				slice = SLICE_STRATEGY_MIN_NS;
			tc->slice_ns = slice > NSEC_PER_SEC ? NSEC_PER_SEC : slice;
			tc->priority = u->priority < GTHULHU_NO_PRIORITY ? u->priority : GTHULHU_NO_PRIORITY;
			tc->strategy = u->strategy;
			applied++;
		}
		bpf_task_release(p);
	}
	args->applied = applied;
	return 0;
}

#endif
