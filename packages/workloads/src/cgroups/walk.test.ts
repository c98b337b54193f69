// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeCgroups, fakeCgroups } from '../testing/fake-cgroups.ts';
import { createCgroupTree, nameText } from './cgroup-tree.ts';
import { findCgroupMounts } from './mounts.ts';
import { cgroupIdOf, walkCgroups } from './walk.ts';

let kernel: FakeCgroups;
beforeEach(() => {
  kernel = fakeCgroups();
});
afterEach(() => kernel.close());

const walk = async (most?: number) => {
  const { tree, skipped } = await walkCgroups(
    kernel.root,
    new AbortController().signal,
    most === undefined ? {} : { most },
  );
  return { paths: [...tree.nodes()].map(({ path }) => path).sort(), skipped };
};

test('finds all, whatever their names', async () => {
  for (const path of ['a', 'a/b', 'a/b/c', 'with space', 'new\nline', '$(x)', '\u001b[2J']) kernel.mkdir(path);
  mkdirSync(Buffer.concat([Buffer.from(`${kernel.root}/`), Buffer.from([0xff, 0x61])]));
  expect(await walk()).toEqual({
    paths: ['/', '/$(x)', '/\\xffa', '/\u001b[2J', '/a', '/a/b', '/a/b/c', '/new\nline', '/with space'].sort(),
    skipped: 0,
  });
});

test('a bound is a bound, and what is left out is counted', async () => {
  for (let i = 0; i < 10; i++) kernel.mkdir(`a${i}`);
  const { paths, skipped } = await walk(4);
  expect([paths.length, skipped]).toEqual([4, 7]);
});

test('paths that no call can name are left out, the others are there', async () => {
  const before = process.cwd();
  kernel.mkdir('other');
  process.chdir(kernel.root);
  try {
    for (let i = 0; i < 20; i++) {
      mkdirSync('d'.repeat(250));
      process.chdir('d'.repeat(250));
    }
  } finally {
    process.chdir(before);
  }
  const { paths, skipped } = await walk();
  expect(paths).toContain('/other');
  expect(paths.length).toBeGreaterThan(10);
  expect(skipped).toBe(1);
});

test('an ended pass ends', async () => {
  for (let i = 0; i < 20; i++) kernel.mkdir(`a${i}`);
  const { tree } = await walkCgroups(kernel.root, AbortSignal.abort());
  expect(tree.size).toBeGreaterThan(0);
});

test('a tree takes children out with their parent, the lowest first', () => {
  const tree = createCgroupTree('1');
  tree.add('2', '1', 'a');
  tree.add('3', '2', 'b');
  expect(tree.add('9', '8', 'x')).toBeNull();
  expect(tree.add('2', '1', 'another name')?.path).toBe('/a');
  expect(tree.remove('2').map(({ path }) => path)).toEqual(['/a/b', '/a']);
  expect([tree.size, tree.remove('2'), tree.remove('1')]).toEqual([1, [], []]);
});

test.each([
  [[0x61], 'a'],
  [[0xc3, 0xa9], 'é'],
  [[0xc3], '\\xc3'],
  [[0x61, 0xff, 0xfe], 'a\\xff\\xfe'],
  [[], ''],
])('bytes %j are %s', (bytes, text) => {
  expect(nameText(Uint8Array.from(bytes))).toBe(text);
});

test.each<[string, string, ReturnType<typeof findCgroupMounts>]>([
  ['v2', '31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw', { unified: '/sys/fs/cgroup', legacy: false }],
  [
    'hybrid',
    '31 24 0:27 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 none rw',
    { unified: '/sys/fs/cgroup/unified', legacy: true },
  ],
  ['v1', '31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu', { unified: null, legacy: true }],
  ['with a space', '31 24 0:27 / /a\\040b rw - cgroup2 none rw', { unified: '/a b', legacy: false }],
  ['a part of it elsewhere', '31 24 0:27 /x /y rw - cgroup2 none rw', { unified: null, legacy: false }],
  [
    'the whole of it in a namespace',
    '31 24 0:27 / /sys/fs/cgroup ro - cgroup2 none ro\n32 24 0:27 /../../.. /host/cgroup ro - cgroup2 none ro',
    { unified: '/host/cgroup', legacy: false },
  ],
  ['none', '', { unified: null, legacy: false }],
])('mounts: %s', (_, mountinfo, expected) => {
  expect(findCgroupMounts(mountinfo)).toEqual(expected);
});

test('the number of a folder is its inode', () => {
  expect(cgroupIdOf(join(kernel.root))).toMatch(/^[0-9]+$/);
});
