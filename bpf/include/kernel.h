/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the programs use, with only the members they use.
 * CO-RE finds the members in the running kernel's BTF: one object runs on
 * every kernel that has them, and loads without 3 MB of types.
 */
#ifndef GTHULHU_KERNEL_H
#define GTHULHU_KERNEL_H

/* headers of Linux 6.4 and later have this type too; ours serves with both kinds */
#define bpf_iter_num bpf_iter_num_of_headers
#include <linux/bpf.h>
#undef bpf_iter_num
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* never looked into, but a declaration alone does not match the kernel's type */
struct cpumask {
	unsigned long bits[1];
};

struct sched_entity {
	u64 sum_exec_runtime;
};

struct scx_dispatch_q;

struct kernfs_node {
	const char *name;
	u64 id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[];	/* the root's first, its own last */
};

struct css_set {
	struct cgroup *dfl_cgrp;	/* of the unified hierarchy */
};

struct sched_ext_entity {
	u32 flags;
	u32 weight;
	u64 slice;
	u64 dsq_vtime;
};

struct task_struct {
	unsigned int flags;
	unsigned int policy;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	unsigned short migration_disabled;
	struct sched_entity se;
	struct sched_ext_entity scx;
	s32 pid;
	s32 tgid;
	u64 start_boottime;
	struct task_struct *group_leader;
	struct css_set *cgroups;
	char comm[16];
};

struct scx_init_task_args {
	bool fork;
};

struct scx_exit_task_args {
	bool cancelled;
};

enum scx_exit_kind {
	SCX_EXIT_NONE = 0,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
};

struct scx_cpu_release_args;

#pragma clang attribute pop

/* On the stack of a program: its size is the kernel's, so no CO-RE here. */
struct bpf_iter_scx_dsq {
	u64 opaque[6];
} __attribute__((aligned(8)));

struct bpf_iter_task {
	u64 opaque[3];
} __attribute__((aligned(8)));

struct bpf_iter_num {
	u64 opaque[1];
} __attribute__((aligned(8)));

struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
} __attribute__((preserve_access_index));

struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*enable)(struct task_struct *p);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *cpumask);
	bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *ei);
	u32 dispatch_max_batch;
	u64 flags;
	u32 timeout_ms;
	u64 hotplug_seq;
	char name[128];
};

/*
 * Enumerators move between kernels (SCX_ENQ_HEAD did): every use goes through
 * KVAL(), which takes the running kernel's value. The numbers here are only
 * what the compiler needs to make an enum of the right width.
 */
enum scx_enq_flags {
	SCX_ENQ_WAKEUP = 1ULL,
	SCX_ENQ_HEAD = 2ULL,
	SCX_ENQ_PREEMPT = 1ULL << 32,
	SCX_ENQ_REENQ = 1ULL << 40,
	SCX_ENQ_LAST = 1ULL << 41,
};

enum scx_wake_flags {
	SCX_WAKE_SYNC = 16,
};

enum scx_dsq_id_flags {
	SCX_DSQ_LOCAL = 1ULL << 63 | 2,
	SCX_DSQ_LOCAL_ON = 1ULL << 63 | 1ULL << 62,
};

enum scx_kick_flags {
	SCX_KICK_IDLE = 1,
	SCX_KICK_PREEMPT = 2,
};

enum scx_ent_flags {
	SCX_TASK_QUEUED = 1,
};

enum scx_dsq_iter_flags {
	SCX_DSQ_ITER_REV = 1U << 16,
};

#define KVAL(type, value) bpf_core_enum_value(enum type, value)

/* The same since 6.12. Values that are set here and not by a program, so KVAL() cannot find the kernel's. */
#define SCX_OPS_ENQ_LAST (1ULL << 1)
#define SCX_OPS_ENQ_EXITING (1ULL << 2)

/* include/linux/sched.h: part of the kernel's tracing ABI in practice */
#define PF_EXITING 0x00000004
#define PF_MEMALLOC 0x00000800
#define PF_KTHREAD 0x00200000
#define PF_NO_SETAFFINITY 0x04000000
#define SCHED_IDLE 5

#endif
