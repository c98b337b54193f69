// SPDX-License-Identifier: Apache-2.0
/* Running SYSCALL programs, and what the kernel counts about programs. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_CTX 4096

struct gb_program {
	struct gb_res res;
	int fd;
	uint32_t ctx_size;
	uint64_t ctx[MAX_CTX / 8];
	char name[BPF_OBJ_NAME_LEN];
};

struct gb_stats {
	struct gb_res res;
	int fd;
};

static void close_program(napi_env env, struct gb_res *res)
{
	struct gb_program *p = (struct gb_program *)res;

	(void)env;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void close_stats(napi_env env, struct gb_res *res)
{
	struct gb_stats *s = (struct gb_stats *)res;

	(void)env;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* openProgram(fd, ctxSize) */
napi_value gb_program_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct bpf_prog_info pi;
	struct gb_program *p;
	int64_t size;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[1], "the context size", 0, MAX_CTX, &size) ||
	    !(p = gb_res_new(env, sizeof(*p), GB_PROGRAM, close_program)))
		return NULL;
	p->fd = -1;
	p->ctx_size = (uint32_t)size;
	if (!gb_dup_kind(env, argv[0], "bpf-prog", "ERR_BPF_SYS", &p->fd) || !gb_prog_info(env, p->fd, &pi))
		goto fail;
	memcpy(p->name, pi.name, sizeof(p->name));
	p->name[sizeof(p->name) - 1] = 0;
	if (pi.type != BPF_PROG_TYPE_SYSCALL) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "program %s is no SEC(\"syscall\") program", p->name);
		goto fail;
	}
	return gb_res_external(env, &p->res);
fail:
	gb_res_drop(env, &p->res);
	return NULL;
}

/* runProgram(program, ctx | undefined) -> its return value; ctx is overwritten with what the program left in it. */
napi_value gb_program_run(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], result;
	union bpf_attr attr = { 0 };
	struct gb_program *p;
	napi_valuetype type;
	uint8_t *ctx = NULL;
	size_t len = 0;

	if (!gb_args(env, info, argv) || !(p = gb_handle(env, argv[0], GB_PROGRAM)))
		return NULL;
	GB_NAPI(env, napi_typeof(env, argv[1], &type));
	if (type != napi_undefined && !gb_bytes(env, argv[1], "the context", &ctx, &len))
		return NULL;
	if (type != napi_undefined && len != p->ctx_size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "the context of program %s has %u bytes, got %zu", p->name, p->ctx_size, len);
		return NULL;
	}
	memset(p->ctx, 0, p->ctx_size);
	if (len)
		memcpy(p->ctx, ctx, len);
	attr.test.prog_fd = (uint32_t)p->fd;
	if (p->ctx_size) {
		attr.test.ctx_in = (uint64_t)(uintptr_t)p->ctx;
		attr.test.ctx_size_in = p->ctx_size;
	}
	if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr))) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot run program %s with a context of %u bytes", p->name, p->ctx_size);
		return NULL;
	}
	if (len)
		memcpy(ctx, p->ctx, len);
	GB_NAPI(env, napi_create_int32(env, (int32_t)attr.test.retval, &result));
	return result;
}

/* progInfo(fd) -> {name, typeId, id}: from the kernel; the name is cut to 15 bytes there */
napi_value gb_prog_describe(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], v;
	struct bpf_prog_info pi;
	int fd;

	if (!gb_args(env, info, argv) || !gb_prog_of(env, argv[0], &fd, &pi))
		return NULL;
	GB_NAPI(env, napi_create_object(env, &v));
	if (!gb_set(env, v, "name", gb_text(env, pi.name)) || !gb_set_number(env, v, "typeId", pi.type) ||
	    !gb_set_number(env, v, "id", pi.id))
		return NULL;
	return v;
}

/* progStats(fd) -> {name, runCount, runTimeNs}; the numbers only grow while statistics are on */
napi_value gb_prog_stats(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], v;
	struct bpf_prog_info pi;
	int fd;

	if (!gb_args(env, info, argv) || !gb_prog_of(env, argv[0], &fd, &pi))
		return NULL;
	GB_NAPI(env, napi_create_object(env, &v));
	if (!gb_set(env, v, "name", gb_text(env, pi.name)) || !gb_set_number(env, v, "runCount", (double)pi.run_cnt) ||
	    !gb_set_number(env, v, "runTimeNs", (double)pi.run_time_ns))
		return NULL;
	return v;
}

/* enableStats() -> handle; the kernel counts as long as any such handle is open */
napi_value gb_enable_stats(napi_env env, napi_callback_info info)
{
	struct gb_stats *s = gb_res_new(env, sizeof(*s), GB_STATS, close_stats);

	(void)info;
	if (!s)
		return NULL;
	s->fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (s->fd < 0) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot switch on BPF run-time statistics (needs CAP_SYS_ADMIN)");
		gb_res_drop(env, &s->res);
		return NULL;
	}
	return gb_res_external(env, &s->res);
}
