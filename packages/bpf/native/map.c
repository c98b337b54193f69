// SPDX-License-Identifier: Apache-2.0
/* Maps through bpf(2), by file descriptor: works in any thread, with or without the object. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_KEY 4096

struct gb_map {
	struct gb_res res;
	int fd;
	bool per_cpu;
	uint32_t key_size, value_size, max_entries;
	size_t buffer_size; /* what the kernel reads or writes for one key */
	uint8_t *buffer;
	char name[BPF_OBJ_NAME_LEN];
};

static void close_map(napi_env env, struct gb_res *res)
{
	struct gb_map *m = (struct gb_map *)res;

	(void)env;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	free(m->buffer);
	m->buffer = NULL;
}

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/* openMap(fd) */
napi_value gb_map_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct bpf_map_info mi;
	struct gb_map *m;
	int cpus;

	if (!gb_args(env, info, argv) || !(m = gb_res_new(env, sizeof(*m), GB_MAP, close_map)))
		return NULL;
	m->fd = -1;
	if (!gb_dup_kind(env, argv[0], "bpf-map", "ERR_BPF_MAP", &m->fd) || !gb_map_info(env, m->fd, &mi))
		goto fail;
	cpus = libbpf_num_possible_cpus();
	if (cpus < 1) {
		gb_throw(env, "ERR_BPF_SYS", -cpus, "cannot count the possible CPUs");
		goto fail;
	}
	memcpy(m->name, mi.name, sizeof(m->name));
	m->name[sizeof(m->name) - 1] = 0;
	m->key_size = mi.key_size;
	m->value_size = mi.value_size;
	m->max_entries = mi.max_entries;
	m->per_cpu = is_per_cpu(mi.type);
	m->buffer_size = ((size_t)mi.value_size + 7) / 8 * 8 * (m->per_cpu ? (size_t)cpus : 1);
	m->buffer = calloc(1, m->buffer_size + 8);
	if (!m->buffer) {
		gb_throw(env, "ERR_BPF_MAP", ENOMEM, "cannot open map %s", m->name);
		goto fail;
	}
	return gb_res_external(env, &m->res);
fail:
	gb_res_drop(env, &m->res);
	return NULL;
}

static bool get_key(napi_env env, const struct gb_map *m, napi_value v, uint8_t **key)
{
	size_t len;

	if (!gb_bytes(env, v, "the key", key, &len))
		return false;
	if (len != m->key_size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "a key of map %s has %u bytes, got %zu", m->name, m->key_size, len);
		return false;
	}
	if (!len)
		*key = NULL;
	return true;
}

static void throw_map(napi_env env, const struct gb_map *m, int err, const char *what)
{
	const char *hint = "";

	if (err == EBADF)
		hint = " (the key has to be an open pidfd or cgroup file descriptor)";
	else if (err == EOPNOTSUPP || err == 524)
		hint = " (this type of map cannot do that)";
	gb_throw(env, "ERR_BPF_MAP", err, "cannot %s of map %s%s", what, m->name, hint);
}

/* lookup(map, key, perCpu) -> the value (all CPUs' values, each rounded up to 8 bytes), or null */
napi_value gb_map_lookup(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], none;
	struct gb_map *m;
	bool per_cpu;
	uint8_t *key;

	if (!gb_args(env, info, argv) || !(m = gb_handle(env, argv[0], GB_MAP)) || !get_key(env, m, argv[1], &key) ||
	    !gb_bool(env, argv[2], &per_cpu))
		return NULL;
	if (per_cpu != m->per_cpu) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "map %s has %s; use %s", m->name,
			 m->per_cpu ? "one value a CPU" : "one value for all CPUs", m->per_cpu ? "lookupPerCpu" : "lookup");
		return NULL;
	}
	memset(m->buffer, 0, m->buffer_size);
	if (!bpf_map_lookup_elem(m->fd, key, m->buffer))
		return gb_copy(env, m->buffer, m->per_cpu ? m->buffer_size : m->value_size);
	if (errno != ENOENT) {
		throw_map(env, m, errno, "look up a key");
		return NULL;
	}
	GB_NAPI(env, napi_get_null(env, &none));
	return none;
}

/* update(map, key, value, flags): a per-CPU map takes one value for all CPUs, or all of them as lookup gives them. */
napi_value gb_map_update(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	uint8_t *key, *value;
	struct gb_map *m;
	size_t len, step;
	int64_t flags;

	if (!gb_args(env, info, argv) || !(m = gb_handle(env, argv[0], GB_MAP)) || !get_key(env, m, argv[1], &key) ||
	    !gb_bytes(env, argv[2], "the value", &value, &len) ||
	    !gb_int(env, argv[3], "the flags", 0, (int64_t)1 << 52, &flags))
		return NULL;
	if (len != m->value_size && !(m->per_cpu && len == m->buffer_size)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "a value of map %s has %u bytes, got %zu", m->name, m->value_size, len);
		return NULL;
	}
	step = m->per_cpu && len == m->value_size ? (len + 7) / 8 * 8 : m->buffer_size;
	memset(m->buffer, 0, m->buffer_size);
	for (size_t at = 0; step && at < m->buffer_size; at += step)
		memcpy(m->buffer + at, value, len);
	if (bpf_map_update_elem(m->fd, key, m->buffer, (uint64_t)flags)) {
		throw_map(env, m, errno, "update a key");
		return NULL;
	}
	return gb_undefined(env);
}

/* deleteKey(map, key) -> was it there */
napi_value gb_map_delete(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_map *m;
	uint8_t *key;

	if (!gb_args(env, info, argv) || !(m = gb_handle(env, argv[0], GB_MAP)) || !get_key(env, m, argv[1], &key))
		return NULL;
	if (!bpf_map_delete_elem(m->fd, key))
		return gb_boolean(env, true);
	if (errno == ENOENT)
		return gb_boolean(env, false);
	throw_map(env, m, errno, "delete a key");
	return NULL;
}

/* keys(map) -> all keys in one Uint8Array. Keys deleted meanwhile can make the walk start over: it is bounded. */
napi_value gb_map_keys(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], result;
	uint8_t key[MAX_KEY], *all = NULL, *grown;
	size_t n = 0, cap = 0;
	struct gb_map *m;
	bool first = true;

	if (!gb_args(env, info, argv) || !(m = gb_handle(env, argv[0], GB_MAP)))
		return NULL;
	if (!m->key_size || m->key_size > sizeof(key)) {
		gb_throw(env, "ERR_BPF_MAP", 0, "map %s has no keys to list", m->name);
		return NULL;
	}
	while (n == 0 || n < m->max_entries) { /* asks at least once: storage maps say 0 entries, and refuse */
		if (bpf_map_get_next_key(m->fd, first ? NULL : key, key)) {
			if (errno == ENOENT)
				break;
			free(all);
			throw_map(env, m, errno, "list the keys");
			return NULL;
		}
		first = false;
		if (n == cap) {
			cap = cap ? cap * 2 : 64;
			grown = realloc(all, cap * m->key_size);
			if (!grown) {
				free(all);
				throw_map(env, m, ENOMEM, "list the keys");
				return NULL;
			}
			all = grown;
		}
		memcpy(all + n++ * m->key_size, key, m->key_size);
	}
	result = gb_copy(env, all, n * m->key_size);
	free(all);
	return result;
}
