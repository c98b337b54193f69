/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scheduler knows: parameters (set once, before load), counters
 * (mmapped, read by user space without a system call) and maps.
 */
#ifndef GTHULHU_STATE_H
#define GTHULHU_STATE_H

#include "../include/compat.h"
#include "../include/records.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL

/* Once, and not again later: what another CPU may change meanwhile. */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))

enum dispatch_mode {
	DISPATCH_KERNEL = 0,
	DISPATCH_HYBRID = 1,
	DISPATCH_STRICT = 2,
};

/* Parameters. The names are those that the configuration's effect table shows. */
const volatile u64 slice_default_ns = 5 * NSEC_PER_MSEC;
const volatile u64 slice_min_ns = NSEC_PER_MSEC / 2;
const volatile u64 max_run_ns = 500 * NSEC_PER_MSEC;	/* 0: no bound */
const volatile u32 dispatch_mode = DISPATCH_HYBRID;
const volatile u64 opinion_budget_ppm = 10000;		/* of the node's CPU time */
const volatile u64 opinion_window_ns = 100 * NSEC_PER_MSEC;
const volatile u64 own_boost_ppm = 50000;		/* CPU that our threads may take before the others */
const volatile u64 urgent_budget_ppm = 600000;		/* of a CPU, what priorities 0-9 may take before the others */
const volatile u64 urgent_node_budget_ppm = 600000;	/* ... and of the node */
const volatile u64 strict_deadline_ns = 20 * NSEC_PER_MSEC;	/* `strict`: so long a task is held for its opinion */
const volatile u64 orphan_timeout_ns;			/* without our process; 0: never */

/* What BTF cannot tell the process that takes over a pinned scheduler. */
const volatile u64 build_id;		/* first 8 bytes of the SHA-256 of the object's file */
const volatile u32 attached_timeout_ms;	/* ops.timeout_ms */

/* Topology, as far as it stays when CPUs come and go. */
const volatile u32 nr_cpu_ids = 1;
const volatile u32 nr_possible_cpus = 1;
const volatile u32 nr_llcs = 1;
const volatile u32 nr_masks;				/* sets of CPUs with queues of their own */
const volatile u32 nr_tickless_cpus;			/* nohz_full= */
const volatile u32 report_util;				/* a CPU's governor asks how busy it is */
const volatile u8 cpu_tickless[GTHULHU_MAX_CPUS];

/* ... and what changes: written by user space before it attaches, and by nobody after that. */
u32 nr_online_cpus;
u16 cpu_llc[GTHULHU_MAX_CPUS];		/* a CPU's LLC */
u16 llc_nr_cpus[GTHULHU_MAX_LLCS];	/* how many CPUs an LLC has */

/* How many waited at once in a queue, at most, and when (crowd.h). */
struct crowd_seen {
	u64 jiffies;
	u32 waiting;
};

/* A queue of one LLC: its clock, and when it was last looked after. */
struct llc_state {
	struct crowd_seen crowd;
	u64 clock;		/* vtime of the most advanced task that ran */
	u64 next_rescue_ns;
	u64 next_balance_ns;
	u64 urgent_jiffies;	/* when somebody urgent was last queued; 0: nobody is */
	u64 masks_jiffies;	/* the same for sets of CPUs */
	u64 short_ns;		/* the slice of a strategy that was queued here lately, shorter than the default */
	u64 short_jiffies;	/* when */
	u32 masks_waiting;	/* sets that may have somebody waiting */
} __attribute__((aligned(64)));

/* A set of CPUs that is not all of them. */
struct mask_state {
	struct crowd_seen crowd;
	s32 first_cpu;
	u64 words[GTHULHU_CPU_SET_WORDS];
};

/* The queue of such a set in one LLC. */
struct mask_queue {
	u64 clock;
	u64 next_rescue_ns;
	u32 nr_cpus;		/* of the set, in that LLC */
};

#define GTHULHU_URGENT_LEVELS 10

/* CPU time that urgent tasks have taken, by priority, since the windows that are paid for (budget.h). */
struct urgent_use {
	u64 since_ns;
	u64 used_ns[GTHULHU_URGENT_LEVELS];
};

/* What only the programs look at. Written with that CPU's run queue locked, or atomically, or a hint. */
struct cpu_private {
	struct urgent_use urgent;
	struct crowd_seen crowd;
	u64 slice_end_ns;	/* when the turn that runs is over; 0: at a tick, as the kernel finds */
	u64 slice_armed_ns;	/* when its timer fires; 0: it does not run */
	u64 util_since_ns, util_busy_ns;
	u32 util, util_told;	/* of 1024 */
	u32 tick_may_stop;	/* a lone task runs with a slice that never ends (tickless.h) */
	u64 ticked;		/* jiffies: the last tick, where there may be none */
	u64 running_vtime;	/* of the task that runs, when it got the CPU */
	u64 hog_since_ns;	/* ... when that was, if it has run for a whole slice without sleeping; else 0 */
	u64 clock;		/* of its own queue, see clock.h */
	u64 next_look;		/* jiffies: rescue and balance need no clock before */
	u64 next_rescue_ns;	/* of its own queue */
	u32 running_urgent;	/* its priority is one of the urgent band */
	u32 urgent_in_line;	/* ... but it got the CPU over the budget, as the others do */
	u32 urgent_comes;	/* 1 + the priority of an urgent task that has just taken the CPU, and does not run yet; 0: none */
	/*
	 * The CPU's own queue may hold somebody. Exact enough without atomics:
	 * set and cleared with the CPU's run queue locked.
	 */
	u32 pinned;
	u32 interrupted_pid;	/* whom our policy's thread or somebody urgent has just pushed aside */
} __attribute__((aligned(64)));

struct llc_state llcs[GTHULHU_MAX_LLCS];
struct cpu_state cpus[GTHULHU_MAX_CPUS];
struct cpu_private cpu_privates[GTHULHU_MAX_CPUS];
struct mask_state masks[GTHULHU_MAX_MASKS];
u32 cpu_masks[GTHULHU_MAX_CPUS];	/* sets that each CPU belongs to, a bit each */
struct mask_queue mask_queues[GTHULHU_MAX_MASKS * GTHULHU_MAX_LLCS];
u64 nr_masks_refused;			/* tasks whose set of CPUs found no room */
struct opinion_stats opinions;
struct exit_record exit_record;

/* Written by user space: when its policy last came round. */
u64 user_seen_ns;
/* ... and when its main thread last said that it lives; 0: never. */
u64 user_alive_ns;
/* The process whose threads are ours; 0: nobody. Kernel numbers, not a pod's. */
u32 own_tgid;
u64 own_start_ns;
u32 own_policy_pid;		/* the thread that decides */
u64 own_window_ns, own_used_ns;
u64 own_runtime_ns;		/* CPU time of our threads since registration */
u64 policy_runtime_ns;		/* ... and of the policy's alone: what opinions cost */
u64 nr_tasks;			/* tasks that the scheduler has been told of, now */

/* Never written: keeps the layouts of ring records in the object's type information. */
struct {
	struct task_record task;
	struct task_event event;
	struct cgroup_entry entry;
} record_types;

struct task_ctx {
	u64 vtime;		/* CPU time used over weight, on the clock of `basis` */
	u64 key;		/* the kernel's own order for this wait */
	u64 enq_ns;		/* 0: not waiting */
	u64 enq_jiffies;
	u64 gen;		/* counts waits */
	u64 decided_gen;	/* the wait that user space's decision was applied to */
	u64 exec_mark_ns;	/* sum_exec_runtime up to which it is charged */
	u64 run_start_ns;	/* sum_exec_runtime when it got its CPU */
	u64 turn_start_ns;	/* ... when its turn began, which somebody may have interrupted */
	u64 burst_ns;		/* CPU time since it last slept */
	u64 burst_avg_ns;
	u64 policy_seq;		/* the change of policies that it has been settled for */
	u64 policy_css;		/* ... and its cgroups then */
	u64 slice_ns;		/* strategy: 0 is the default */
	u32 priority;		/* strategy: GTHULHU_NO_PRIORITY is none */
	u32 strategy;
	u32 cpus;		/* strategy: handle of a set of CPUs */
	u32 restricted;		/* `mask` leaves out CPUs that its affinity has */
	u32 queue;		/* where it waits */
	u32 basis;		/* the queue whose clock `vtime` is on */
	u32 owed;		/* a turn, and it is not over before it has really run */
	u32 mask;		/* its set of CPUs, see mask.h */
	u32 waiters;		/* how many others waited in its queue when it came */
	u32 policy_source;
	u32 scan_seq;		/* the scan that has told of it */
	u32 told;		/* counts what may have changed its command: events, and names that are known */
	u32 answered;		/* up to which of them its policy is settled */
	u64 policy_cgroup;	/* whose entry it has */
	u64 policy_since_ns;
	struct policy own;	/* by its command */
	u64 own_cgroup;		/* the only one where that holds */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} commands SEC(".maps");

/* Filled by user space before it runs `apply` and `set_policies`. */
struct decision decisions[GTHULHU_MAX_DECISIONS];
struct policy_update policy_updates[GTHULHU_MAX_POLICY_UPDATES];

/* Counts changes of policies; 0: there has been none. */
u64 policy_seq;
/* Written by user space: there are entries of cgroups. */
u32 has_cgroup_policies;
/* ... by user space: there are strategies that name commands. */
u32 has_command_policies;
/* Sets of CPUs that strategies name, GTHULHU_CPU_SET_WORDS each. */
u64 cpu_set_words[GTHULHU_MAX_CPU_SETS * GTHULHU_CPU_SET_WORDS];
u64 nr_cpus_ignored;		/* times that a task was found to have none of the CPUs its strategy names, or no queue for them */

static __always_inline struct task_ctx *task_ctx_of(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

static __always_inline struct cpu_state *cpu_state_of(s32 cpu)
{
	return &cpus[cpu & (GTHULHU_MAX_CPUS - 1)];
}

static __always_inline struct cpu_private *cpu_private_of(s32 cpu)
{
	return &cpu_privates[cpu & (GTHULHU_MAX_CPUS - 1)];
}

static __always_inline struct cpu_state *this_cpu(void)
{
	return cpu_state_of(bpf_get_smp_processor_id());
}

/* Where there can be one CPU only, the verifier sees that. */
static __always_inline bool several_cpus(void)
{
	return nr_cpu_ids > 1 && nr_online_cpus > 1;
}

static __always_inline u32 llc_of(s32 cpu)
{
	return cpu_llc[cpu & (GTHULHU_MAX_CPUS - 1)] & (GTHULHU_MAX_LLCS - 1);
}

static __always_inline struct llc_state *llc_state_of(u32 llc)
{
	return &llcs[llc & (GTHULHU_MAX_LLCS - 1)];
}

/*
 * CLOCK_MONOTONIC, as user space has it. scx_bpf_now() is cheaper but another
 * clock: its zero and its drift are not those of the times that user space sends.
 */
static __always_inline u64 now_ns(void)
{
	return bpf_ktime_get_ns();
}

static __always_inline bool time_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

#endif
