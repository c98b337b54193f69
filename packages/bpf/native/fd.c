// SPDX-License-Identifier: Apache-2.0
/* File descriptors from outside: what they are is checked before anything is done with them. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* kind: a part of the name in /proc/self/fd, such as "bpf-map", "bpf-prog", "[eventfd]" or "pidfd". */
bool gb_fd_is(int fd, const char *kind)
{
	char path[32], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	return target[0] != '/' && strstr(target, kind);
}

/* Duplicates, so that a later close of the original does no harm. */
bool gb_dup_kind(napi_env env, napi_value v, const char *kind, const char *code, int *out)
{
	int fd;

	if (!gb_fd(env, v, "the file descriptor", &fd))
		return false;
	*out = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (*out < 0) {
		gb_throw(env, code, errno, "cannot duplicate file descriptor %d", fd);
		return false;
	}
	if (!gb_fd_is(*out, kind)) {
		close(*out);
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no %s", fd, kind);
		return false;
	}
	return true;
}

bool gb_map_info(napi_env env, int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (!bpf_map_get_info_by_fd(fd, info, &len))
		return true;
	gb_throw(env, "ERR_BPF_MAP", errno, "cannot read the properties of map fd %d", fd);
	return false;
}

bool gb_prog_info(napi_env env, int fd, struct bpf_prog_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (!bpf_prog_get_info_by_fd(fd, info, &len))
		return true;
	gb_throw(env, "ERR_BPF_SYS", errno, "cannot read the properties of program fd %d", fd);
	return false;
}

bool gb_prog_of(napi_env env, napi_value value, int *fd, struct bpf_prog_info *info)
{
	if (!gb_fd(env, value, "the program's file descriptor", fd))
		return false;
	if (gb_fd_is(*fd, "bpf-prog"))
		return gb_prog_info(env, *fd, info);
	gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no bpf-prog", *fd);
	return false;
}
