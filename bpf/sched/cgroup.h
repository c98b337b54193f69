/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroups above a task, and what an entry about one of them says. */
#ifndef GTHULHU_SCHED_CGROUP_H
#define GTHULHU_SCHED_CGROUP_H

#include "state.h"

struct policy_found {
	struct policy policy;	/* rank 0: none */
	u64 cgroup;		/* whose entry it is */
	u32 source;
	u32 pad;
};

static __always_inline struct policy *in_force(struct cgroup_entry *e, u64 seq)
{
	return e->next_seq && e->next_seq <= seq ? &e->next : &e->now;
}

static __always_inline struct cgroup *cgroup_of(u64 css)
{
	return BPF_CORE_READ((struct css_set *)css, dfl_cgrp);
}

/* @level from the root's, which is 0, to its own */
static __always_inline struct cgroup *ancestor_at(struct cgroup *cgrp, s32 level)
{
	struct cgroup *ancestor = NULL;

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)cgrp + bpf_core_field_offset(struct cgroup, ancestors) + level * sizeof(ancestor));
	return ancestor;
}

/* The id of the cgroup @above levels above @cgrp; 0 beyond the root. */
static __always_inline u64 ancestor_id(struct cgroup *cgrp, s32 above)
{
	s32 level = BPF_CORE_READ(cgrp, level) - above;

	return level < 0 ? 0 : BPF_CORE_READ(ancestor_at(cgrp, level), kn, id);
}

#endif
