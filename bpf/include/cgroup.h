/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups, with the members that the programs use; CO-RE finds them. Read by
 * copying (BPF_CORE_READ): some of them are RCU pointers on some kernels only.
 */
#ifndef GTHULHU_CGROUP_H
#define GTHULHU_CGROUP_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	const char *name;
	u64 id;			/* inode number of the directory */
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

/* libbpf strips what follows ___ */
struct task_struct___placed {
	struct css_set *cgroups;
};

#pragma clang attribute pop

#define DEFAULT_HIERARCHY 0	/* cgroup v2; those of v1 have other numbers */

#endif
