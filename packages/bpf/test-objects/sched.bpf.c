// SPDX-License-Identifier: GPL-2.0-only
/* The smallest sched_ext scheduler, with a callback that no kernel has and one that only newer kernels have. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct task_struct;
struct cgroup;

struct sched_ext_ops {
	void (*running)(struct task_struct *p);
	void (*cgroup_set_bandwidth)(struct cgroup *cgrp, __u64 period_us, __u64 quota_us, __u64 burst_us);
	void (*from_the_future)(struct task_struct *p);
	__u64 flags;
	__u32 timeout_ms;
	char name[128];
};

char _license[] SEC("license") = "GPL";

__u64 ran;

SEC("struct_ops/running")
void BPF_PROG(test_running, struct task_struct *p)
{
	__sync_fetch_and_add(&ran, 1);
}

SEC("struct_ops/cgroup_set_bandwidth")
void BPF_PROG(test_bandwidth, struct cgroup *cgrp, __u64 period_us, __u64 quota_us, __u64 burst_us)
{
}

SEC("struct_ops/from_the_future")
void BPF_PROG(test_future, struct task_struct *p)
{
}

SEC(".struct_ops.link")
struct sched_ext_ops test_ops = {
	.running = (void *)test_running,
	.cgroup_set_bandwidth = (void *)test_bandwidth,
	.from_the_future = (void *)test_future,
	.timeout_ms = 5000,
	.name = "gthulhu_addon_test",
};
