// SPDX-License-Identifier: Apache-2.0
/* Struct layouts and global variables, read from the BTF that clang wrote into the object. */
#include "gthulhu_bpf.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 32
#define MAX_NESTING 6

const struct btf_type *gb_strip(const struct btf *btf, uint32_t type_id)
{
	const struct btf_type *t = btf__type_by_id(btf, type_id);

	for (int i = 0; t && i < MAX_DEPTH && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)); i++)
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Element size, element count and signedness; false for what has no size. */
bool gb_resolve(const struct btf *btf, uint32_t type_id, struct gb_type *out)
{
	const struct btf_type *t = gb_strip(btf, type_id);
	uint64_t count = 1;

	for (int i = 0; t && btf_is_array(t) && i < MAX_DEPTH; i++) {
		count *= btf_array(t)->nelems;
		if (count > UINT32_MAX)
			return false;
		t = gb_strip(btf, btf_array(t)->type);
	}
	if (!t)
		return false;
	*out = (struct gb_type){ .size = t->size, .count = (uint32_t)count };
	if (btf_is_int(t)) {
		out->is_signed = btf_int_encoding(t) & BTF_INT_SIGNED;
		out->scalar = true;
	} else if (btf_is_any_enum(t)) {
		out->is_signed = btf_kflag(t);
		out->scalar = true;
	} else if (btf_is_ptr(t)) {
		out->size = 8;
		out->pointer = out->scalar = true;
	} else if (!btf_is_composite(t) && !btf_is_float(t)) {
		return false;
	}
	if (out->size != 1 && out->size != 2 && out->size != 4 && out->size != 8)
		out->scalar = false;
	return (uint64_t)out->size * out->count <= UINT32_MAX;
}

static napi_value describe(napi_env env, uint32_t offset, const struct gb_type *t)
{
	napi_value v;

	GB_NAPI(env, napi_create_object(env, &v));
	if (!gb_set_number(env, v, "offset", offset) || !gb_set_number(env, v, "size", t->size) ||
	    !gb_set(env, v, "signed", gb_boolean(env, t->is_signed)) || !gb_set_number(env, v, "count", t->count))
		return NULL;
	return v;
}

/* Nested structs become "outer.inner"; members of anonymous ones keep their own name. Bit fields are left out. */
static bool add_fields(napi_env env, const struct btf *btf, const struct btf_type *t, uint32_t base,
		       const char *prefix, int nesting, bool with_pointer_flag, napi_value fields)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *name = btf__name_by_offset(btf, m->name_off);
		uint32_t bit = btf_member_bit_offset(t, (uint32_t)i), offset = base + bit / 8;
		const struct btf_type *inner = gb_strip(btf, m->type);
		char path[256];
		struct gb_type type;
		napi_value v;

		if (bit % 8 || btf_member_bitfield_size(t, (uint32_t)i) || !name ||
		    snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] && name[0] ? "." : "", name) >=
			    (int)sizeof(path))
			continue;
		if (inner && btf_is_composite(inner)) {
			if (nesting < MAX_NESTING &&
			    !add_fields(env, btf, inner, offset, path, nesting + 1, with_pointer_flag, fields))
				return false;
			continue;
		}
		if (!name[0] || !gb_resolve(btf, m->type, &type))
			continue;
		v = describe(env, offset, &type);
		if (!v || (with_pointer_flag && !gb_set(env, v, "pointer", gb_boolean(env, type.pointer))) ||
		    !gb_set(env, fields, path, v))
			return false;
	}
	return true;
}

static napi_value struct_layout(napi_env env, const struct btf *btf, const struct btf_type *t, bool with_pointer_flag)
{
	napi_value layout, fields;

	GB_NAPI(env, napi_create_object(env, &layout));
	GB_NAPI(env, napi_create_object(env, &fields));
	if (!add_fields(env, btf, t, 0, "", 0, with_pointer_flag, fields) ||
	    !gb_set_number(env, layout, "size", t->size) || !gb_set(env, layout, "fields", fields))
		return NULL;
	return layout;
}

napi_value gb_named_layout(napi_env env, const struct btf *btf, const char *name, const char *whose)
{
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) : -1;

	if (id < 0) {
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0,
			 "struct %s is not in the type information of %s; clang keeps only types that a global, a map "
			 "or a function argument uses",
			 name, whose);
		return NULL;
	}
	return struct_layout(env, btf, btf__type_by_id(btf, (uint32_t)id), false);
}

/* structLayout(object, name) */
napi_value gb_struct_layout(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	struct gb_object *o;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the struct name", name))
		return NULL;
	return gb_named_layout(env, bpf_object__btf(o->obj), name, o->name);
}

static bool is_ops_section(const char *name)
{
	return !strncmp(name, ".struct_ops", 11) || !strncmp(name, "?.struct_ops", 12);
}

/* The struct type of a struct_ops map, from the section that declares it. NULL when there is none. */
const struct btf_type *gb_ops_type(const struct gb_object *o, const char *map_name)
{
	const struct btf *btf = bpf_object__btf(o->obj);

	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id), *var, *type;
		const struct btf_var_secinfo *vi;

		if (!btf_is_datasec(t) || !is_ops_section(btf__name_by_offset(btf, t->name_off)))
			continue;
		vi = btf_var_secinfos(t);
		for (int i = 0; i < btf_vlen(t); i++, vi++) {
			var = btf__type_by_id(btf, vi->type);
			if (!var || strcmp(btf__name_by_offset(btf, var->name_off), map_name))
				continue;
			type = gb_strip(btf, var->type);
			return type && btf_is_struct(type) ? type : NULL;
		}
	}
	return NULL;
}

/* opsLayout(object, map): as structLayout, of the map's struct type; fields also say `pointer`. */
napi_value gb_ops_layout(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	const struct btf_type *t;
	struct gb_object *o;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the map name", name))
		return NULL;
	t = gb_ops_type(o, name);
	if (!t) {
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0, "%s declares no struct_ops named %s", o->name, name);
		return NULL;
	}
	return struct_layout(env, bpf_object__btf(o->obj), t, true);
}

static bool is_data_section(const char *name)
{
	return !strncmp(name, ".bss", 4) || !strncmp(name, ".data", 5) || !strncmp(name, ".rodata", 7);
}

static napi_value describe_var(napi_env env, const struct btf *btf, const char *section,
			       const struct btf_var_secinfo *vi)
{
	const struct btf_type *var = btf__type_by_id(btf, vi->type);
	struct gb_type type;
	napi_value v;

	/* libbpf gives places only to global variables: a static one's offset means nothing here. */
	if (!var || !btf_is_var(var) || btf_var(var)->linkage == BTF_VAR_STATIC || !gb_resolve(btf, var->type, &type))
		return NULL;
	v = describe(env, vi->offset, &type);
	if (!v || !gb_set(env, v, "name", gb_text(env, btf__name_by_offset(btf, var->name_off))) ||
	    !gb_set(env, v, "section", gb_text(env, section)) || !gb_set(env, v, "scalar", gb_boolean(env, type.scalar)))
		return NULL;
	return v;
}

/* [{name, section, offset, size, count, signed, scalar}] of .bss*, .data* and .rodata* */
napi_value gb_list_vars(napi_env env, const struct btf *btf)
{
	napi_value list;
	uint32_t n = 0;

	GB_NAPI(env, napi_create_array(env, &list));
	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *section = btf__name_by_offset(btf, t->name_off);
		const struct btf_var_secinfo *vi;

		if (!btf_is_datasec(t) || !section || !is_data_section(section))
			continue;
		vi = btf_var_secinfos(t);
		for (int i = 0; i < btf_vlen(t); i++, vi++) {
			napi_value v = describe_var(env, btf, section, vi);
			bool pending = false;

			if (!v && napi_is_exception_pending(env, &pending) == napi_ok && !pending)
				continue;
			if (!v || !gb_push(env, list, &n, v))
				return NULL;
		}
	}
	return list;
}

/* vars(object) */
napi_value gb_object_vars(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_object *o;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)))
		return NULL;
	return gb_list_vars(env, bpf_object__btf(o->obj));
}
