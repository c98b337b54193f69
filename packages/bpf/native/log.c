// SPDX-License-Identifier: Apache-2.0
/*
 * libbpf's messages. Its print callback is one for the process, so the callback
 * writes to whatever log the current thread has opened around a libbpf call and
 * drops the rest (libbpf would print to stderr by default).
 */
#include "gthulhu_bpf.h"

#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_LIMIT (1u << 20)

static _Thread_local struct gb_log *current;
static pthread_once_t installed = PTHREAD_ONCE_INIT;

static bool reserve(struct gb_log *log, size_t more)
{
	size_t cap = log->cap ? log->cap : 4096;
	char *text;

	if (log->len + more > LOG_LIMIT) /* the end of a log says why; the start is expendable */
		log->len = 0;
	while (cap < log->len + more)
		cap *= 2;
	if (cap == log->cap)
		return true;
	text = realloc(log->text, cap);
	if (!text)
		return false;
	log->text = text;
	log->cap = cap;
	return true;
}

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct gb_log *log = current;
	char *message, *rest, *line;

	if (!log || (level != LIBBPF_WARN && (int)level > log->max_level) || vasprintf(&message, fmt, ap) < 0)
		return 0;
	rest = message;
	while ((line = strsep(&rest, "\n"))) {
		size_t len = strnlen(line, LOG_LIMIT / 4);

		if (!strncmp(line, "libbpf: ", 8)) {
			line += 8;
			len -= 8;
		}
		if (!len || !reserve(log, len + 3))
			continue;
		log->text[log->len++] = level == LIBBPF_WARN ? 'w' : level == LIBBPF_INFO ? 'i' : 'd';
		memcpy(log->text + log->len, line, len);
		log->len += len;
		log->text[log->len++] = '\n';
		log->text[log->len] = 0;
	}
	free(message);
	return 0;
}

static void install(void)
{
	libbpf_set_print(print);
}

void gb_log_install(void)
{
	pthread_once(&installed, install);
}

void gb_log_begin(struct gb_log *log)
{
	log->len = 0;
	if (log->text)
		log->text[0] = 0;
	current = log;
}

void gb_log_end(void)
{
	current = NULL;
}

/* The last warnings, joined by "; ": what libbpf found most specific comes first there. */
void gb_log_tail(const struct gb_log *log, char *out, size_t size)
{
	size_t used = 0, warnings = 0;

	out[0] = 0;
	for (size_t i = 0; i < log->len && warnings < 4;) {
		const char *line = log->text + i;
		size_t len = strcspn(line, "\n");

		if (line[0] == 'w' && used + len + 4 < size) {
			used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "; " : "", (int)len - 1, line + 1);
			warnings++;
		}
		i += len + 1;
	}
}

void gb_log_free(struct gb_log *log)
{
	free(log->text);
	log->text = NULL;
	log->len = log->cap = 0;
}

/* takeLog(): the lines of the last libbpf call, each after one letter: w(arn), i(nfo), d(ebug). */
napi_value gb_take_log(napi_env env, napi_callback_info info)
{
	struct gb_env *state = gb_state(env);
	napi_value text;

	(void)info;
	if (!state)
		return NULL;
	GB_NAPI(env, napi_create_string_utf8(env, state->log.len ? state->log.text : "", state->log.len, &text));
	gb_log_free(&state->log);
	return text;
}

/* setLogLevel(n): -1 only warnings (for error messages), 2 everything. */
napi_value gb_set_log_level(napi_env env, napi_callback_info info)
{
	struct gb_env *state = gb_state(env);
	napi_value argv[GB_MAX_ARGS];
	int64_t level;

	if (!state || !gb_args(env, info, argv) || !gb_int(env, argv[0], "the log level", -1, LIBBPF_DEBUG, &level))
		return NULL;
	state->log.max_level = (int)level;
	return gb_undefined(env);
}
