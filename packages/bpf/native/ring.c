// SPDX-License-Identifier: Apache-2.0
/*
 * A BPF ring buffer read straight from its mapping.
 *
 * Layout (kernel: kernel/bpf/ringbuf.c): one page with the consumer's position
 * (ours to write), one page with the producer's, then the data, mapped twice in
 * a row so that no record is ever split. A record is a u32 length with two flag
 * bits, a u32, and the payload, rounded up to 8 bytes. A record that is still
 * being written has the busy bit; nothing behind it may be read yet.
 *
 * Whatever the shared pages say, no access leaves the mapping: positions are
 * masked, and a record has at most the size that was checked at open.
 */
#include "gthulhu_bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HEADER 8
#define BLOCK 64
#define MAX_WAIT_MS 250

struct gb_ring {
	struct gb_res res;
	struct gb_columns columns;
	unsigned long *consumer;
	const unsigned long *producer;
	const uint8_t *data;
	size_t size, page, mapped;
	uint64_t skipped;
	int fd, wake_fd;
};

static void close_ring(napi_env env, struct gb_res *res)
{
	struct gb_ring *r = (struct gb_ring *)res;

	gb_columns_free(env, &r->columns);
	if (r->consumer)
		munmap(r->consumer, r->page);
	if (r->producer)
		munmap((void *)(uintptr_t)r->producer, r->mapped);
	if (r->fd >= 0)
		close(r->fd);
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	r->consumer = NULL;
	r->producer = NULL;
	r->data = NULL;
	r->fd = r->wake_fd = -1;
}

static struct gb_ring *bound_ring(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv)
{
	void *data = NULL;

	if (napi_get_cb_info(env, info, argc, argv, NULL, &data) != napi_ok || !data) {
		gb_throw(env, "ERR_BPF_SYS", 0, "the ring of this function is unknown");
		return NULL;
	}
	return gb_res_usable(env, data) ? data : NULL;
}

static const uint32_t *header_at(const struct gb_ring *r, unsigned long position)
{
	return (const uint32_t *)(const void *)(r->data + (position & (r->size - 1) & ~7UL));
}

/* Takes up to `room` records from `*at` on; returns how many lie in rows[]. */
static uint32_t collect(struct gb_ring *r, unsigned long *at, unsigned long end, const uint8_t *rows[], uint32_t room)
{
	uint32_t n = 0;

	while (n < room && *at < end) {
		const uint32_t *header = header_at(r, *at);
		uint32_t length = __atomic_load_n(header, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		*at += ((length & ~(BPF_RINGBUF_DISCARD_BIT)) + HEADER + 7) & ~7UL;
		if (length & BPF_RINGBUF_DISCARD_BIT)
			continue;
		if (length < r->columns.row_size)
			r->skipped++;
		else
			rows[n++] = (const uint8_t *)header + HEADER;
	}
	return n;
}

/* drain() -> the number of records now in the columns */
static napi_value drain(napi_env env, napi_callback_info info)
{
	const uint8_t *rows[BLOCK];
	uint32_t total = 0;
	napi_value result;
	size_t argc = 0;
	struct gb_ring *r = bound_ring(env, info, &argc, NULL);
	unsigned long at, before, end;

	if (!r)
		return NULL;
	at = *r->consumer;
	do {
		uint32_t room = r->columns.capacity - total, n;

		before = at;
		end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (end - at > r->size) {
			gb_throw(env, "ERR_BPF_MAP", 0, "the ring's read position is damaged: does somebody else read this ring?");
			return NULL;
		}
		n = collect(r, &at, end, rows, room < BLOCK ? room : BLOCK);
		gb_columns_read(&r->columns, rows, n, total);
		total += n;
		/* Only now may the kernel write over them. */
		if (at != before)
			__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	} while (at != before && total < r->columns.capacity);
	return napi_create_uint32(env, total, &result) == napi_ok ? result : NULL;
}

/* Something to read that is finished. */
static bool ready(const struct gb_ring *r)
{
	unsigned long at = *r->consumer;

	return at != __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) &&
	       !(__atomic_load_n(header_at(r, at), __ATOMIC_ACQUIRE) & BPF_RINGBUF_BUSY_BIT);
}

/* wait(ms) -> 0 timeout, 1 records, 2 woken; at most 250 ms, so that a worker can be terminated. */
static napi_value wait_records(napi_env env, napi_callback_info info)
{
	napi_value argv[1], result;
	uint32_t outcome = 0;
	uint64_t count;
	size_t argc = 1;
	int64_t ms;
	struct gb_ring *r = bound_ring(env, info, &argc, argv);

	if (!r || !gb_int(env, argv[0], "the timeout", 0, MAX_WAIT_MS, &ms))
		return NULL;
	if (ready(r)) {
		outcome = 1;
	} else {
		struct pollfd fds[] = { { .fd = r->fd, .events = POLLIN }, { .fd = r->wake_fd, .events = POLLIN } };
		int n = poll(fds, 2, (int)ms);

		if (n < 0 && errno != EINTR) {
			gb_throw(env, "ERR_BPF_SYS", errno, "cannot wait for the ring");
			return NULL;
		}
		if (n > 0 && (fds[0].revents | fds[1].revents) & (POLLNVAL | POLLERR)) {
			gb_throw(env, "ERR_BPF_SYS", EBADF, "a file descriptor of the ring was closed by somebody else");
			return NULL;
		}
		if (n > 0 && fds[1].revents & POLLIN && read(r->wake_fd, &count, sizeof(count)) == sizeof(count))
			outcome = 2;
		if (n > 0 && fds[0].revents & POLLIN) {
			/* The kernel counts unfinished records as well: give their writer a moment. */
			if (!ready(r))
				nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
			outcome = 1;
		}
	}
	GB_NAPI(env, napi_create_uint32(env, outcome, &result));
	return result;
}

/* skipped() -> records too short for the layout, since open */
static napi_value skipped(napi_env env, napi_callback_info info)
{
	size_t argc = 0;
	struct gb_ring *r = bound_ring(env, info, &argc, NULL);

	return r ? gb_number(env, (double)r->skipped) : NULL;
}

static bool map_ring(napi_env env, struct gb_ring *r)
{
	void *p = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);

	if (p != MAP_FAILED) {
		r->consumer = p;
		r->mapped = r->page + 2 * r->size;
		p = mmap(NULL, r->mapped, PROT_READ, MAP_SHARED, r->fd, (off_t)r->page);
	}
	if (p == MAP_FAILED) {
		gb_throw(env, "ERR_BPF_MAP", errno, "cannot map the ring");
		return false;
	}
	r->producer = p;
	r->data = (const uint8_t *)p + r->page;
	return true;
}

/* openRing(fd, recordSize, plan, arrays, capacity) -> {handle, wakeFd, drain(), wait(ms), skipped()} */
napi_value gb_ring_open(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS], handle, result;
	int64_t record_size, capacity;
	struct bpf_map_info mi;
	struct gb_ring *r;

	if (!gb_args(env, info, argv) || !gb_int(env, argv[1], "the record size", 1, 1 << 20, &record_size) ||
	    !gb_int(env, argv[4], "the capacity", 1, 1 << 20, &capacity) ||
	    !(r = gb_res_new(env, sizeof(*r), GB_RING, close_ring)))
		return NULL;
	r->fd = r->wake_fd = -1;
	r->page = (size_t)sysconf(_SC_PAGESIZE);
	if (!gb_dup_kind(env, argv[0], "bpf-map", "ERR_BPF_MAP", &r->fd) || !gb_map_info(env, r->fd, &mi))
		goto fail;
	r->size = mi.max_entries;
	if (mi.type != BPF_MAP_TYPE_RINGBUF || !r->size || r->size & (r->size - 1) || (size_t)record_size > r->size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "map %s is no ring buffer that can hold records of %lld bytes", mi.name,
			 (long long)record_size);
		goto fail;
	}
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake_fd < 0) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot make an eventfd");
		goto fail;
	}
	if (!map_ring(env, r) || !gb_columns_bind(env, argv[2], argv[3], record_size, capacity, &r->columns))
		goto fail;
	handle = gb_res_external(env, &r->res);
	if (!handle)
		return NULL;
	GB_NAPI(env, napi_create_object(env, &result));
	if (!gb_set(env, result, "handle", handle) || !gb_set_number(env, result, "wakeFd", r->wake_fd) ||
	    !gb_set(env, result, "drain", gb_res_function(env, &r->res, "drain", drain)) ||
	    !gb_set(env, result, "wait", gb_res_function(env, &r->res, "wait", wait_records)) ||
	    !gb_set(env, result, "skipped", gb_res_function(env, &r->res, "skipped", skipped)))
		return NULL;
	return result;
fail:
	gb_res_drop(env, &r->res);
	return NULL;
}

/* wakeRing(wakeFd): ends the wait() of whichever thread sits in it. */
napi_value gb_ring_wake(napi_env env, napi_callback_info info)
{
	napi_value argv[GB_MAX_ARGS];
	const uint64_t one = 1;
	int fd;

	if (!gb_args(env, info, argv) || !gb_fd(env, argv[0], "the wake file descriptor", &fd))
		return NULL;
	if (!gb_fd_is(fd, "[eventfd]")) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "file descriptor %d is not the wakeFd of an open ring", fd);
		return NULL;
	}
	if (write(fd, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN) {
		gb_throw(env, "ERR_BPF_SYS", errno, "cannot wake through file descriptor %d", fd);
		return NULL;
	}
	return gb_undefined(env);
}
