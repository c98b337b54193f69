// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readText, repositoryFiles } from './files.ts';

const source = /(\.(ts|mts|js|mjs|c|h|go|mod|sh|ya?ml|proto)|(^|\/)Makefile|^(bin|scripts|vm|\.ci)\/[^.]+)$/;

/** The licence a file must name, by where it lies. */
function licenceOf(path: string): string {
  if (/^bpf\/include\/(\w+_)?records\.h$/.test(path)) return 'GPL-2.0-only OR Apache-2.0';
  // BPF programs are GPL wherever they lie: the kernel asks for it.
  if (path.startsWith('bpf/') || path.endsWith('.bpf.c')) return 'GPL-2.0-only';
  return 'Apache-2.0';
}

/** The licence a file names in its first three lines. */
function named(path: string): string | undefined {
  const head = readText(path).split('\n', 3).join('\n');
  return /SPDX-License-Identifier: (.*?)\s*(\*\/|-->)?$/m.exec(head)?.[1]?.replace(/^\((.*)\)$/, '$1');
}

test('every source file names the licence of its folder', () => {
  const files = repositoryFiles().filter((path) => source.test(path));
  expect(files).toContain('scripts/vm');
  const wrong = files
    .map((path) => ({ path, named: named(path), wanted: licenceOf(path) }))
    .filter(({ named, wanted }) => named !== wanted);
  expect(wrong).toEqual([]);
});
