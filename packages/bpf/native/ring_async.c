// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting for a ring without holding up the calling thread: a thread of libuv's
 * pool sits in poll() on duplicates of the two descriptors, so that closing the
 * ring meanwhile harms nobody.
 */
#include "gthulhu_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* A wait is bounded: at the end of a process nobody waits longer for it. */
#define MAX_WAIT_MS 1000

struct wait {
	napi_async_work work;
	napi_deferred deferred;
	struct pollfd fds[2];
	int timeout_ms;
	bool ready;
};

static void free_wait(struct wait *w)
{
	for (int i = 0; i < 2; i++)
		if (w->fds[i].fd >= 0)
			close(w->fds[i].fd);
	free(w);
}

static void execute(napi_env env, void *data)
{
	struct wait *w = data;
	uint64_t count;

	(void)env;
	w->ready = poll(w->fds, 2, w->timeout_ms) > 0;
	if (w->fds[1].revents & POLLIN && read(w->fds[1].fd, &count, sizeof(count)) < 0)
		w->fds[1].revents = 0; /* somebody else took the wakeup: it has done its work */
}

static void complete(napi_env env, napi_status status, void *data)
{
	struct wait *w = data;
	napi_value value;

	if (napi_get_boolean(env, status == napi_ok && w->ready, &value) == napi_ok)
		napi_resolve_deferred(env, w->deferred, value);
	napi_delete_async_work(env, w->work);
	free_wait(w);
}

/* waitRing(ringFd, wakeFd, ms) -> a promise: true when there is something to drain or somebody called wakeRing() */
napi_value gb_ring_wait_async(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], promise, name;
	struct wait *w;
	int64_t ms;
	int wake;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[2], "the timeout", 0, MAX_WAIT_MS, &ms) ||
	    !gb_fd(env, argv[1], "the wake file descriptor", &wake))
		return NULL;
	if (!gb_fd_is(wake, "[eventfd]")) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is not the wakeFd of an open ring", wake);
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		gb_throw(env, "ERR_BPF_SYS", ENOMEM, "cannot wait for the ring");
		return NULL;
	}
	w->timeout_ms = (int)ms;
	w->fds[0] = (struct pollfd){ .fd = -1, .events = POLLIN };
	w->fds[1] = (struct pollfd){ .fd = fcntl(wake, F_DUPFD_CLOEXEC, 3), .events = POLLIN };
	if (w->fds[1].fd < 0) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot duplicate file descriptor %d", wake);
		goto fail;
	}
	if (!gb_dup_kind(env, argv[0], "bpf-map", "ERR_BPF_MAP", &w->fds[0].fd))
		goto fail;
	if (napi_create_string_utf8(env, "gthulhu:waitRing", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_async_work(env, NULL, name, execute, complete, w, &w->work) != napi_ok) {
		gb_throw(env, "ERR_BPF_SYS", 0, "cannot wait for the ring");
		goto fail;
	}
	if (napi_create_promise(env, &w->deferred, &promise) != napi_ok || napi_queue_async_work(env, w->work) != napi_ok) {
		napi_delete_async_work(env, w->work);
		gb_throw(env, "ERR_BPF_SYS", 0, "cannot wait for the ring");
		goto fail;
	}
	return promise;
fail:
	free_wait(w);
	return NULL;
}
