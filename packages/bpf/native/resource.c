// SPDX-License-Identifier: Apache-2.0
/* Reference-counted owners of kernel resources and the JavaScript values that name them. */
#include "gthulhu_bpf.h"

#include <stdlib.h>

static const napi_type_tag tags[] = {
	[GB_OBJECT] = { 0x6774686c68752d6fULL, 0x9f4be1a0c3d25701ULL },
	[GB_LINK] = { 0x6774686c68752d6cULL, 0x9f4be1a0c3d25702ULL },
	[GB_MAP] = { 0x6774686c68752d6dULL, 0x9f4be1a0c3d25703ULL },
	[GB_GLOBALS] = { 0x6774686c68752d67ULL, 0x9f4be1a0c3d25704ULL },
	[GB_RING] = { 0x6774686c68752d72ULL, 0x9f4be1a0c3d25705ULL },
	[GB_DECISIONS] = { 0x6774686c68752d64ULL, 0x9f4be1a0c3d25706ULL },
	[GB_PROGRAM] = { 0x6774686c68752d70ULL, 0x9f4be1a0c3d25707ULL },
	[GB_STATS] = { 0x6774686c68752d73ULL, 0x9f4be1a0c3d25708ULL },
	[GB_PIN] = { 0x6774686c68752d69ULL, 0x9f4be1a0c3d25709ULL },
	[GB_LOCK] = { 0x6774686c68752d6bULL, 0x9f4be1a0c3d2570aULL },
	[GB_BTF] = { 0x6774686c68752d62ULL, 0x9f4be1a0c3d2570bULL },
};

static const char *const names[] = {
	[GB_OBJECT] = "BPF object", [GB_LINK] = "link",	    [GB_MAP] = "map",
	[GB_GLOBALS] = "globals",   [GB_RING] = "ring",	    [GB_DECISIONS] = "decisions",
	[GB_PROGRAM] = "program",   [GB_STATS] = "BPF statistics", [GB_PIN] = "pin",
	[GB_LOCK] = "lock",	    [GB_BTF] = "type information",
};

struct gb_env *gb_state(napi_env env)
{
	void *data = NULL;

	return napi_get_instance_data(env, &data) == napi_ok ? data : NULL;
}

void gb_env_unref(napi_env env, struct gb_env *state)
{
	(void)env; /* the error class's reference dies with the environment */
	if (--state->refs)
		return;
	btf__free(state->vmlinux);
	gb_log_free(&state->log);
	free(state);
}

void *gb_res_new(napi_env env, size_t size, enum gb_kind kind, void (*close)(napi_env, struct gb_res *))
{
	struct gb_env *state = gb_state(env);
	struct gb_res *res = state ? calloc(1, size) : NULL;

	if (!res) {
		gb_throw(env, "ERR_BPF_SYS", 0, "no memory for a %s", names[kind]);
		return NULL;
	}
	res->state = state;
	res->kind = kind;
	res->close = close;
	state->refs++;
	res->next = state->first;
	if (res->next)
		res->next->prev = res;
	state->first = res;
	return res;
}

void gb_res_close(napi_env env, struct gb_res *res)
{
	if (res->closed)
		return;
	res->closed = true;
	res->close(env, res);
}

/* Frees a resource that no JavaScript value names (any more). */
void gb_res_drop(napi_env env, struct gb_res *res)
{
	if (res->refs)
		return;
	gb_res_close(env, res);
	if (res->prev)
		res->prev->next = res->next;
	else if (res->state->first == res)
		res->state->first = res->next;
	if (res->next)
		res->next->prev = res->prev;
	gb_env_unref(env, res->state);
	free(res);
}

static void finalize(napi_env env, void *data, void *hint)
{
	struct gb_res *res = data;

	(void)hint;
	res->refs--;
	gb_res_drop(env, res);
}

napi_value gb_res_external(napi_env env, struct gb_res *res)
{
	napi_value value;
	napi_status status = napi_create_external(env, res, finalize, NULL, &value);

	if (status == napi_ok) {
		res->refs++;
		status = napi_type_tag_object(env, value, &tags[res->kind]);
	} else {
		gb_res_drop(env, res);
	}
	if (status != napi_ok) {
		gb_throw_napi(env, status, "napi_create_external");
		return NULL;
	}
	return value;
}

/* A function bound to `res`: the callback finds it in its data, whatever `this` is. */
napi_value gb_res_function(napi_env env, struct gb_res *res, const char *name, napi_callback cb)
{
	napi_value fn;

	GB_NAPI(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, cb, res, &fn));
	GB_NAPI(env, napi_add_finalizer(env, fn, res, finalize, NULL, NULL));
	res->refs++;
	return fn;
}

void *gb_handle_any(napi_env env, napi_value value, enum gb_kind kind)
{
	napi_valuetype type;
	bool match = false;
	void *data = NULL;

	if (napi_typeof(env, value, &type) == napi_ok && type == napi_external &&
	    napi_check_object_type_tag(env, value, &tags[kind], &match) == napi_ok && match &&
	    napi_get_value_external(env, value, &data) == napi_ok && data)
		return data;
	gb_throw(env, "ERR_BPF_ARGUMENT", 0, "expected the handle of a %s", names[kind]);
	return NULL;
}

bool gb_res_usable(napi_env env, const struct gb_res *res)
{
	if (!res->closed)
		return true;
	gb_throw(env, "ERR_BPF_CLOSED", 0, "this %s is closed; open it again to use it", names[res->kind]);
	return false;
}

void *gb_handle(napi_env env, napi_value value, enum gb_kind kind)
{
	struct gb_res *res = gb_handle_any(env, value, kind);

	return res && gb_res_usable(env, res) ? res : NULL;
}

/* close(handle): any kind, any number of times. */
napi_value gb_close(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	napi_valuetype type;
	void *data = NULL;
	bool match = false;

	if (!gb_args(env, info, argv))
		return NULL;
	if (napi_typeof(env, argv[0], &type) == napi_ok && type == napi_external)
		for (size_t kind = 0; kind < sizeof(tags) / sizeof(tags[0]) && !match; kind++)
			if (napi_check_object_type_tag(env, argv[0], &tags[kind], &match) != napi_ok)
				match = false;
	if (!match || napi_get_value_external(env, argv[0], &data) != napi_ok || !data) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "close expects a handle of this addon");
		return NULL;
	}
	gb_res_close(env, data);
	return gb_undefined(env);
}
