// SPDX-License-Identifier: Apache-2.0
/* Entry point: one table of functions, one state for each environment that loads the addon. */
#include "gthulhu_bpf.h"

#include <stdlib.h>

static void close_all(void *data)
{
	napi_env env = data;
	struct gb_env *state = gb_state(env);

	while (state && state->first) {
		struct gb_res *res = state->first;

		gb_res_close(env, res);
		/* Leaves the list now; the memory goes with the last JavaScript value. */
		state->first = res->next;
		if (res->next)
			res->next->prev = NULL;
		res->prev = res->next = NULL;
	}
}

static void free_state(napi_env env, void *data, void *hint)
{
	(void)hint;
	gb_env_unref(env, data);
}

#ifdef GTHULHU_ASAN_SELFTEST
/* Proves that the sanitizer build really watches: writes one byte behind a heap block. */
static napi_value selftest_overflow(napi_env env, napi_callback_info info)
{
	volatile size_t beyond = 8;
	volatile char *block = malloc(8); /* volatile: or the compiler drops a store before free() */

	(void)info;
	if (block)
		block[beyond] = 1;
	free((void *)(uintptr_t)block);
	return gb_undefined(env);
}
#endif

NAPI_MODULE_INIT()
{
#define GB_PROPERTY(name, fn) { name, NULL, fn, NULL, NULL, NULL, napi_enumerable, NULL },
	static const napi_property_descriptor properties[] = {
		GB_EXPORTS(GB_PROPERTY)
#ifdef GTHULHU_ASAN_SELFTEST
		GB_PROPERTY("selftestOverflow", selftest_overflow)
#endif
	};
	struct gb_env *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->refs = 1;
	state->log.max_level = -1;
	gb_log_install();
	if (napi_set_instance_data(env, state, free_state, NULL) != napi_ok) {
		free(state);
		return NULL;
	}
	GB_NAPI(env, napi_add_env_cleanup_hook(env, close_all, env));
	GB_NAPI(env, napi_define_properties(env, exports, sizeof(properties) / sizeof(properties[0]), properties));
	return exports;
}
