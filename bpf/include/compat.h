/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One entry per difference between the kernels that one object must run on
 * (6.12 to 7.3). Gated on symbols and BTF, never on a version: distributions
 * backport.
 *
 * wrapper            newest form (since)             falls back to          delete when the oldest kernel is
 * dsq_insert         dsq_insert returning bool (6.19) scx_bpf_dsq_insert (6.13), scx_bpf_dispatch (6.12)   6.19
 * dsq_insert_vtime   argument struct (6.19)          5 arguments (6.13), scx_bpf_dispatch_vtime (6.12)     6.19
 * dsq_to_local       with flags (7.1)                without (6.13), scx_bpf_consume (6.12)                7.1
 * dsq_move*          scx_bpf_dsq_move* (6.13)        scx_bpf_dispatch*_from_dsq* (6.12)                    6.13
 * dsq_head_vtime     scx_bpf_dsq_peek (6.19)         a queue iterator        6.19
 * task_set_slice     scx_bpf_task_set_slice (6.19)   a plain write           6.19
 * may_arm()          timers may be started anywhere (7.1)      one that polls    7.1
 * reenqueue_local    callable from anywhere (6.19)   only in cpu_release     6.19
 * ops.cpu_release    gone one day (deprecated 7.3)   the loader nulls an op that the kernel's BTF lacks
 *
 * libbpf strips what follows `___`; a kernel symbol that itself ends in ___v2
 * needs a further suffix.
 */
#ifndef GTHULHU_COMPAT_H
#define GTHULHU_COMPAT_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* in every kernel of the range */
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) __ksym;
s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;
void bpf_rcu_read_lock(void) __ksym;
void bpf_rcu_read_unlock(void) __ksym;
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym;
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, u32 flags) __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) __ksym;
const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym;
void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym;

void scx_bpf_cpuperf_set(s32 cpu, u32 perf) __ksym;
void scx_bpf_exit_bstr(s64 exit_code, char *fmt, unsigned long long *data, u32 data__sz) __ksym;

/* since then bpf_timer_start() may be called with a run queue locked */
int bpf_timer_cancel_async(struct bpf_timer *timer) __ksym __weak;

/* renamed or re-typed */
bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq, u64 slice, u64 flags) __ksym __weak;
void scx_bpf_dsq_insert___mid(struct task_struct *p, u64 dsq, u64 slice, u64 flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq, u64 slice, u64 flags) __ksym __weak;
bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
void scx_bpf_dsq_insert_vtime___mid(struct task_struct *p, u64 dsq, u64 slice, u64 vtime, u64 flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq, u64 slice, u64 vtime, u64 flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq, u64 flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local___mid(u64 dsq) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq) __ksym __weak;
void scx_bpf_dsq_move_set_slice___mid(struct bpf_iter_scx_dsq *it, u64 slice) __ksym __weak;
void scx_bpf_dsq_move_set_vtime___mid(struct bpf_iter_scx_dsq *it, u64 vtime) __ksym __weak;
bool scx_bpf_dsq_move___mid(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags) __ksym __weak;
bool scx_bpf_dsq_move_vtime___mid(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags) __ksym __weak;
void scx_bpf_dispatch_from_dsq_set_slice___old(struct bpf_iter_scx_dsq *it, u64 slice) __ksym __weak;
void scx_bpf_dispatch_from_dsq_set_vtime___old(struct bpf_iter_scx_dsq *it, u64 vtime) __ksym __weak;
bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags) __ksym __weak;
bool scx_bpf_dispatch_vtime_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags) __ksym __weak;
struct task_struct *scx_bpf_dsq_peek___new(u64 dsq) __ksym __weak;
bool scx_bpf_task_set_slice___new(struct task_struct *p, u64 slice) __ksym __weak;
void scx_bpf_reenqueue_local___v2___new(void) __ksym __weak;
u32 scx_bpf_reenqueue_local___old(void) __ksym __weak;

static __always_inline void dsq_insert(struct task_struct *p, u64 dsq, u64 slice, u64 flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		scx_bpf_dsq_insert___v2___new(p, dsq, slice, flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert___mid))
		scx_bpf_dsq_insert___mid(p, dsq, slice, flags);
	else
		scx_bpf_dispatch___old(p, dsq, slice, flags);
}

static __always_inline void dsq_insert_vtime(struct task_struct *p, u64 dsq, u64 slice, u64 vtime, u64 flags)
{
	if (bpf_core_type_exists(struct scx_bpf_dsq_insert_vtime_args)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq, .slice = slice, .vtime = vtime, .enq_flags = flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___mid)) {
		scx_bpf_dsq_insert_vtime___mid(p, dsq, slice, vtime, flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq, slice, vtime, flags);
	}
}

static __always_inline bool dsq_to_local(u64 dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___mid))
		return scx_bpf_dsq_move_to_local___mid(dsq);
	return scx_bpf_consume___old(dsq);
}

/* @slice 0 keeps the task's slice */
static __always_inline bool dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq,
					   u64 slice, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___mid)) {
		if (slice)
			scx_bpf_dsq_move_set_slice___mid(it, slice);
		scx_bpf_dsq_move_set_vtime___mid(it, vtime);
		return scx_bpf_dsq_move_vtime___mid(it, p, dsq, 0);
	}
	if (slice)
		scx_bpf_dispatch_from_dsq_set_slice___old(it, slice);
	scx_bpf_dispatch_from_dsq_set_vtime___old(it, vtime);
	return scx_bpf_dispatch_vtime_from_dsq___old(it, p, dsq, 0);
}

static __always_inline bool dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move___mid))
		return scx_bpf_dsq_move___mid(it, p, dsq, 0);
	return scx_bpf_dispatch_from_dsq___old(it, p, dsq, 0);
}

#define NO_HEAD (~0ULL)

/* The key of the first task of a queue, NO_HEAD when it is empty. */
static __always_inline u64 dsq_head_vtime(u64 dsq)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u64 vtime = NO_HEAD;

	if (bpf_ksym_exists(scx_bpf_dsq_peek___new)) {
		p = scx_bpf_dsq_peek___new(dsq);
		return p ? p->scx.dsq_vtime : NO_HEAD;
	}
	if (!bpf_iter_scx_dsq_new(&it, dsq, 0)) {
		p = bpf_iter_scx_dsq_next(&it);
		if (p)
			vtime = p->scx.dsq_vtime;
	}
	bpf_iter_scx_dsq_destroy(&it);
	return vtime;
}

static __always_inline void task_set_slice(struct task_struct *p, u64 slice)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___new))
		scx_bpf_task_set_slice___new(p, slice);
	else
		p->scx.slice = slice;
}

/* Ends the scheduler in good order, with words for whoever reads why. */
#define scx_exit(code, text) do {					\
	static char fmt[] = text;					\
	unsigned long long none = 0;					\
									\
	scx_bpf_exit_bstr(code, fmt, &none, 0);				\
} while (0)

static __always_inline void reenqueue_local(void)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local___v2___new))
		scx_bpf_reenqueue_local___v2___new();
	else if (bpf_ksym_exists(scx_bpf_reenqueue_local___old))
		scx_bpf_reenqueue_local___old();
}

#endif
