// SPDX-License-Identifier: Apache-2.0
/* A section of global variables, mapped. Values are copied out: no ArrayBuffer ever points into the mapping. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct gb_globals {
	struct gb_res res;
	uint8_t *base;
	size_t size, mapped;
	bool writable;
};

static void close_globals(napi_env env, struct gb_res *res)
{
	struct gb_globals *g = (struct gb_globals *)res;

	(void)env;
	if (g->base)
		munmap(g->base, g->mapped);
	g->base = NULL;
}

/* openGlobals(fd) -> handle; a section frozen by load (.rodata) is mapped for reading only. */
napi_value gb_globals_open(napi_env env, napi_callback_info info)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	napi_value argv[GB_MAX_ARGS];
	struct bpf_map_info mi;
	struct gb_globals *g;
	int fd = -1, err;
	void *base;

	if (!gb_args(env, info, argv) || !(g = gb_res_new(env, sizeof(*g), GB_GLOBALS, close_globals)))
		return NULL;
	if (!gb_dup_kind(env, argv[0], "bpf-map", "ERR_BPF_MAP", &fd) || !gb_map_info(env, fd, &mi))
		goto fail;
	if (mi.type != BPF_MAP_TYPE_ARRAY || !(mi.map_flags & BPF_F_MMAPABLE)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "map %s cannot be mapped: it is no section of plain global variables",
			 mi.name);
		goto fail;
	}
	g->size = (size_t)((mi.value_size + 7) / 8 * 8) * mi.max_entries;
	g->mapped = (g->size + page - 1) / page * page;
	base = mmap(NULL, g->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	g->writable = base != MAP_FAILED;
	if (!g->writable)
		base = mmap(NULL, g->mapped, PROT_READ, MAP_SHARED, fd, 0);
	err = errno;
	if (base == MAP_FAILED) {
		gb_throw(env, "ERR_BPF_MAP", err, "cannot map the globals in %s", mi.name);
		goto fail;
	}
	g->base = base;
	close(fd);
	return gb_res_external(env, &g->res);
fail:
	if (fd >= 0)
		close(fd);
	gb_res_drop(env, &g->res);
	return NULL;
}

static uint8_t *range(napi_env env, const struct gb_globals *g, napi_value offset, int64_t len)
{
	int64_t at;

	if (!gb_int(env, offset, "the offset", 0, UINT32_MAX, &at))
		return NULL;
	if ((uint64_t)at + (uint64_t)len > g->size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "offset %lld is outside this section of %zu bytes", (long long)at, g->size);
		return NULL;
	}
	return g->base + at;
}

/* Reads that the kernel side cannot tear, where the variable is aligned as C aligns it. */
static bool load(const uint8_t *p, int64_t size, bool is_signed, int64_t *out)
{
	bool aligned = (uintptr_t)p % (uintptr_t)size == 0;
	uint64_t raw = 0;

	if (!aligned)
		memcpy(&raw, p, (size_t)size);
	else if (size == 8)
		raw = __atomic_load_n((const uint64_t *)(const void *)p, __ATOMIC_RELAXED);
	else if (size == 4)
		raw = __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED);
	else if (size == 2)
		raw = __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_RELAXED);
	else
		raw = *p;
	if (is_signed && size < 8) {
		unsigned shift = 64 - 8 * (unsigned)size;

		*out = (int64_t)(raw << shift) >> shift;
	} else {
		*out = (int64_t)raw;
	}
	return true;
}

static bool read_scalar(napi_env env, napi_callback_info info, int64_t *value, bool *is_signed)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_globals *g;
	int64_t size;
	uint8_t *p;

	if (!gb_args(env, info, argv) || !(g = gb_handle(env, argv[0], GB_GLOBALS)) ||
	    !gb_int(env, argv[2], "the size", 1, 8, &size) || !gb_bool(env, argv[3], is_signed) ||
	    !(p = range(env, g, argv[1], size)))
		return false;
	if (size & (size - 1)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "a number has 1, 2, 4 or 8 bytes, not %lld", (long long)size);
		return false;
	}
	return load(p, size, *is_signed, value);
}

/* readGlobal(globals, offset, size, signed) -> number */
napi_value gb_globals_read(napi_env env, napi_callback_info info)
{
	bool is_signed;
	int64_t value;

	if (!read_scalar(env, info, &value, &is_signed))
		return NULL;
	return gb_number(env, is_signed ? (double)value : (double)(uint64_t)value);
}

/* readGlobalBig(globals, offset, size, signed) -> bigint */
napi_value gb_globals_read_big(napi_env env, napi_callback_info info)
{
	napi_value result;
	bool is_signed;
	int64_t value;

	if (!read_scalar(env, info, &value, &is_signed))
		return NULL;
	if (is_signed)
		GB_NAPI(env, napi_create_bigint_int64(env, value, &result));
	else
		GB_NAPI(env, napi_create_bigint_uint64(env, (uint64_t)value, &result));
	return result;
}

/* writeMapped(globals, offset, bytes) */
napi_value gb_globals_write(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_globals *g;
	uint8_t *data, *p;
	size_t len;

	if (!gb_args(env, info, argv) || !(g = gb_handle(env, argv[0], GB_GLOBALS)) ||
	    !gb_bytes(env, argv[2], "the value", &data, &len) || !(p = range(env, g, argv[1], (int64_t)len)))
		return NULL;
	if (!g->writable) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "this section is read-only since load(); set it before");
		return NULL;
	}
	if (len == 8 && (uintptr_t)p % 8 == 0) {
		uint64_t v;

		memcpy(&v, data, 8);
		__atomic_store_n((uint64_t *)(void *)p, v, __ATOMIC_RELAXED);
	} else if (len == 4 && (uintptr_t)p % 4 == 0) {
		uint32_t v;

		memcpy(&v, data, 4);
		__atomic_store_n((uint32_t *)(void *)p, v, __ATOMIC_RELAXED);
	} else if (len) {
		memcpy(p, data, len);
	}
	return gb_undefined(env);
}

/* copyGlobal(globals, offset, length) -> Uint8Array */
napi_value gb_globals_copy(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_globals *g;
	int64_t len;
	uint8_t *p;

	if (!gb_args(env, info, argv) || !(g = gb_handle(env, argv[0], GB_GLOBALS)) ||
	    !gb_int(env, argv[2], "the length", 0, UINT32_MAX, &len) || !(p = range(env, g, argv[1], len)))
		return NULL;
	return gb_copy(env, p, (size_t)len);
}
