// SPDX-License-Identifier: GPL-2.0-only
/* A program that the verifier refuses, and only after it has written a lot about it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[4]);
} store SEC(".maps");

SEC("syscall")
int out_of_bounds(void *ctx)
{
	__u64 sum = bpf_get_prandom_u32();
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&store, &key);

	if (!value)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < 3000; i++)
		sum = sum * 31 + (__u64)i;
	return (int)value[4 + (sum & 1)];
}
