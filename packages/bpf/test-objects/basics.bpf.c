// SPDX-License-Identifier: GPL-2.0-only
/* One of everything that the tests of the addon touch. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define MAP_TYPE_CGRP_STORAGE 32 /* newer than some systems' linux/bpf.h */

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

struct task_struct {
	s32 pid;
	s32 tgid;
} __attribute__((preserve_access_index));

char _license[] SEC("license") = "GPL";

struct point {
	s32 x, y;
};

struct record {
	u64 big;
	s64 signed_big;
	u32 word;
	s32 signed_word;
	u16 half;
	s16 signed_half;
	u8 byte;
	s8 signed_byte;
	char comm[6];
	struct point where;
	u32 flag_a : 3;
	u32 flag_b : 5;
	u32 tail;
};

struct decision {
	u64 gen, key;
	s64 delta;
	s32 pid, cpu;
	u16 half;
	s16 signed_half;
	u8 byte;
	s8 signed_byte;
	u16 pad;
};

struct produce_args {
	u64 n; /* 64 bits: clang passes a wider load on to bpf_loop() as it is */
	u32 start;
	u32 discard_every; /* 0: none */
	u32 length;	   /* 0: a whole record */
	u32 flags;
	u64 made; /* out */
};

struct apply_args {
	u32 n, pad;
	u64 sum; /* out */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 12);
} small_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, struct point);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__uint(value_size, 12);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} percpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, u64);
	__type(value, u32);
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__uint(value_size, 4);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} prog_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct point);
} task_storage SEC(".maps");

struct {
	__uint(type, MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} cgrp_storage SEC(".maps");

const volatile u32 ro_number = 7;
const volatile s64 ro_signed = -1;
const volatile char ro_text[8] = "abc";

u64 counter;
s32 signed_counter;
u16 halves[4];
struct point origin;
u8 flag;
u64 data_number = 42;
u32 data_at_load = 5;
u64 execs;
u32 exec_tgid;
static volatile u32 hidden = 3; /* static: has no place that BTF knows */

/* The bound of the array is part of what the tests check. */
struct decision decisions[64];
struct decision *applied_type __attribute__((unused));
struct record *record_type __attribute__((unused));

static __always_inline void fill(struct record *r, u32 i)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->big = 0xffffffffffff0000ULL + i;
	r->signed_big = -(s64)i - 1;
	r->word = 0xfffffff0u + (i & 7);
	r->signed_word = -(s32)i;
	r->half = (u16)i;
	r->signed_half = (s16)-i;
	r->byte = (u8)i;
	r->signed_byte = (s8)-i;
	r->comm[0] = 'a' + (i & 15);
	r->comm[5] = 1;
	r->where.x = (s32)i;
	r->where.y = -(s32)i;
	r->tail = i;
}

struct cursor {
	struct produce_args *args;
	u32 small;
};

static long make_one(u32 i, struct cursor *c)
{
	u32 n = c->args->start + i;
	u64 flags = c->args->flags;
	struct record *r;

	if (c->args->length) {
		u64 *stub = bpf_ringbuf_reserve(&ring, 8, 0);

		if (!stub)
			return 1;
		*stub = n;
		bpf_ringbuf_submit(stub, flags);
		c->args->made++;
		return 0;
	}
	r = c->small ? bpf_ringbuf_reserve(&small_ring, sizeof(*r), 0) : bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r)
		return 1;
	fill(r, n);
	if (c->args->discard_every && n % c->args->discard_every == 0) {
		bpf_ringbuf_discard(r, flags);
		return 0;
	}
	bpf_ringbuf_submit(r, flags);
	c->args->made++;
	return 0;
}

SEC("syscall")
int produce(struct produce_args *ctx)
{
	struct produce_args args = *ctx;
	struct cursor c = { &args, 0 };

	args.made = 0;
	bpf_loop(args.n, make_one, &c, 0);
	ctx->made = args.made;
	return (int)args.made;
}

SEC("syscall")
int produce_small(struct produce_args *ctx)
{
	struct produce_args args = *ctx;
	struct cursor c = { &args, 1 };

	args.made = 0;
	bpf_loop(args.n, make_one, &c, 0);
	ctx->made = args.made;
	return (int)args.made;
}

/* -1000 for a context that is not {n, zeros}; else how many of the first n decisions have their pid equal to their index. */
SEC("syscall")
int apply(struct apply_args *ctx)
{
	u32 n = ctx->n, hits = 0;
	u64 sum = 0;

	if (ctx->pad || ctx->sum)
		return -1000;
	for (u32 i = 0; i < 64 && i < n; i++) {
		hits += decisions[i].pid == (s32)i;
		sum += decisions[i].key;
	}
	ctx->sum = sum;
	counter += n;
	return (int)hits;
}

SEC("syscall")
int no_context(void *ctx)
{
	return -(int)ro_number + (int)hidden - 3;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p)
{
	struct point *seen = bpf_task_storage_get(&task_storage, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (seen) {
		seen->x = p->pid;
		seen->y = p->tgid;
	}
	exec_tgid = (u32)p->tgid;
	__sync_fetch_and_add(&execs, 1);
	return 0;
}
