// SPDX-License-Identifier: Apache-2.0
/* A look at an object file before libbpf and libelf get it: a damaged file must end in an error. */
#include "gthulhu_bpf.h"

#include <elf.h>
#include <string.h>

static bool inside(uint64_t offset, uint64_t length, size_t size)
{
	return offset <= size && length <= size - offset;
}

/* NULL, or what is wrong with the file. */
const char *gb_elf_problem(const void *image, size_t size)
{
	const Elf64_Ehdr *h = image;
	const Elf64_Shdr *sections;

	if (size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG))
		return "it is no ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL || h->e_machine != EM_BPF)
		return "it is an ELF file, but no BPF object";
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
#else
	if (h->e_ident[EI_DATA] != ELFDATA2MSB)
#endif
		return "it is for the other byte order";
	if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff % 8 || h->e_shnum == 0 || h->e_shstrndx >= h->e_shnum ||
	    !inside(h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr), size))
		return "its section table is damaged (a truncated file?)";
	sections = (const void *)((const char *)image + h->e_shoff);
	for (unsigned i = 1; i < h->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i];

		if (s->sh_type != SHT_NOBITS && !inside(s->sh_offset, s->sh_size, size))
			return "a section lies outside the file (a truncated file?)";
		if (s->sh_link >= h->e_shnum)
			return "a section refers to one that is not there";
		if (s->sh_type == SHT_STRTAB && s->sh_size && ((const char *)image)[s->sh_offset + s->sh_size - 1])
			return "a string table has no end";
		if (s->sh_type == SHT_NOBITS && s->sh_size > UINT32_MAX)
			return "a section is too large";
	}
	if (sections[h->e_shstrndx].sh_type != SHT_STRTAB)
		return "its section names are missing";
	return NULL;
}
