// SPDX-License-Identifier: Apache-2.0
/* Opening an object file and what may be set or read on it besides loading and attaching. */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (64u << 20)
#define VERIFIER_LOG (16u << 20) /* pages are only used when something is refused */

static void close_object(napi_env env, struct gb_res *res)
{
	struct gb_object *o = (struct gb_object *)res;

	(void)env;
	if (o->obj)
		bpf_object__close(o->obj);
	o->obj = NULL;
	free(o->image);
	free(o->name);
	free(o->verifier_log);
	o->image = o->name = o->verifier_log = NULL;
}

static void *read_file(napi_env env, const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	char *image = NULL;
	struct stat st;
	size_t got = 0;

	if (fd < 0) {
		gb_throw(env, "ERR_BPF_OPEN", errno, "cannot open the BPF object file %s", path);
		return NULL;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > MAX_FILE) {
		gb_throw(env, "ERR_BPF_OPEN", 0, "%s is no BPF object: expected a regular file of 1 byte to %u MiB", path,
			 MAX_FILE >> 20);
		goto out;
	}
	*size = (size_t)st.st_size;
	image = malloc(*size);
	while (image && got < *size) {
		ssize_t n = read(fd, image + got, *size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (!image || got != *size) {
		err = errno;
		free(image);
		image = NULL;
		gb_throw(env, "ERR_BPF_OPEN", err, "cannot read the BPF object file %s", path);
	}
out:
	close(fd);
	return image;
}

static void object_name(const char *path, char *out, size_t size)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strcspn(base, ".");
	snprintf(out, size, "%.*s", (int)(len ? len : 3), len ? base : "obj");
}

/* openObject(path) */
napi_value gb_object_open(napi_env env, napi_callback_info info)
{
	char path[GB_MAX_STRING], name[16], why[1024];
	napi_value argv[GB_MAX_ARGS];
	struct gb_object *o;
	size_t size = 0;
	int err;

	if (!gb_args(env, info, argv) || !gb_string(env, argv[0], "the path of the BPF object", path))
		return NULL;
	o = gb_res_new(env, sizeof(*o), GB_OBJECT, close_object);
	if (!o)
		return NULL;
	o->image = read_file(env, path, &size);
	if (!o->image)
		goto fail;
	o->name = strdup(path);
	o->verifier_log = calloc(1, VERIFIER_LOG);
	if (!o->name || !o->verifier_log) {
		gb_throw(env, "ERR_BPF_OPEN", ENOMEM, "cannot open %s", path);
		goto fail;
	}
	if (gb_elf_problem(o->image, size)) {
		gb_throw(env, "ERR_BPF_OPEN", 0, "%s is no usable BPF object: %s; build it again with clang -target bpf", path,
			 gb_elf_problem(o->image, size));
		goto fail;
	}
	object_name(path, name, sizeof(name));
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name, .kernel_log_buf = o->verifier_log,
		    .kernel_log_size = VERIFIER_LOG);
	gb_log_begin(&o->res.state->log);
	o->obj = bpf_object__open_mem(o->image, size, &opts);
	err = errno;
	gb_log_end();
	if (!o->obj) {
		gb_log_tail(&o->res.state->log, why, sizeof(why));
		gb_throw(env, "ERR_BPF_OPEN", err, "libbpf cannot use %s (%s)", path, why[0] ? why : "no details");
		goto fail;
	}
	return gb_res_external(env, &o->res);
fail:
	gb_res_drop(env, &o->res);
	return NULL;
}

static struct bpf_map *find_map(napi_env env, const struct gb_object *o, napi_value v)
{
	char name[GB_MAX_STRING];
	struct bpf_map *map;

	if (!gb_string(env, v, "the map name", name))
		return NULL;
	map = bpf_object__find_map_by_name(o->obj, name);
	if (!map)
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0, "%s has no map or section named %s", o->name, name);
	return map;
}

static void set_type_name(napi_value *v, napi_env env, enum bpf_map_type type)
{
	const char *s = libbpf_bpf_map_type_str(type);
	char name[64];
	int n = snprintf(name, sizeof(name), "BPF_MAP_TYPE_");

	if (s)
		for (; *s && n < (int)sizeof(name) - 1; s++)
			name[n++] = (char)toupper((unsigned char)*s);
	else
		n += snprintf(name + n, sizeof(name) - (size_t)n, "%d", (int)type);
	name[n] = 0;
	*v = gb_text(env, name);
}

static napi_value describe_map(napi_env env, const char *name, uint32_t type, int fd, uint32_t key, uint32_t value,
			       uint32_t entries)
{
	napi_value v, type_name;

	GB_NAPI(env, napi_create_object(env, &v));
	set_type_name(&type_name, env, type);
	if (!gb_set(env, v, "name", gb_text(env, name)) || !gb_set(env, v, "type", type_name) ||
	    !gb_set_number(env, v, "typeId", type) || !gb_set_number(env, v, "fd", fd) ||
	    !gb_set_number(env, v, "keySize", key) || !gb_set_number(env, v, "valueSize", value) ||
	    !gb_set_number(env, v, "maxEntries", entries))
		return NULL;
	return v;
}

/* mapInfo(fd): a description from the kernel; the name is cut to 15 bytes there. */
napi_value gb_map_describe(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct bpf_map_info mi;
	int fd;

	if (!gb_args(env, info, argv) || !gb_fd(env, argv[0], "the file descriptor", &fd))
		return NULL;
	if (!gb_fd_is(fd, "bpf-map")) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is no bpf-map", fd);
		return NULL;
	}
	if (!gb_map_info(env, fd, &mi))
		return NULL;
	return describe_map(env, mi.name, mi.type, fd, mi.key_size, mi.value_size, mi.max_entries);
}

/* maps(object): every map with its full name, in the order of the file; fd -1 before load. */
napi_value gb_object_maps(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], list;
	struct gb_object *o;
	struct bpf_map *map;
	uint32_t n = 0;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)))
		return NULL;
	GB_NAPI(env, napi_create_array(env, &list));
	bpf_object__for_each_map(map, o->obj) {
		int fd = bpf_map__fd(map);

		if (!gb_push(env, list, &n,
			     describe_map(env, bpf_map__name(map), bpf_map__type(map),
					  o->phase == GB_LOADED && fd >= 0 ? fd : -1, bpf_map__key_size(map),
					  bpf_map__value_size(map), bpf_map__max_entries(map))))
			return NULL;
	}
	return list;
}

/* section(object, name) -> {fd, size} of a section of global variables */
napi_value gb_object_section(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], v;
	struct gb_object *o;
	struct bpf_map *map;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !(map = find_map(env, o, argv[1])))
		return NULL;
	if (o->phase != GB_LOADED) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s is not loaded yet; its globals can be mapped after load()", o->name);
		return NULL;
	}
	GB_NAPI(env, napi_create_object(env, &v));
	if (!gb_set_number(env, v, "fd", bpf_map__fd(map)) || !gb_set_number(env, v, "size", bpf_map__value_size(map)))
		return NULL;
	return v;
}

/* setMapMaxEntries(object, map, n) */
napi_value gb_object_set_max_entries(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	struct gb_object *o;
	struct bpf_map *map;
	int64_t n;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !(map = find_map(env, o, argv[1])) || !gb_int(env, argv[2], "max entries", 1, UINT32_MAX, &n))
		return NULL;
	if (o->phase != GB_FRESH || bpf_map__set_max_entries(map, (uint32_t)n)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "the size of map %s can only be set before load()", bpf_map__name(map));
		return NULL;
	}
	return gb_undefined(env);
}

/* writeGlobal(object, section, offset, bytes): the initial value, before load. */
napi_value gb_object_write_global(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	size_t len, size = 0;
	struct gb_object *o;
	struct bpf_map *map;
	uint8_t *data, *to;
	int64_t offset;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !(map = find_map(env, o, argv[1])) || !gb_int(env, argv[2], "the offset", 0, UINT32_MAX, &offset) ||
	    !gb_bytes(env, argv[3], "the value", &data, &len))
		return NULL;
	to = bpf_map__type(map) == BPF_MAP_TYPE_ARRAY && bpf_map__is_internal(map) ? bpf_map__initial_value(map, &size) :
										       NULL;
	if (o->phase != GB_FRESH || !to || (uint64_t)offset + len > size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "cannot set %zu bytes at %lld of %s in %s", len, (long long)offset,
			 bpf_map__name(map), o->name);
		return NULL;
	}
	memcpy(to + offset, data, len);
	return gb_undefined(env);
}

/* programFd(object, name) */
napi_value gb_object_program_fd(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	char name[GB_MAX_STRING];
	struct bpf_program *prog;
	struct gb_object *o;
	int fd;

	if (!gb_args(env, info, argv) || !(o = gb_handle(env, argv[0], GB_OBJECT)) ||
	    !gb_string(env, argv[1], "the program name", name))
		return NULL;
	prog = bpf_object__find_program_by_name(o->obj, name);
	if (!prog) {
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0, "%s has no program named %s", o->name, name);
		return NULL;
	}
	fd = o->phase == GB_LOADED ? bpf_program__fd(prog) : -1;
	if (fd < 0) {
		gb_throw(env, "ERR_BPF_NOT_FOUND", 0, "program %s of %s is not loaded%s", name, o->name,
			 o->phase == GB_LOADED ? " (this kernel has no use for it)" : "; call load() first");
		return NULL;
	}
	return gb_number(env, fd);
}
