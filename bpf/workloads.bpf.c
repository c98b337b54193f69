// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which cgroups come and go, and which tasks come into them: as it happens, so
 * that nobody has to look through /proc or /sys again and again. It changes
 * nothing. Only cgroup v2 counts.
 *
 * Two rings, because they do not matter alike: cgroups are few, and a lost one
 * costs a whole pass over the tree; tasks may be many.
 */
#include "include/cgroup.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "include/workload_records.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} cgroup_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} placed_tasks SEC(".maps");

u64 nr_cgroup_events_lost;
u64 nr_placed_tasks_lost;

/* keep the types of the records in BTF: user space reads their layouts there */
const struct cgroup_event *cgroup_event_type;
const struct placed_task *placed_task_type;

static __always_inline u64 id_of(struct cgroup___placed *cgrp)
{
	return BPF_CORE_READ(cgrp, kn, id);
}

static __always_inline bool is_v2(struct cgroup___placed *cgrp)
{
	return BPF_CORE_READ(cgrp, root, hierarchy_id) == DEFAULT_HIERARCHY;
}

static __always_inline struct cgroup___placed *cgroup_of(struct task_struct *p)
{
	struct task_struct___placed *placed = (void *)p;

	return BPF_CORE_READ(placed, cgroups, dfl_cgrp);
}

static __always_inline int tell_cgroup(struct cgroup___placed *cgrp, u32 kind)
{
	struct cgroup_event *e;
	struct cgroup___placed *parent;
	u64 id, parent_id;
	long length;

	if (!is_v2(cgrp))
		return 0;
	e = bpf_ringbuf_reserve(&cgroup_events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&nr_cgroup_events_lost, 1);
		return 0;
	}
	parent = BPF_CORE_READ(cgrp, self.parent, cgroup);
	id = id_of(cgrp);
	parent_id = parent ? id_of(parent) : 0;
	e->kind = kind;
	e->id_low = id;
	e->id_high = id >> 32;
	e->parent_low = parent_id;
	e->parent_high = parent_id >> 32;
	length = bpf_probe_read_kernel_str(e->name, sizeof(e->name), BPF_CORE_READ(cgrp, kn, name));
	e->name_bytes = length > 1 ? length - 1 : 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup___placed *cgrp, const char *path)
{
	return tell_cgroup(cgrp, CGROUP_EVENT_MKDIR);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup___placed *cgrp, const char *path)
{
	return tell_cgroup(cgrp, CGROUP_EVENT_RMDIR);
}

/* @comm the name that a rename is about to give it; NULL: the one that it has */
static __always_inline int tell_task(struct task_struct *p, struct cgroup___placed *cgrp, u32 kind, bool whole,
				     const char *comm)
{
	struct placed_task *e = bpf_ringbuf_reserve(&placed_tasks, sizeof(*e), 0);
	u64 id;

	if (!e) {
		__sync_fetch_and_add(&nr_placed_tasks_lost, 1);
		return 0;
	}
	id = id_of(cgrp);
	e->start_us = p->start_boottime / 1000;
	e->pid = p->pid;
	e->tgid = p->tgid;
	e->kind = kind;
	e->whole_process = whole;
	e->id_low = id;
	e->id_high = id >> 32;
	e->comm_0 = e->comm_1 = e->comm_2 = e->comm_3 = 0;
	if (comm)
		bpf_probe_read_kernel_str(&e->comm_0, 16, comm);
	else
		bpf_probe_read_kernel(&e->comm_0, 16, p->comm);
	if (comm && p->pid == p->tgid) {
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

/* Once for a process of which all threads move, with its leader. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup___placed *cgrp, const char *path, struct task_struct *p, bool threadgroup)
{
	if (!is_v2(cgrp))
		return 0;
	return tell_task(p, cgrp, PLACED_TASK_ATTACH, threadgroup, NULL);
}

/* clone3() with CLONE_INTO_CGROUP raises no attach. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *p, u64 clone_flags)
{
	struct cgroup___placed *cgrp = cgroup_of(p);
	struct cgroup___placed *before = cgroup_of(bpf_get_current_task_btf());

	if (cgrp == before)
		return 0;
	return tell_task(p, cgrp, PLACED_TASK_FORK, false, NULL);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_placed_exec, struct task_struct *p, s32 old_pid, void *bprm)
{
	return tell_task(p, cgroup_of(p), PLACED_TASK_EXEC, false, NULL);
}

/* Raised before the new name is in place: the record carries it. */
SEC("tp_btf/task_rename")
int BPF_PROG(on_placed_rename, struct task_struct *p, const char *comm)
{
	return tell_task(p, cgroup_of(p), PLACED_TASK_RENAME, false, comm);
}
