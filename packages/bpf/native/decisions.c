// SPDX-License-Identifier: Apache-2.0
/* Decisions: columns of doubles into an array of structs in mapped globals, then one run of a SYSCALL program. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CTX_SIZE 64

struct gb_decisions {
	struct gb_res res;
	struct gb_columns columns;
	uint8_t *base, *rows;
	size_t mapped;
	int prog_fd;
	union bpf_attr attr;
	uint32_t ctx[CTX_SIZE / 4];
};

static void close_decisions(napi_env env, struct gb_res *res)
{
	struct gb_decisions *d = (struct gb_decisions *)res;

	gb_columns_free(env, &d->columns);
	if (d->base)
		munmap(d->base, d->mapped);
	if (d->prog_fd >= 0)
		close(d->prog_fd);
	d->base = d->rows = NULL;
	d->prog_fd = -1;
}

static struct gb_decisions *encode_rows(napi_env env, napi_callback_info info, uint32_t *n)
{
	struct gb_decisions *d;
	void *data = NULL;
	napi_value argv[1];
	size_t argc = 1;
	double rows;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok || !data) {
		gb_throw(env, "ERR_BPF_SYS", 0, "the decisions of this function are unknown");
		return NULL;
	}
	d = data;
	if (!gb_res_usable(env, data))
		return NULL;
	if (napi_get_value_double(env, argv[0], &rows) != napi_ok || !(rows >= 0 && rows <= d->columns.capacity) ||
	    rows != (uint32_t)rows) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "the number of decisions must be an integer from 0 to %u",
			 d->columns.capacity);
		return NULL;
	}
	*n = (uint32_t)rows;
	gb_columns_write(&d->columns, d->rows, *n);
	return d;
}

/* encode(n) */
static napi_value encode(napi_env env, napi_callback_info info)
{
	uint32_t n;

	return encode_rows(env, info, &n) ? gb_undefined(env) : NULL;
}

/* apply(n) -> what the program returned */
static napi_value apply(napi_env env, napi_callback_info info)
{
	napi_value result;
	uint32_t n;
	struct gb_decisions *d = encode_rows(env, info, &n);

	if (!d)
		return NULL;
	memset(d->ctx, 0, sizeof(d->ctx));
	d->ctx[0] = n;
	if (syscall(__NR_bpf, BPF_PROG_TEST_RUN, &d->attr, sizeof(d->attr))) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot run the program that applies decisions");
		return NULL;
	}
	return napi_create_int32(env, (int32_t)d->attr.test.retval, &result) == napi_ok ? result : NULL;
}

static bool map_rows(napi_env env, struct gb_decisions *d, napi_value fd_value, int64_t offset, int64_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map_info mi;
	int fd, err = 0;
	void *p = MAP_FAILED;

	if (!gb_dup_kind(env, fd_value, "bpf-map", "ERR_BPF_MAP", &fd))
		return false;
	if (!gb_map_info(env, fd, &mi)) {
		close(fd);
		return false;
	}
	if (mi.type == BPF_MAP_TYPE_ARRAY && mi.map_flags & BPF_F_MMAPABLE && offset + bytes <= mi.value_size) {
		d->mapped = ((size_t)mi.value_size + page - 1) / page * page;
		p = mmap(NULL, d->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = errno;
	}
	close(fd);
	if (p == MAP_FAILED) {
		/* EPERM is what a frozen section says; it has nothing to do with privileges. */
		gb_throw(env, "ERR_BPF_ARGUMENT", err == EPERM ? 0 : err, "%lld bytes at %lld of map %s are no writable array of decisions",
			 (long long)bytes, (long long)offset, mi.name);
		return false;
	}
	d->base = p;
	d->rows = d->base + offset;
	return true;
}

/* openDecisions(progFd, globalsFd, arrayOffset, structSize, plan, arrays, capacity) -> {handle, apply(n), encode(n)} */
napi_value gb_decisions_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], handle, result;
	int64_t offset, size, capacity;
	struct bpf_prog_info pi;
	struct gb_decisions *d;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[2], "the array's offset", 0, UINT32_MAX, &offset) ||
	    !gb_int(env, argv[3], "the struct size", 1, 1 << 20, &size) ||
	    !gb_int(env, argv[6], "the capacity", 1, 1 << 20, &capacity) ||
	    !(d = gb_res_new(env, sizeof(*d), GB_DECISIONS, close_decisions)))
		return NULL;
	d->prog_fd = -1;
	if (!gb_dup_kind(env, argv[0], "bpf-prog", "ERR_BPF_SYS", &d->prog_fd) || !gb_prog_info(env, d->prog_fd, &pi))
		goto fail;
	if (pi.type != BPF_PROG_TYPE_SYSCALL) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "program %s is no SEC(\"syscall\") program", pi.name);
		goto fail;
	}
	if (!map_rows(env, d, argv[1], offset, size * capacity) ||
	    !gb_columns_bind(env, argv[4], argv[5], size, capacity, &d->columns))
		goto fail;
	d->attr.test.prog_fd = (uint32_t)d->prog_fd;
	d->attr.test.ctx_in = (uint64_t)(uintptr_t)d->ctx;
	d->attr.test.ctx_size_in = sizeof(d->ctx);
	handle = gb_res_external(env, &d->res);
	if (!handle)
		return NULL;
	GB_NAPI(env, napi_create_object(env, &result));
	if (!gb_set(env, result, "handle", handle) ||
	    !gb_set(env, result, "apply", gb_res_function(env, &d->res, "apply", apply)) ||
	    !gb_set(env, result, "encode", gb_res_function(env, &d->res, "encode", encode)))
		return NULL;
	return result;
fail:
	gb_res_drop(env, &d->res);
	return NULL;
}
