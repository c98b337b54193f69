/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel tells about cgroups and about tasks that come into them.
 * User space reads these layouts back from the object's BTF.
 *
 * The number of a cgroup is 64 bits wide and goes as two words, because a
 * column of doubles holds 53 bits of it only.
 */
#ifndef GTHULHU_WORKLOAD_RECORDS_H
#define GTHULHU_WORKLOAD_RECORDS_H

#define GTHULHU_CGROUP_NAME 256	/* NAME_MAX and the closing NUL */

enum cgroup_event_kind {
	CGROUP_EVENT_MKDIR = 1,
	CGROUP_EVENT_RMDIR = 2,
};

struct cgroup_event {
	__u32 kind;
	__u32 id_low;
	__u32 id_high;
	__u32 parent_low;
	__u32 parent_high;
	__u32 name_bytes;	/* without the closing NUL; 0: user space looks the name up */
	__u32 name[GTHULHU_CGROUP_NAME / 4];	/* any bytes but NUL and slash */
};

enum placed_task_kind {
	PLACED_TASK_ATTACH = 1,	/* moved */
	PLACED_TASK_FORK = 2,	/* born in another cgroup than its parent's */
	PLACED_TASK_EXEC = 3,
	PLACED_TASK_RENAME = 4,
};

/* Names travel as words: four numbers each, 16 bytes with the closing NUL. */
struct placed_task {
	__u64 start_us;		/* boot time of its creation: with the pid, who it is; us, so that a double holds it */
	__s32 pid;
	__s32 tgid;
	__u32 kind;
	__u32 whole_process;	/* all its threads were moved, not only this one */
	__u32 id_low;		/* of the cgroup that it is in now */
	__u32 id_high;
	__u32 comm_0, comm_1, comm_2, comm_3;
	__u32 leader_0, leader_1, leader_2, leader_3;
};

#endif
