// SPDX-License-Identifier: Apache-2.0
/* What the running kernel knows: its type information, its CPUs. */
#include "gthulhu_bpf.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* Parsed when it is first asked for: it is several megabytes. */
const struct btf *gb_vmlinux(napi_env env)
{
	struct gb_env *state = gb_state(env);
	int err;

	if (!state || state->vmlinux)
		return state ? state->vmlinux : NULL;
	gb_log_begin(&state->log);
	state->vmlinux = btf__load_vmlinux_btf();
	err = errno;
	gb_log_end();
	if (!state->vmlinux)
		gb_throw(env, "ERR_BPF_NOT_FOUND", err,
			 "the running kernel has no type information (/sys/kernel/btf/vmlinux); it needs CONFIG_DEBUG_INFO_BTF");
	return state->vmlinux;
}

/* After a load nobody asks for a long time, and a daemon should not keep megabytes for it. */
void gb_vmlinux_forget(napi_env env)
{
	struct gb_env *state = gb_state(env);

	if (!state)
		return;
	btf__free(state->vmlinux);
	state->vmlinux = NULL;
}

static const struct btf *read_names(napi_env env, napi_callback_info info, char a[GB_MAX_STRING], char b[GB_MAX_STRING])
{
	napi_value argv[GB_MAX_ARGS];

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the type name", a) ||
	    (b && !gb_string(env, argv[1], "the member name", b)))
		return NULL;
	return gb_vmlinux(env);
}

/* btfHasField(struct, field) */
napi_value gb_btf_has_field(napi_env env, napi_callback_info info)
{
	char type[GB_MAX_STRING], field[GB_MAX_STRING];
	const struct btf *btf = read_names(env, info, type, field);
	const struct btf_member *m;
	const struct btf_type *t;
	int id;

	if (!btf)
		return NULL;
	id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	if (id < 0)
		id = btf__find_by_name_kind(btf, type, BTF_KIND_UNION);
	if (id < 0)
		return gb_boolean(env, false);
	t = btf__type_by_id(btf, (uint32_t)id);
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), field))
			return gb_boolean(env, true);
	return gb_boolean(env, false);
}

/* btfHasType(name): struct, union, enum or typedef */
napi_value gb_btf_has_type(napi_env env, napi_callback_info info)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_ENUM, BTF_KIND_ENUM64,
					  BTF_KIND_TYPEDEF };
	char name[GB_MAX_STRING];
	const struct btf *btf = read_names(env, info, name, NULL);

	if (!btf)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (btf__find_by_name_kind(btf, name, kinds[i]) > 0)
			return gb_boolean(env, true);
	return gb_boolean(env, false);
}

/* btfHasFunc(name): also tells whether a kfunc exists */
napi_value gb_btf_has_func(napi_env env, napi_callback_info info)
{
	char name[GB_MAX_STRING];
	const struct btf *btf = read_names(env, info, name, NULL);

	return btf ? gb_boolean(env, btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0) : NULL;
}

static napi_value bigint(napi_env env, bool is_signed, uint64_t value)
{
	napi_value v;

	if (is_signed)
		GB_NAPI(env, napi_create_bigint_int64(env, (int64_t)value, &v));
	else
		GB_NAPI(env, napi_create_bigint_uint64(env, value, &v));
	return v;
}

/* enumValue(enum, name) -> bigint, or null when the enum or the name is not there */
napi_value gb_enum_value(napi_env env, napi_callback_info info)
{
	char type[GB_MAX_STRING], name[GB_MAX_STRING];
	const struct btf *btf = read_names(env, info, type, name);
	napi_value none;

	if (!btf)
		return NULL;
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_any_enum(t) || strcmp(btf__name_by_offset(btf, t->name_off), type))
			continue;
		for (int i = 0; i < btf_vlen(t); i++) {
			const struct btf_enum64 *wide = btf_is_enum64(t) ? btf_enum64(t) + i : NULL;
			const struct btf_enum *narrow = wide ? NULL : btf_enum(t) + i;

			if (strcmp(btf__name_by_offset(btf, wide ? wide->name_off : narrow->name_off), name))
				continue;
			if (wide)
				return bigint(env, btf_kflag(t), btf_enum64_value(wide));
			return bigint(env, btf_kflag(t), btf_kflag(t) ? (uint64_t)(int64_t)narrow->val : (uint32_t)narrow->val);
		}
	}
	GB_NAPI(env, napi_get_null(env, &none));
	return none;
}

/* possibleCpus() */
napi_value gb_possible_cpus(napi_env env, napi_callback_info info)
{
	int n = libbpf_num_possible_cpus();

	(void)info;
	if (n < 1) {
		gb_throw(env, "ERR_BPF_SYS", -n, "cannot count the possible CPUs");
		return NULL;
	}
	return gb_number(env, n);
}

/* libbpfVersion(): of the shared library in use, such as v1.4 */
napi_value gb_libbpf_version(napi_env env, napi_callback_info info)
{
	(void)info;
	return gb_text(env, libbpf_version_string());
}
