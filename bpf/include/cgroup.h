/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups, with the members that the programs about workloads use. The names
 * carry a flavour of their own (libbpf strips what follows ___), so that other
 * programs may declare other members. Read by copying (BPF_CORE_READ): some of
 * them are RCU pointers on some kernels only.
 */
#ifndef GTHULHU_CGROUP_H
#define GTHULHU_CGROUP_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node___placed {
	const char *name;
	u64 id;			/* inode number of the directory */
};

struct cgroup_root___placed {
	int hierarchy_id;
};

struct cgroup___placed;

struct cgroup_subsys_state___placed {
	struct cgroup___placed *cgroup;
	struct cgroup_subsys_state___placed *parent;
};

struct cgroup___placed {
	struct cgroup_subsys_state___placed self;
	struct kernfs_node___placed *kn;
	struct cgroup_root___placed *root;
};

struct css_set___placed {
	struct cgroup___placed *dfl_cgrp;
};

struct task_struct___placed {
	struct css_set___placed *cgroups;
};

#pragma clang attribute pop

#define DEFAULT_HIERARCHY 0	/* cgroup v2; those of v1 have other numbers */

#endif
