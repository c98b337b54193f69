// SPDX-License-Identifier: Apache-2.0
/*
 * Names on a bpf file system: what has one lives on without a process, and any
 * process finds it there. Also the folder that holds such names: mounting the
 * file system, and a lock on the folder that ends with its process.
 */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

struct gb_pin {
	struct gb_res res;
	int fd;
};

static void close_pin(napi_env env, struct gb_res *res)
{
	struct gb_pin *p = (struct gb_pin *)res;

	(void)env;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* "map", "prog" or "link"; NULL for what is none of them */
static const char *kind_of(int fd)
{
	if (gb_fd_is(fd, "bpf-map"))
		return "map";
	if (gb_fd_is(fd, "bpf-prog"))
		return "prog";
	/* the kernel spells it in one way when it is made, in the other when it is opened */
	return gb_fd_is(fd, "bpf_link") || gb_fd_is(fd, "bpf-link") ? "link" : NULL;
}

/* pinFd(fd, path): a map, program or link */
napi_value gb_pin_fd(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char path[GB_MAX_STRING];
	const char *kind;
	int fd;

	if (!gb_args(env, info, argv) || !gb_fd(env, argv[0], "the file descriptor", &fd) ||
	    !gb_string(env, argv[1], "the path", path))
		return NULL;
	kind = kind_of(fd);
	if (!kind) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no map, program or link", fd);
		return NULL;
	}
	if (bpf_obj_pin(fd, path)) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot pin the %s at %s (a bpf file system has to be mounted there)", kind,
			 path);
		return NULL;
	}
	return gb_undefined(env);
}

/* openPin(path) -> {handle, kind, fd} */
napi_value gb_pin_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], handle, result;
	char path[GB_MAX_STRING];
	const char *kind;
	struct gb_pin *p;

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the path", path) ||
	    !(p = gb_res_new(env, sizeof(*p), GB_PIN, close_pin)))
		return NULL;
	p->fd = bpf_obj_get(path);
	if (p->fd < 0) {
		gb_throw(env, errno == ENOENT ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", errno, "cannot open what is pinned at %s", path);
		goto fail;
	}
	kind = kind_of(p->fd);
	if (!kind) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "what is pinned at %s is no map, program or link", path);
		goto fail;
	}
	handle = gb_res_external(env, &p->res);
	if (!handle)
		return NULL;
	GB_NAPI(env, napi_create_object(env, &result));
	if (!gb_set(env, result, "handle", handle) || !gb_set(env, result, "kind", gb_text(env, kind)) ||
	    !gb_set_number(env, result, "fd", p->fd))
		return NULL;
	return result;
fail:
	gb_res_drop(env, &p->res);
	return NULL;
}

/* isBpfFs(path): does it lie on a bpf file system */
napi_value gb_is_bpffs(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char path[GB_MAX_STRING];
	struct statfs st;

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the path", path))
		return NULL;
	if (statfs(path, &st)) {
		gb_throw(env, errno == ENOENT ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", errno, "cannot look at %s", path);
		return NULL;
	}
	return gb_boolean(env, (uint32_t)st.f_type == BPF_FS_MAGIC);
}

/* mountBpfFs(path): an existing folder */
napi_value gb_mount_bpffs(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char path[GB_MAX_STRING];

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the path", path))
		return NULL;
	if (mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "mode=0700")) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot mount a bpf file system on %s (needs CAP_SYS_ADMIN)", path);
		return NULL;
	}
	return gb_undefined(env);
}

/* lockFolder(path) -> handle, or null while somebody else has it. Ends with close() or with the process, however that ends. */
napi_value gb_lock_folder(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], none;
	char path[GB_MAX_STRING];
	struct gb_pin *p;
	int err;

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the path", path) ||
	    !(p = gb_res_new(env, sizeof(*p), GB_LOCK, close_pin)))
		return NULL;
	p->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->fd >= 0 && !flock(p->fd, LOCK_EX | LOCK_NB))
		return gb_res_external(env, &p->res);
	err = errno;
	if (p->fd < 0 || err != EWOULDBLOCK) {
		gb_throw(env, err == ENOENT ? "ERR_BPF_NOT_FOUND" : "ERR_BPF_SYS", err, "cannot lock the folder %s", path);
		gb_res_drop(env, &p->res);
		return NULL;
	}
	gb_res_drop(env, &p->res);
	GB_NAPI(env, napi_get_null(env, &none));
	return none;
}
