/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Every record that crosses the border between kernel and user space. This
 * file is the one truth: user space reads these layouts back from the object's
 * BTF, nobody writes them a second time.
 *
 * Units are in the names: *_ns are nanoseconds. `key` and `vtime` are
 * nanoseconds of CPU time at weight 100 (nice 0) on the scale of one queue.
 */
#ifndef GTHULHU_RECORDS_H
#define GTHULHU_RECORDS_H

#define GTHULHU_MAX_CPUS 1024	/* power of two: used as an index mask */
#define GTHULHU_MAX_LLCS 256	/* power of two: used as an index mask */
#define GTHULHU_MAX_DECISIONS 512
#define GTHULHU_MAX_POLICY_UPDATES 256
#define GTHULHU_MAX_CGROUP_POLICIES 32768	/* of what is in force and what is to be, together */
#define GTHULHU_MAX_CPU_SETS 64	/* power of two: used as an index mask; 0 is none */
#define GTHULHU_CPU_SET_WORDS (GTHULHU_MAX_CPUS / 64)
#define GTHULHU_MAX_LEVELS 32	/* of cgroups within each other that are looked at */
#define GTHULHU_MAX_COMMANDS 4096	/* names whose strategy is remembered */
#define GTHULHU_MAX_UNIT_POLICIES 8192	/* of what is in force and what is to be, together */
#define GTHULHU_MAX_UNIT_EXCEPTS 16

/*
 * A queue as the two sides name it: the LLC's index, a CPU's own queue, the
 * urgent band's of an LLC, or that of a set of CPUs: number of the set << 8 | LLC.
 */
#define GTHULHU_QUEUE_CPU 0x80000000u
#define GTHULHU_QUEUE_URGENT 0x40000000u
#define GTHULHU_QUEUE_MASK 0x20000000u
#define GTHULHU_QUEUE_INDEX 0x1fffffffu
#define GTHULHU_MAX_MASKS 32	/* bits of a word */

/* kernel -> user: a task waits where order can matter, an opinion is welcome */
struct task_record {
	__u64 enq_ns;		/* when it was queued */
	__u64 key;		/* what the kernel ordered it by, strategy included */
	__u64 vtime;		/* what it is charged with */
	__u64 clock;		/* where its queue's clock stands */
	__u64 runtime_ns;	/* CPU time since it was created */
	__u64 burst_ns;		/* CPU time it uses between two sleeps, recently */
	__u64 gen;		/* which wait this is: a decision must carry it back */
	__u64 slice_ns;		/* what it will get */
	__s32 pid;
	__s32 tgid;
	__s32 cpu;		/* where it was queued */
	__u32 weight;		/* 1..10000, 100 is nice 0 */
	__u32 queue;
	__u32 flags;		/* enqueue flags, low half */
	__u32 priority;		/* 0..20 of its strategy, GTHULHU_NO_PRIORITY without one */
	__u32 nr_waiting;	/* tasks in the same queue before it came */
};

#define GTHULHU_NO_PRIORITY 21

/* user -> kernel: the opinion. Applied by the SYSCALL program `apply`. */
struct decision {
	__u64 gen;
	__u64 key;		/* wished; clamped around the kernel's own */
	__u64 slice_ns;		/* wished; 0 leaves the kernel's, else clamped */
	__s32 pid;
	__s32 cpu;		/* -1: any; else: into the queue of this CPU's LLC */
	__u32 queue;		/* from the record */
	__u32 pad;
};

/* kernel -> user: a command may have changed, strategies are to be matched */
enum task_event_kind {
	TASK_EVENT_EXEC = 1,
	TASK_EVENT_RENAME = 2,
	TASK_EVENT_SCAN = 3,	/* it was there already */
	TASK_EVENT_MOVE = 4,	/* it is in another cgroup than before, or than its parent */
	TASK_EVENT_MOVE_ALL = 5,	/* ... and so are all threads of its process */
	TASK_EVENT_BORN = 6,	/* of a parent whose command was not answered for yet: it inherited too early */
};

/* Names travel as words: four numbers each, 16 bytes with the closing NUL. */
struct task_event {
	__u64 start_us;		/* boot time of its creation: with the pid, who it is; us, so that a double holds it */
	__s32 pid;
	__s32 tgid;
	__u32 kind;
	__u32 cgroup_lo, cgroup_hi;	/* id of its cgroup, in halves that a double holds */
	__u32 told;		/* which event about this task it is: an answer must carry it back */
	__u32 comm_0, comm_1, comm_2, comm_3;
	__u32 leader_0, leader_1, leader_2, leader_3;
};

/* What a strategy gives. Where two may apply to a task the smaller rank wins: user space has ordered them. */
struct policy {
	__u64 slice_ns;		/* 0: the default slice */
	__u32 rank;		/* 1 and up; 0: no policy */
	__u32 priority;		/* 0..20, GTHULHU_NO_PRIORITY: none */
	__u32 cpus;		/* handle of a set of CPUs, its low bits the index; 0: all */
	__u32 strategy;		/* number of the strategy, for explanations */
};

/* user -> kernel: the policy of one task by its command */
struct policy_update {
	__u64 start_us;		/* from the event */
	__u64 slice_ns;
	__s32 pid;
	__u32 rank;
	__u32 priority;
	__u32 cpus;
	__u32 strategy;
	__u32 cgroup_lo, cgroup_hi;	/* it holds in this cgroup only; 0: in all */
	__u32 told;		/* from the event */
};

/* A name as the kernel has it, and the version of the rules that it was matched against. */
struct command_name {
	__u32 word_0, word_1, word_2, word_3;
	__u32 version;
};

/* user -> kernel: what a name alone decides. Never changes: other rules are another version. */
struct command_entry {
	struct policy policy;	/* rank 0: none */
	__u32 exempt;		/* none, whatever the other name of a thread says */
	__u32 pad;
};

/*
 * user -> kernel: the policy of a cgroup and of all below it that have none. Changes are written ahead and take effect
 * together, with `policy_seq`: what `next` says counts from the change `next_seq` on.
 */
struct cgroup_entry {
	__u64 next_seq;		/* 0: there is no `next` */
	struct policy now;
	struct policy next;
};

/*
 * A unit of systemd by its name and that of its slice, NUL-padded. Without a name: every scope of the slice; without a
 * slice: in any. The value is a cgroup_entry: so a strategy for a unit holds before anybody can have seen its cgroup.
 */
struct unit_name {
	char slice[32];
	char name[64];
};

/* user -> kernel: how names begin that `every scope` passes by; bytes that the mask leaves out are any */
struct unit_except {
	__u64 word[3];
	__u64 mask[3];		/* all 0: none */
};

enum policy_source {
	POLICY_NONE = 0,
	POLICY_TASK = 1,	/* by its command */
	POLICY_CGROUP = 2,
};

/* kernel -> user: what applies to one task, and where it comes from */
struct explained {
	__u64 start_us;
	__u64 since_ns;		/* 0: from its next turn on */
	__u64 slice_ns;
	__u64 entry_cgroup;	/* whose entry it is, 0: no cgroup's */
	__s32 pid;		/* 0: there is no such task */
	__s32 tgid;
	__u32 source;		/* enum policy_source */
	__u32 rank;
	__u32 priority;
	__u32 cpus;
	__u32 strategy;
	__u32 restricted;	/* it waits and runs on some of its CPUs only */
	__u32 exempt;		/* a kernel thread, or one of the scheduler's own */
	__u32 levels;		/* cgroups, its own first */
	__u64 cgroups[GTHULHU_MAX_LEVELS];
};

/* One per CPU, written by that CPU only: no atomics, no shared cache lines. */
struct cpu_state {
	__u32 running;		/* 1 while a task of ours runs here */
	__u32 running_idle;	/* ... and its policy is SCHED_IDLE */
	__u32 running_priority;	/* ... and the priority of its strategy */
	__s32 running_pid;
	__u64 nr_user_dispatches;	/* started in the order user space decided */
	__u64 nr_kernel_dispatches;	/* started in the kernel's own order */
	__u64 nr_direct;	/* started on an idle CPU at once (also in the line above) */
	__u64 nr_kept;		/* went on with a new slice: nobody was before it */
	__u64 nr_stolen;	/* taken from the queue of another LLC */
	__u64 nr_rescued;	/* taken out of order because it had waited too long */
	__u64 nr_preempting;	/* asked a weaker task to leave its CPU */
	__u64 nr_urgent_over_budget;	/* urgent, but served like the others */
	__u64 nr_own_over_budget;	/* the scheduler's own threads, served like the others */
	__u64 nr_opinions_asked;
	__u64 nr_opinions_used;	/* of those, started as user space wished */
	__u64 nr_ring_full;
	__u64 nr_budget_reached;	/* not asked: the budget was spent */
	__u64 nr_backed_off;	/* not asked: answers do not change the order */
	__u64 nr_silent;	/* not asked: user space has not been heard of */
	__u64 nr_bounced;	/* local tasks sent back because another class took the CPU */
	__u64 max_wait_ns;	/* longest wait for a CPU that ended here, of those of two ticks and more */
	__u64 nr_broken_promises;	/* waits longer than promised */
	__u64 pad[6];
} __attribute__((aligned(64)));

/* Written by `apply`, which runs on any CPU: atomics, but once a batch. */
struct opinion_stats {
	__u64 nr_decisions;	/* received */
	__u64 nr_applied;	/* the task waits where user space wished */
	__u64 nr_late;		/* the wait was over already */
	__u64 nr_gone;		/* the task was gone */
	__u64 nr_clamped;	/* applied, but not as far as wished */
	__u64 nr_unchanged;	/* applied, but changes no order */
	__u64 nr_expired;	/* ignored: the task has waited too long already */
	__u64 nr_bounced;	/* the CPU wished for is not allowed or not online */
	__u64 nr_failed;	/* the queue refused the move */
	__u64 nr_invalid;	/* a decision that makes no sense */
};

struct exit_record {
	__s64 kind;
	__s64 code;
	char reason[128];
	char msg[1024];
};

#endif
