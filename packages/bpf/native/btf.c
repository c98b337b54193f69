// SPDX-License-Identifier: Apache-2.0
/* Type information of a map that is in the kernel already: layouts without the object file it was loaded from. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>

static void close_btf(napi_env env, struct gb_res *res)
{
	struct gb_btf *b = (struct gb_btf *)res;

	(void)env;
	btf__free(b->btf);
	b->btf = NULL;
}

/* openMapBtf(mapFd) */
napi_value gb_map_btf_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct bpf_map_info mi;
	struct gb_btf *b;
	int fd, err;

	if (!gb_args(env, info, argv) || !gb_fd(env, argv[0], "the file descriptor", &fd))
		return NULL;
	if (!gb_fd_is(fd, "bpf-map")) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no bpf-map", fd);
		return NULL;
	}
	if (!gb_map_info(env, fd, &mi) || !(b = gb_res_new(env, sizeof(*b), GB_BTF, close_btf)))
		return NULL;
	gb_log_begin(&b->res.state->log);
	b->btf = mi.btf_id ? btf__load_from_kernel_by_id(mi.btf_id) : NULL;
	err = mi.btf_id ? errno : 0;
	gb_log_end();
	if (!b->btf) {
		gb_throw(env, mi.btf_id ? "ERR_BPF_MAP" : "ERR_BPF_NOT_FOUND", err, "map %s has no type information that can be read",
			 mi.name);
		gb_res_drop(env, &b->res);
		return NULL;
	}
	return gb_res_external(env, &b->res);
}

/* btfLayout(btf, struct): as structLayout */
napi_value gb_btf_layout(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	struct gb_btf *b;

	if (!gb_args(env, info, argv) || !(b = gb_handle(env, argv[0], GB_BTF)) ||
	    !gb_string(env, argv[1], "the struct name", name))
		return NULL;
	return gb_named_layout(env, b->btf, name, "the map's object");
}

/* btfVars(btf): as vars */
napi_value gb_btf_vars(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_btf *b;

	if (!gb_args(env, info, argv) || !(b = gb_handle(env, argv[0], GB_BTF)))
		return NULL;
	return gb_list_vars(env, b->btf);
}
