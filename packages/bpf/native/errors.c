// SPDX-License-Identifier: Apache-2.0
/* Exceptions: what happened, to which object, what to do; thrown as the class given to init(). */
#include "gthulhu_bpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_ENOTSUPP 524 /* include/linux/errno.h; never meant for user space, yet it gets here */
#define MESSAGE_SIZE 4096

static const char *advice(const char *code, int err)
{
	bool attach = !strcmp(code, "ERR_BPF_ATTACH");

	switch (err) {
	case EPERM:
		return "the process needs CAP_BPF and CAP_PERFMON (or root), and no seccomp filter in the way of bpf(2)";
	case KERNEL_ENOTSUPP:
		return "the BPF JIT compiler is off or lacks a feature; set the sysctl net.core.bpf_jit_enable to 1";
	case EBUSY:
		return attach ? "another sched_ext scheduler is attached; stop it first (see /sys/kernel/sched_ext)" : NULL;
	case ENOMEM:
		return "the kernel has no memory for it; check the memory limit of the cgroup and the map sizes";
	case ENOSPC:
		return strcmp(code, "ERR_BPF_LOAD") ? NULL : "the verifier wrote more than 16 MiB; verifierLog has the end of it";
	case E2BIG:
		return "it is larger than the kernel allows";
	case EMFILE:
		return "too many open files; raise RLIMIT_NOFILE";
	case ESRCH:
		return attach ? "the tracing target does not exist on this kernel" : NULL;
	default:
		return NULL;
	}
}

static size_t describe_errno(char *out, size_t size, const char *code, int err)
{
	const char *name = strerrorname_np(err), *hint = advice(code, err);
	char text[128];
	int n;

	if (err == KERNEL_ENOTSUPP)
		n = snprintf(out, size, ": not supported by the kernel (524)");
	else
		n = snprintf(out, size, ": %s (%s)", strerror_r(err, text, sizeof(text)), name ? name : "?");
	if (n < 0 || (size_t)n >= size)
		return size;
	if (hint)
		snprintf(out + n, size - (size_t)n, "; %s", hint);
	return strlen(out);
}

static void throw_error(napi_env env, const char *code, int err, const char *verifier_log, const char *message)
{
	struct gb_env *state = gb_state(env);
	napi_value argv[3], ctor, error;
	bool pending = false;

	/* A terminating worker or an earlier failure already has its exception. */
	if (napi_is_exception_pending(env, &pending) != napi_ok || pending)
		return;
	if (napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &argv[0]) != napi_ok ||
	    napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &argv[1]) != napi_ok ||
	    napi_create_object(env, &argv[2]) != napi_ok)
		goto plain;
	if (err && !gb_set_number(env, argv[2], "errno", err))
		return;
	if (verifier_log && verifier_log[0] && !gb_set(env, argv[2], "verifierLog", gb_text(env, verifier_log)))
		return;
	if (state && state->error_ctor && napi_get_reference_value(env, state->error_ctor, &ctor) == napi_ok && ctor) {
		if (napi_new_instance(env, ctor, 3, argv, &error) == napi_ok)
			napi_throw(env, error);
		return;
	}
plain:
	napi_throw_error(env, code, message);
}

static void vthrow(napi_env env, const char *code, int err, const char *verifier_log, const char *fmt, va_list ap)
{
	char message[MESSAGE_SIZE];
	int n = vsnprintf(message, sizeof(message), fmt, ap);

	if (n < 0)
		n = 0;
	if (err && (size_t)n < sizeof(message))
		describe_errno(message + n, sizeof(message) - (size_t)n, code, err);
	throw_error(env, err == EPERM ? "ERR_BPF_PERMISSION" : code, err, verifier_log, message);
}

/* err: a positive errno, or 0 where no system call failed. EPERM turns the code into ERR_BPF_PERMISSION. */
void gb_throw(napi_env env, const char *code, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vthrow(env, code, err, NULL, fmt, ap);
	va_end(ap);
}

void gb_throw_verifier(napi_env env, const char *code, int err, const char *verifier_log, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vthrow(env, code, err, verifier_log, fmt, ap);
	va_end(ap);
}

void gb_throw_napi(napi_env env, napi_status status, const char *call)
{
	gb_throw(env, "ERR_BPF_SYS", 0, "Node-API call failed with status %d: %.80s", (int)status, call);
}

/* init(ErrorClass): the constructor (code, message, {errno, verifierLog}) that all later errors are made with. */
napi_value gb_init(napi_env env, napi_callback_info info)
{
	struct gb_env *state = gb_state(env);
	napi_value argv[GB_MAX_ARGS];
	napi_valuetype type;

	if (!state || !gb_args(env, info, argv))
		return NULL;
	GB_NAPI(env, napi_typeof(env, argv[0], &type));
	if (type != napi_function) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "init expects the error class");
		return NULL;
	}
	if (state->error_ctor)
		napi_delete_reference(env, state->error_ctor);
	state->error_ctor = NULL;
	GB_NAPI(env, napi_create_reference(env, argv[0], 1, &state->error_ctor));
	return gb_undefined(env);
}
