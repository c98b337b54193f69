// SPDX-License-Identifier: Apache-2.0
/* Reading arguments and making results; nothing here trusts what JavaScript passed. */
#include "gthulhu_bpf.h"

#include <limits.h>
#include <math.h>
#include <string.h>

bool gb_args(napi_env env, napi_callback_info info, napi_value argv[GB_MAX_ARGS])
{
	size_t argc = GB_MAX_ARGS;
	napi_status status = napi_get_cb_info(env, info, &argc, argv, NULL, NULL); /* pads with undefined */

	if (status != napi_ok)
		gb_throw_napi(env, status, "napi_get_cb_info");
	return status == napi_ok;
}

bool gb_int(napi_env env, napi_value v, const char *what, int64_t min, int64_t max, int64_t *out)
{
	double d;

	if (napi_get_value_double(env, v, &d) != napi_ok || !(d >= (double)min && d <= (double)max) || d != trunc(d)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s must be an integer from %lld to %lld", what, (long long)min,
			 (long long)max);
		return false;
	}
	*out = (int64_t)d;
	return true;
}

bool gb_fd(napi_env env, napi_value v, const char *what, int *out)
{
	int64_t n;

	if (!gb_int(env, v, what, 0, INT_MAX, &n))
		return false;
	*out = (int)n;
	return true;
}

bool gb_string(napi_env env, napi_value v, const char *what, char out[GB_MAX_STRING])
{
	size_t len = 0;

	if (napi_get_value_string_utf8(env, v, out, GB_MAX_STRING, &len) != napi_ok) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s must be a string", what);
		return false;
	}
	if (len == 0 || len >= GB_MAX_STRING - 4 || memchr(out, 0, len)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s must be 1 to %d bytes of text without NUL", what,
			 GB_MAX_STRING - 5);
		return false;
	}
	return true;
}

/* The memory is only valid until JavaScript runs again: never keep it. */
bool gb_bytes(napi_env env, napi_value v, const char *what, uint8_t **data, size_t *len)
{
	napi_typedarray_type type;
	bool is = false;
	void *p = NULL;

	if (napi_is_typedarray(env, v, &is) != napi_ok || !is ||
	    napi_get_typedarray_info(env, v, &type, len, &p, NULL, NULL) != napi_ok || type != napi_uint8_array ||
	    (*len && !p)) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "%s must be a Uint8Array", what);
		return false;
	}
	*data = p;
	return true;
}

bool gb_bool(napi_env env, napi_value v, bool *out)
{
	if (napi_get_value_bool(env, v, out) == napi_ok)
		return true;
	gb_throw(env, "ERR_BPF_ARGUMENT", 0, "expected true or false");
	return false;
}

napi_value gb_undefined(napi_env env)
{
	napi_value v = NULL;

	napi_get_undefined(env, &v);
	return v;
}

napi_value gb_number(napi_env env, double n)
{
	napi_value v = NULL;

	napi_create_double(env, n, &v);
	return v;
}

napi_value gb_boolean(napi_env env, bool b)
{
	napi_value v = NULL;

	napi_get_boolean(env, b, &v);
	return v;
}

napi_value gb_text(napi_env env, const char *s)
{
	napi_value v = NULL;

	napi_create_string_utf8(env, s, NAPI_AUTO_LENGTH, &v);
	return v;
}

/* A fresh Uint8Array with a copy of the bytes. */
napi_value gb_copy(napi_env env, const void *data, size_t len)
{
	napi_value buffer, array;
	void *p = NULL;

	GB_NAPI(env, napi_create_arraybuffer(env, len, &p, &buffer));
	if (len)
		memcpy(p, data, len);
	GB_NAPI(env, napi_create_typedarray(env, napi_uint8_array, len, buffer, 0, &array));
	return array;
}

bool gb_set(napi_env env, napi_value object, const char *key, napi_value value)
{
	napi_status status = value ? napi_set_named_property(env, object, key, value) : napi_generic_failure;

	if (status != napi_ok)
		gb_throw_napi(env, status, "napi_set_named_property");
	return status == napi_ok;
}

bool gb_set_number(napi_env env, napi_value object, const char *key, double n)
{
	return gb_set(env, object, key, gb_number(env, n));
}

bool gb_push(napi_env env, napi_value array, uint32_t *count, napi_value value)
{
	napi_status status = value ? napi_set_element(env, array, *count, value) : napi_generic_failure;

	if (status != napi_ok)
		gb_throw_napi(env, status, "napi_set_element");
	else
		(*count)++;
	return status == napi_ok;
}
