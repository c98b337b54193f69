// SPDX-License-Identifier: Apache-2.0
/*
 * Loading, with struct_ops fitted to the running kernel.
 *
 * libbpf refuses a struct_ops map that sets a member the kernel does not know.
 * So callbacks that the kernel's own struct lacks are taken out first, together
 * with their program, which could not be verified without its member. libbpf
 * reads the callbacks back from the map's initial value when it loads (since
 * 1.4.6), where each slot holds a `struct bpf_program *`.
 */
#include "gthulhu_bpf.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOG_TAIL (64u << 10)

static const struct btf_type *kernel_struct(const struct btf *kernel, const char *name)
{
	const char *flavour = strstr(name, "___");
	char plain[128];
	size_t len = flavour ? (size_t)(flavour - name) : strlen(name);
	int id;

	if (len >= sizeof(plain))
		return NULL;
	memcpy(plain, name, len);
	plain[len] = 0;
	id = btf__find_by_name_kind(kernel, plain, BTF_KIND_STRUCT);
	return id < 0 ? NULL : btf__type_by_id(kernel, (uint32_t)id);
}

static bool has_member(const struct btf *btf, const struct btf_type *t, const char *name)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			return true;
	return false;
}

static bool is_program(const struct bpf_object *obj, const struct bpf_program *candidate)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
		if (prog == candidate)
			return true;
	return false;
}

/* Clears the callback at `slot`; false when there was none. */
static bool clear_callback(struct gb_object *o, uint8_t *slot)
{
	struct bpf_program *prog;

	memcpy(&prog, slot, sizeof(prog));
	memset(slot, 0, sizeof(prog));
	if (!prog || !is_program(o->obj, prog))
		return false;
	bpf_program__set_autoload(prog, false); /* libbpf switches it on again where another map calls it */
	return true;
}

static bool is_callback(const struct btf *btf, const struct btf_member *m)
{
	const struct btf_type *t = gb_strip(btf, m->type);
	const struct btf_type *to = t && btf_is_ptr(t) ? gb_strip(btf, t->type) : NULL;

	return to && btf_is_func_proto(to);
}

static bool fit_ops(napi_env env, struct gb_object *o, struct bpf_map *map, napi_value nulled, uint32_t *n)
{
	const struct btf *btf = bpf_object__btf(o->obj), *kernel;
	const struct btf_type *t = gb_ops_type(o, bpf_map__name(map)), *kt;
	const char *name;
	size_t size = 0;
	uint8_t *data = bpf_map__initial_value(map, &size);
	const struct btf_member *m;

	if (!t || !data || size < t->size) {
		gb_throw(env, "ERR_BPF_LOAD", 0, "struct_ops map %s of %s has no type information", bpf_map__name(map),
			 o->name);
		return false;
	}
	kernel = gb_vmlinux(env);
	if (!kernel)
		return false;
	name = btf__name_by_offset(btf, t->name_off);
	kt = kernel_struct(kernel, name);
	if (!kt) {
		gb_throw(env, "ERR_BPF_LOAD", EOPNOTSUPP,
			 "the running kernel has no struct %s, which map %s of %s needs; sched_ext needs Linux 6.12 or later "
			 "with CONFIG_SCHED_CLASS_EXT",
			 name, bpf_map__name(map), o->name);
		return false;
	}
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *member = btf__name_by_offset(btf, m->name_off);
		uint32_t offset = btf_member_bit_offset(t, (uint32_t)i) / 8;

		if (!is_callback(btf, m) || has_member(kernel, kt, member) || offset + sizeof(void *) > size)
			continue;
		if (clear_callback(o, data + offset) && !gb_push(env, nulled, n, gb_text(env, member)))
			return false;
	}
	return true;
}

static void throw_load_failure(napi_env env, struct gb_object *o, int err)
{
	size_t len = strnlen(o->verifier_log, (16u << 20) - 1);
	const char *tail = o->verifier_log + (len > LOG_TAIL ? len - LOG_TAIL : 0);
	char why[1024];

	while ((*tail & 0xc0) == 0x80) /* do not start within a UTF-8 sequence */
		tail++;
	gb_log_tail(&o->res.state->log, why, sizeof(why));
	gb_throw_verifier(env, "ERR_BPF_LOAD", err, tail, "the kernel did not load %s (%s%s)", o->name,
			  why[0] ? why : "no details", tail[0] ? "; verifierLog says why" : "");
}

/* load(object) -> names of the callbacks that this kernel does not know */
napi_value gb_object_load(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], nulled;
	struct gb_object *o;
	struct bpf_map *map;
	uint32_t n = 0;
	int err;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)))
		return NULL;
	if (o->phase != GB_FRESH) {
		gb_throw(env, "ERR_BPF_LOAD", 0, "%s %s; open it again to load it once more", o->name,
			 o->phase == GB_LOADED ? "is already loaded" : "has failed to load");
		return NULL;
	}
	GB_NAPI(env, napi_create_array(env, &nulled));
	bpf_object__for_each_map(map, o->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && bpf_map__autocreate(map) &&
		    !fit_ops(env, o, map, nulled, &n))
			return NULL;
	gb_vmlinux_forget(env);
	gb_log_begin(&o->res.state->log);
	err = -bpf_object__load(o->obj);
	gb_log_end();
	o->phase = err ? GB_FAILED : GB_LOADED;
	if (err)
		throw_load_failure(env, o, err);
	free(o->verifier_log);
	o->verifier_log = NULL;
	free(o->image);
	o->image = NULL;
	return err ? NULL : nulled;
}

/* setOpsField(object, map, field, bytes | null): a member's bytes, or no callback. */
napi_value gb_object_set_ops_field(napi_env env, napi_callback_info info)
{
	char map_name[GB_MAX_STRING], field[GB_MAX_STRING];
	napi_value argv[GB_MAX_ARGS];
	const struct btf_member *m;
	const struct btf_type *t;
	const struct btf *btf;
	struct gb_object *o;
	struct bpf_map *map;
	napi_valuetype vt;
	uint8_t *to;
	size_t size = 0;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the map name", map_name) || !gb_string(env, argv[2], "the field name", field))
		return NULL;
	map = bpf_object__find_map_by_name(o->obj, map_name);
	t = map ? gb_ops_type(o, map_name) : NULL;
	to = t && o->phase == GB_FRESH ? bpf_map__initial_value(map, &size) : NULL;
	if (!to || size < t->size) {
		gb_throw(env, o->phase == GB_FRESH ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_ARGUMENT", 0,
			 "cannot set %s.%s of %s: %s", map_name, field, o->name,
			 o->phase == GB_FRESH ? "there is no such struct_ops map" : "only possible before load()");
		return NULL;
	}
	GB_NAPI(env, napi_typeof(env, argv[3], &vt));
	btf = bpf_object__btf(o->obj);
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		uint32_t offset = btf_member_bit_offset(t, (uint32_t)i) / 8;
		struct gb_type type;
		uint8_t *data;
		size_t len;

		if (strcmp(btf__name_by_offset(btf, m->name_off), field) || !gb_resolve(btf, m->type, &type))
			continue;
		if ((uint64_t)offset + (uint64_t)type.size * type.count > size)
			break;
		if (vt == napi_null && is_callback(btf, m)) {
			clear_callback(o, to + offset);
			return gb_undefined(env);
		}
		if (vt == napi_null || type.pointer || !gb_bytes(env, argv[3], "the value", &data, &len) ||
		    len != (size_t)type.size * type.count)
			break;
		memcpy(to + offset, data, len);
		return gb_undefined(env);
	}
	gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s.%s of %s does not exist or does not take this value", map_name, field,
		 o->name);
	return NULL;
}
