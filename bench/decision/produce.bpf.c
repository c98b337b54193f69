// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds the bench of a decision: a SYSCALL program that puts records into a
 * ring as the scheduler does, without a scheduler. It needs no sched_ext.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "records.h"

char _license[] SEC("license") = "GPL";

#define NR_TASKS 512	/* power of two */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} asked SEC(".maps");

struct decision decisions[GTHULHU_MAX_DECISIONS];
struct task_record layout;	/* keeps the type in the object's BTF */
u64 seq;

struct produce_args {
	u32 n;
	u32 produced;
};

SEC("syscall")
int produce(struct produce_args *args)
{
	u32 n = args->n, produced = 0;
	int i;

	bpf_for(i, 0, n) {
		struct task_record *r = bpf_ringbuf_reserve(&asked, sizeof(*r), 0);
		u32 mixed;

		if (!r)
			break;
		seq++;
		mixed = (u32)seq * 2654435761u >> 7;
		r->enq_ns = seq * 1000;
		r->vtime = seq * 20000 + (mixed & 0xfffff);
		r->key = r->vtime;
		r->clock = seq * 20000;
		r->runtime_ns = seq * 100000;
		r->burst_ns = mixed & 0x7fffff;
		r->gen = seq;
		r->slice_ns = 5000000;
		r->pid = 1000 + (mixed & (NR_TASKS - 1));
		r->tgid = r->pid;
		r->cpu = mixed & 7;
		r->weight = 100;
		r->queue = 0;
		r->flags = 0;
		r->priority = GTHULHU_NO_PRIORITY;
		r->nr_waiting = 4;
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
		produced++;
	}
	args->produced = produced;
	return 0;
}

SEC("syscall")
int take(struct produce_args *args)
{
	/* names the types, so that their layouts are in the object */
	return decisions[args->n & (GTHULHU_MAX_DECISIONS - 1)].pid;
}
