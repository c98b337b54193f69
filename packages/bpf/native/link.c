// SPDX-License-Identifier: Apache-2.0
/* Attached programs and schedulers. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define OPS_WITH_LINK (1u << 13) /* BPF_F_LINK; Linux 6.4, newer than some systems' headers */

/* One of the two: libbpf's, or the plain descriptor of a link that was made without an object. */
struct gb_link {
	struct gb_res res;
	struct bpf_link *link;
	int fd;
};

static void close_link(napi_env env, struct gb_res *res)
{
	struct gb_link *l = (struct gb_link *)res;

	(void)env;
	if (l->link)
		bpf_link__destroy(l->link);
	l->link = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static struct gb_link *new_link(napi_env env)
{
	struct gb_link *l = gb_res_new(env, sizeof(struct gb_link), GB_LINK, close_link);

	if (l)
		l->fd = -1;
	return l;
}

static int fd_of(const struct gb_link *l)
{
	return l->link ? bpf_link__fd(l->link) : l->fd;
}

static napi_value finish(napi_env env, struct gb_link *l, int err, const char *kind, const char *name,
			 const struct gb_object *o)
{
	char why[1024];

	if (l->link)
		return gb_res_external(env, &l->res);
	gb_log_tail(&l->res.state->log, why, sizeof(why));
	gb_throw(env, "ERR_BPF_ATTACH", err, "cannot attach %s %s of %s%s%s%s", kind, name, o->name, why[0] ? " (" : "",
		 why, why[0] ? ")" : "");
	gb_res_drop(env, &l->res);
	return NULL;
}

/* attachOps(object, map) */
napi_value gb_attach_ops(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	struct gb_object *o;
	struct bpf_map *map;
	struct gb_link *l;
	int err;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the map name", name))
		return NULL;
	map = bpf_object__find_map_by_name(o->obj, name);
	if (!map || bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS) {
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0, "%s has no struct_ops map named %s", o->name, name);
		return NULL;
	}
	if (o->phase != GB_LOADED || bpf_map__fd(map) < 0) {
		gb_throw(env, "ERR_BPF_ATTACH", 0, "struct_ops map %s of %s is not loaded; call load() first", name, o->name);
		return NULL;
	}
	/* Without a real link libbpf would keep the object's fd, which close() may hand to somebody else. */
	if (!(bpf_map__map_flags(map) & OPS_WITH_LINK)) {
		gb_throw(env, "ERR_BPF_ATTACH", 0, "declare %s in SEC(\".struct_ops.link\"), not in SEC(\".struct_ops\")", name);
		return NULL;
	}
	l = new_link(env);
	if (!l)
		return NULL;
	gb_log_begin(&l->res.state->log);
	l->link = bpf_map__attach_struct_ops(map);
	err = errno;
	gb_log_end();
	return finish(env, l, err, "struct_ops", name, o);
}

/* attachProgram(object, name): to the target in the program's section name */
napi_value gb_attach_program(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	struct bpf_program *prog;
	struct gb_object *o;
	struct gb_link *l;
	int err;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the program name", name))
		return NULL;
	prog = bpf_object__find_program_by_name(o->obj, name);
	if (!prog || o->phase != GB_LOADED || bpf_program__fd(prog) < 0) {
		gb_throw(env, prog ? "ERR_BPF_ATTACH" : "ERR_BPF_NOT_FOUND", 0, prog ? "program %s of %s is not loaded" :
										       "there is no program %s in %s",
			 name, o->name);
		return NULL;
	}
	l = new_link(env);
	if (!l)
		return NULL;
	gb_log_begin(&l->res.state->log);
	l->link = bpf_program__attach(prog);
	err = errno;
	gb_log_end();
	return finish(env, l, err, "program", name, o);
}

/* attachTracing(progFd): a tp_btf program, to the target that it was loaded for */
napi_value gb_attach_tracing(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct bpf_prog_info pi;
	struct gb_link *l;
	int fd, err;

	if (!gb_args(env, info, argv) || !gb_prog_of(env, argv[0], &fd, &pi))
		return NULL;
	if (pi.type != BPF_PROG_TYPE_TRACING) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "program %s is no SEC(\"tp_btf\") program", pi.name);
		return NULL;
	}
	l = new_link(env);
	if (!l)
		return NULL;
	gb_log_begin(&l->res.state->log);
	l->fd = bpf_raw_tracepoint_open(NULL, fd);
	err = errno;
	gb_log_end();
	if (l->fd >= 0)
		return gb_res_external(env, &l->res);
	gb_throw(env, "ERR_BPF_ATTACH", err, "cannot attach program %s to what it was loaded for", pi.name);
	gb_res_drop(env, &l->res);
	return NULL;
}

/* linkFd(link) */
napi_value gb_link_fd(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_link *l;

	if (!gb_args(env, info, argv) || !(l = gb_handle(env, argv[0], GB_LINK)))
		return NULL;
	return gb_number(env, fd_of(l));
}

/* pinLink(link, path) */
napi_value gb_link_pin(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char path[GB_MAX_STRING];
	struct gb_link *l;
	int err;

	if (!gb_args(env, info, argv) || !(l = gb_handle(env, argv[0], GB_LINK)) ||
	    !gb_string(env, argv[1], "the path", path))
		return NULL;
	/* Not bpf_link__pin: that allows one path a link and remembers it. */
	err = bpf_obj_pin(fd_of(l), path) ? errno : 0;
	if (err) {
		gb_throw(env, "ERR_BPF_SYS", err, "cannot pin the link at %s (a bpf file system has to be mounted there)", path);
		return NULL;
	}
	return gb_undefined(env);
}
