// SPDX-License-Identifier: Apache-2.0
/* Pages of the program itself that were needed for its start only. */
#include "gthulhu_bpf.h"

#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

struct release {
	uintptr_t page;
	int error;
	double bytes;
};

/* Relocations in read-only segments would be lost with their pages. Linkers have not made such programs for long. */
static bool has_text_relocations(const struct dl_phdr_info *program)
{
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &program->dlpi_phdr[i];
		const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(program->dlpi_addr + header->p_vaddr);

		if (header->p_type != PT_DYNAMIC)
			continue;
		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
				return true;
	}
	return false;
}

static int release_segments(struct dl_phdr_info *program, size_t size, void *data)
{
	struct release *r = data;

	(void)size;
	for (int i = 0; i < program->dlpi_phnum && !has_text_relocations(program); i++) {
		const ElfW(Phdr) *header = &program->dlpi_phdr[i];
		uintptr_t start = program->dlpi_addr + header->p_vaddr, end = start + header->p_filesz;

		if (header->p_type != PT_LOAD || header->p_flags & PF_W)
			continue;
		start = (start + r->page - 1) & ~(r->page - 1);
		end &= ~(r->page - 1);
		if (start >= end)
			continue;
		if (madvise((void *)start, end - start, MADV_DONTNEED))
			r->error = errno;
		else
			r->bytes += (double)(end - start);
	}
	return 1; /* the first is the program, the others are its libraries */
}

/*
 * releaseProgramPages() -> bytes looked at. Read-only pages of the program's file: whoever needs one again finds it in
 * the page cache.
 */
napi_value gb_release_program_pages(napi_env env, napi_callback_info info)
{
	struct release r = { .page = (uintptr_t)sysconf(_SC_PAGESIZE) };

	(void)info;
	dl_iterate_phdr(release_segments, &r);
	if (r.error) {
		gb_throw(env, "ERR_BPF_SYS", r.error, "cannot release the pages of the program");
		return NULL;
	}
	return gb_number(env, r.bytes);
}
