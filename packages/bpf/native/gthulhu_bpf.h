// SPDX-License-Identifier: Apache-2.0
/*
 * Shared declarations of the addon.
 *
 * Lifetime rule: everything that owns a kernel or libbpf resource is a
 * `struct gb_res`. It is referenced by the JavaScript values made for it (an
 * external, or functions bound to it), closed at most once, and closed at the
 * latest when its environment (main thread or worker) goes away. No state is
 * shared between environments.
 */
#ifndef GTHULHU_BPF_H
#define GTHULHU_BPF_H

#define NAPI_VERSION 9
#include <node_api.h>

#include <bpf/btf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "64-bit systems only");

struct bpf_map_info;
struct bpf_prog_info;
struct bpf_object;

/* What libbpf printed during the calls of one environment; one prefixed line each. */
struct gb_log {
	char *text;
	size_t len, cap;
	int max_level;
};

struct gb_env {
	unsigned refs;
	napi_ref error_ctor;
	struct btf *vmlinux;
	struct gb_res *first;
	struct gb_log log;
};

enum gb_kind { GB_OBJECT, GB_LINK, GB_MAP, GB_GLOBALS, GB_RING, GB_DECISIONS, GB_PROGRAM, GB_STATS, GB_PIN, GB_LOCK, GB_BTF };

struct gb_res {
	struct gb_env *state;
	struct gb_res *prev, *next;
	enum gb_kind kind;
	unsigned refs;
	bool closed;
	void (*close)(napi_env env, struct gb_res *res);
};

struct gb_object {
	struct gb_res res;
	struct bpf_object *obj;
	char *name;
	char *image;
	char *verifier_log;
	enum { GB_FRESH, GB_LOADED, GB_FAILED } phase;
};

/* Type information that is in the kernel already. */
struct gb_btf {
	struct gb_res res;
	struct btf *btf;
};

/* resource.c */
struct gb_env *gb_state(napi_env env);
void *gb_res_new(napi_env env, size_t size, enum gb_kind kind, void (*close)(napi_env, struct gb_res *));
void gb_res_drop(napi_env env, struct gb_res *res);
void gb_res_close(napi_env env, struct gb_res *res);
napi_value gb_res_external(napi_env env, struct gb_res *res);
napi_value gb_res_function(napi_env env, struct gb_res *res, const char *name, napi_callback cb);
void *gb_handle_any(napi_env env, napi_value value, enum gb_kind kind);
void *gb_handle(napi_env env, napi_value value, enum gb_kind kind);
bool gb_res_usable(napi_env env, const struct gb_res *res);
void gb_env_unref(napi_env env, struct gb_env *state);
napi_value gb_close(napi_env env, napi_callback_info info);

/* errors.c: every function here that takes a code leaves an exception pending */
void gb_throw(napi_env env, const char *code, int err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void gb_throw_verifier(napi_env env, const char *code, int err, const char *verifier_log, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void gb_throw_napi(napi_env env, napi_status status, const char *call);
napi_value gb_init(napi_env env, napi_callback_info info);

#define GB_NAPI(env, call)                                                                                             \
	do {                                                                                                           \
		napi_status gb_status_ = (call);                                                                       \
		if (gb_status_ != napi_ok) {                                                                           \
			gb_throw_napi(env, gb_status_, #call);                                                         \
			return NULL;                                                                                   \
		}                                                                                                      \
	} while (0)

/* args.c: readers return false with an exception pending */
#define GB_MAX_ARGS 8
#define GB_MAX_STRING 4096
bool gb_args(napi_env env, napi_callback_info info, napi_value argv[GB_MAX_ARGS]);
bool gb_int(napi_env env, napi_value v, const char *what, int64_t min, int64_t max, int64_t *out);
bool gb_fd(napi_env env, napi_value v, const char *what, int *out);
bool gb_string(napi_env env, napi_value v, const char *what, char out[GB_MAX_STRING]);
bool gb_bytes(napi_env env, napi_value v, const char *what, uint8_t **data, size_t *len);
bool gb_bool(napi_env env, napi_value v, bool *out);
napi_value gb_undefined(napi_env env);
napi_value gb_number(napi_env env, double n);
napi_value gb_boolean(napi_env env, bool b);
napi_value gb_text(napi_env env, const char *s);
napi_value gb_copy(napi_env env, const void *data, size_t len);
bool gb_set(napi_env env, napi_value object, const char *key, napi_value value);
bool gb_set_number(napi_env env, napi_value object, const char *key, double n);
bool gb_push(napi_env env, napi_value array, uint32_t *count, napi_value value);

/* log.c */
void gb_log_install(void);
void gb_log_begin(struct gb_log *log);
void gb_log_end(void);
void gb_log_tail(const struct gb_log *log, char *out, size_t size);
void gb_log_free(struct gb_log *log);
napi_value gb_take_log(napi_env env, napi_callback_info info);
napi_value gb_set_log_level(napi_env env, napi_callback_info info);

/* fd.c */
bool gb_fd_is(int fd, const char *kind);
bool gb_dup_kind(napi_env env, napi_value v, const char *kind, const char *code, int *out);
bool gb_map_info(napi_env env, int fd, struct bpf_map_info *info);
bool gb_prog_info(napi_env env, int fd, struct bpf_prog_info *info);
/* @value is the caller's file descriptor of a program, which stays the caller's. */
bool gb_prog_of(napi_env env, napi_value value, int *fd, struct bpf_prog_info *info);

/* layout.c */
struct gb_type {
	uint32_t size, count;
	bool is_signed, scalar, pointer;
};
bool gb_resolve(const struct btf *btf, uint32_t type_id, struct gb_type *out);
const struct btf_type *gb_ops_type(const struct gb_object *o, const char *map_name);
const struct btf_type *gb_strip(const struct btf *btf, uint32_t type_id);
napi_value gb_named_layout(napi_env env, const struct btf *btf, const char *name, const char *whose);
napi_value gb_list_vars(napi_env env, const struct btf *btf);
napi_value gb_struct_layout(napi_env env, napi_callback_info info);
napi_value gb_ops_layout(napi_env env, napi_callback_info info);
napi_value gb_object_vars(napi_env env, napi_callback_info info);

/* elf.c */
const char *gb_elf_problem(const void *image, size_t size);

/* columns.c: rows of C structs <-> columns of doubles */
struct gb_column {
	double *data;
	uint32_t offset, size, count;
	bool is_signed;
};
struct gb_columns {
	struct gb_column *col;
	napi_ref *refs;
	uint32_t n, capacity, row_size;
};
bool gb_columns_bind(napi_env env, napi_value plan, napi_value arrays, int64_t row_size, int64_t capacity,
		     struct gb_columns *out);
void gb_columns_free(napi_env env, struct gb_columns *c);
void gb_columns_read(const struct gb_columns *c, const uint8_t *const rows[], uint32_t n, uint32_t at);
void gb_columns_write(const struct gb_columns *c, uint8_t *rows, uint32_t n);

/* kernel.c */
const struct btf *gb_vmlinux(napi_env env);
void gb_vmlinux_forget(napi_env env);

#define GB_EXPORTS(X)                                                                                                  \
	X("init", gb_init) X("takeLog", gb_take_log) X("setLogLevel", gb_set_log_level) X("close", gb_close)          \
	X("openObject", gb_object_open) X("load", gb_object_load) X("maps", gb_object_maps)                           \
	X("setMapMaxEntries", gb_object_set_max_entries) X("writeGlobal", gb_object_write_global)                     \
	X("programFd", gb_object_program_fd) X("section", gb_object_section)                                          \
	X("structLayout", gb_struct_layout) X("opsLayout", gb_ops_layout) X("vars", gb_object_vars)                   \
	X("setOpsField", gb_object_set_ops_field) X("attachOps", gb_attach_ops)                                       \
	X("attachProgram", gb_attach_program) X("linkFd", gb_link_fd) X("pinLink", gb_link_pin)                       \
	X("attachTracing", gb_attach_tracing) X("pinFd", gb_pin_fd) X("openPin", gb_pin_open)                         \
	X("isBpfFs", gb_is_bpffs) X("mountBpfFs", gb_mount_bpffs) X("lockFolder", gb_lock_folder)                     \
	X("openMapBtf", gb_map_btf_open) X("btfLayout", gb_btf_layout) X("btfVars", gb_btf_vars)                      \
	X("openMap", gb_map_open) X("mapInfo", gb_map_describe) X("lookup", gb_map_lookup)                            \
	X("update", gb_map_update) X("deleteKey", gb_map_delete) X("keys", gb_map_keys)                               \
	X("openGlobals", gb_globals_open) X("readGlobal", gb_globals_read)                                            \
	X("readGlobalBig", gb_globals_read_big) X("writeMapped", gb_globals_write)                                    \
	X("copyGlobal", gb_globals_copy) X("openRing", gb_ring_open) X("wakeRing", gb_ring_wake)                      \
	X("waitRing", gb_ring_wait_async)                                                                              \
	X("openDecisions", gb_decisions_open) X("openProgram", gb_program_open) X("runProgram", gb_program_run)       \
	X("progInfo", gb_prog_describe) X("progStats", gb_prog_stats) X("enableStats", gb_enable_stats) X("btfHasField", gb_btf_has_field)            \
	X("btfHasType", gb_btf_has_type) X("btfHasFunc", gb_btf_has_func) X("enumValue", gb_enum_value)               \
	X("possibleCpus", gb_possible_cpus) X("libbpfVersion", gb_libbpf_version) X("pidfdOpen", gb_pidfd_open)       \
	X("closeFd", gb_close_fd) X("gettid", gb_gettid) X("threadCpuNs", gb_thread_cpu_ns)                           \
	X("monotonicNs", gb_monotonic_ns) X("sleepUntil", gb_sleep_until) X("schedGetAttr", gb_sched_get_attr)        \
	X("schedSetAttr", gb_sched_set_attr) X("prctlTimerSlack", gb_timer_slack)                                     \
	X("releaseProgramPages", gb_release_program_pages)

#define GB_DECLARE(name, fn) napi_value fn(napi_env env, napi_callback_info info);
GB_EXPORTS(GB_DECLARE)
#undef GB_DECLARE

#endif
