/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strategies for units of systemd that are still to come. Between the mkdir of a
 * unit's cgroup and its entry lie two processes, and its program is executed
 * meanwhile. Its name is known before: so a cgroup without an entry is looked up
 * by its name and that of its slice. What user space says about the cgroup itself,
 * as soon as it has seen it, goes before that.
 *
 * Whoever may make cgroups in a container must not become somebody else by their
 * names: a unit counts only where nothing but slices is above it.
 */
#ifndef GTHULHU_UNIT_POLICY_H
#define GTHULHU_UNIT_POLICY_H

#include "cgroup.h"

#define NO_UNIT -1
#define UNIT_NAME_BYTES sizeof(((struct unit_name *)0)->name)
#define EXCEPT_WORDS 3

/* The end of a name with its NUL, read as a number. */
#define SUFFIX_BYTES 7
#ifdef SABOTAGE_NO_UNITS
#define SUFFIX_SLICE 0ULL
#else
#define SUFFIX_SLICE 0x006563696c732eULL	/* ".slice" */
#endif
#define SUFFIX_SCOPE 0x0065706f63732eULL	/* ".scope" */

/* Written by user space. Changes are written ahead, as those of cgroups are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTHULHU_MAX_UNIT_POLICIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct unit_name);
	__type(value, struct cgroup_entry);
} unit_policies SEC(".maps");

/* Written by user space: there are entries of units. */
u32 has_unit_policies;
struct unit_except unit_excepts[GTHULHU_MAX_UNIT_EXCEPTS];

/* Reads the name of a cgroup. Returns how it ends, as SUFFIX_; 0: too long, or too short to end so. */
static __always_inline u64 read_name(struct cgroup *cgrp, char *name, u32 bytes)
{
	const char *from = BPF_CORE_READ(cgrp, kn, name);
	long length = bpf_probe_read_kernel_str(name, bytes, from);
	u64 suffix = 0;

	/* a name that fills its room may be longer */
	if (length <= SUFFIX_BYTES || length >= bytes)
		return 0;
	bpf_probe_read_kernel(&suffix, SUFFIX_BYTES, from + length - SUFFIX_BYTES);
	return suffix;
}

/* How many levels above the task's own cgroup its unit is: the first one below slices only. */
__noinline int unit_above(u64 css)
{
	struct cgroup *cgrp = cgroup_of(css);
	s32 level = BPF_CORE_READ(cgrp, level);
	char name[UNIT_NAME_BYTES];
	int i;

	bpf_for(i, 1, GTHULHU_MAX_LEVELS) {
		if (i > level)
			break;
		if (read_name(ancestor_at(cgrp, i), name, sizeof(name)) != SUFFIX_SLICE)
			return i > 1 ? level - i : NO_UNIT;
	}
	return NO_UNIT;
}

static __always_inline bool is_excepted(const struct unit_name *unit)
{
	u64 word[EXCEPT_WORDS];
	int i;

	__builtin_memcpy(word, unit->name, sizeof(word));
	bpf_for(i, 0, GTHULHU_MAX_UNIT_EXCEPTS) {
		const struct unit_except *e = &unit_excepts[i & (GTHULHU_MAX_UNIT_EXCEPTS - 1)];

		if (e->mask[0] && (word[0] & e->mask[0]) == e->word[0] && (word[1] & e->mask[1]) == e->word[1] &&
		    (word[2] & e->mask[2]) == e->word[2])
			return true;
	}
	return false;
}

/* Of what was found and what the name says the one with the smaller rank. */
static __always_inline void take_smaller(const struct unit_name *unit, struct policy_found *found)
{
	struct cgroup_entry *entry = bpf_map_lookup_elem(&unit_policies, unit);
	const struct policy *policy;

	if (!entry)
		return;
	policy = in_force(entry, policy_seq);
	if (policy->rank && (!found->policy.rank || policy->rank < found->policy.rank))
		found->policy = *policy;
}

/* What applies to the unit @above levels above the task's own cgroup, by its name. */
__noinline int unit_find(u64 css, int above, struct policy_found *found)
{
	struct cgroup *cgrp = cgroup_of(css);
	s32 level = BPF_CORE_READ(cgrp, level) - above;
	struct unit_name unit = {};
	u64 suffix;

	if (!found || level < 2)
		return 0;
	suffix = read_name(ancestor_at(cgrp, level), unit.name, sizeof(unit.name));
	if (!suffix)
		return 0;
	take_smaller(&unit, found);
	if (read_name(ancestor_at(cgrp, level - 1), unit.slice, sizeof(unit.slice)) == SUFFIX_SLICE) {
		take_smaller(&unit, found);
		if (suffix == SUFFIX_SCOPE && !is_excepted(&unit)) {
			__builtin_memset(unit.name, 0, sizeof(unit.name));
			take_smaller(&unit, found);
		}
	}
	return 0;
}

#endif
