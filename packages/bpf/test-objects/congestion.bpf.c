// SPDX-License-Identifier: GPL-2.0-only
/* A struct_ops that every kernel with BTF can attach, with a callback that no kernel has. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*from_the_future)(struct sock *sk);
	__u32 (*min_tso_segs)(struct sock *sk);
	__u32 flags;
	char name[16];
};

char _license[] SEC("license") = "GPL";

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(test_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
void BPF_PROG(test_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC("struct_ops/undo_cwnd")
__u32 BPF_PROG(test_undo_cwnd, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/from_the_future")
void BPF_PROG(test_from_the_future, struct sock *sk)
{
}

SEC("struct_ops/min_tso_segs")
__u32 BPF_PROG(test_min_tso_segs, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops congestion = {
	.ssthresh = (void *)test_ssthresh,
	.cong_avoid = (void *)test_cong_avoid,
	.undo_cwnd = (void *)test_undo_cwnd,
	.from_the_future = (void *)test_from_the_future,
	.min_tso_segs = (void *)test_min_tso_segs,
	.name = "gthulhu_test",
};

SEC(".struct_ops")
struct tcp_congestion_ops linkless = {
	.ssthresh = (void *)test_ssthresh,
	.cong_avoid = (void *)test_cong_avoid,
	.undo_cwnd = (void *)test_undo_cwnd,
	.name = "gthulhu_none",
};
