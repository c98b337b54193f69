// SPDX-License-Identifier: Apache-2.0
import type { StructLayout } from '@gthulhu/bpf';
import { TaskExplanationSchema } from '@gthulhu/contracts';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { readExplained } from './task-policy.ts';

const NUMBERS = { start_us: 8, since_ns: 8, slice_ns: 8, entry_cgroup: 8, pid: 4, tgid: 4, source: 4, rank: 4 };
const MORE = { priority: 4, cpus: 4, strategy: 4, restricted: 4, exempt: 4, levels: 4, cgroups: 8 };

function layoutOf(): StructLayout {
  let offset = 0;
  const fields = Object.fromEntries(
    Object.entries({ ...NUMBERS, ...MORE }).map(([name, size]) => {
      const count = name === 'cgroups' ? 4 : 1;
      const field = { offset, size, signed: false, count };
      offset += size * count;
      return [name, field];
    }),
  );
  return { size: offset, fields };
}

function bytesOf(values: Record<string, bigint | bigint[]>): Uint8Array {
  const layout = layoutOf();
  const view = new DataView(new ArrayBuffer(layout.size));
  for (const [name, value] of Object.entries(values)) {
    const { offset, size } = layout.fields[name];
    for (const [i, one] of [value].flat().entries())
      if (size === 8) view.setBigUint64(offset + 8 * i, one, true);
      else view.setUint32(offset, Number(one), true);
  }
  return new Uint8Array(view.buffer);
}

const cpusOf = (handle: number): string => `those of ${handle}`;

test('a task that is not there is null', () => {
  expect(readExplained(bytesOf({ pid: 0n, priority: 3n }), layoutOf(), cpusOf)).toBeNull();
});

test('a task by its cgroup', () => {
  const bytes = bytesOf({
    pid: 12n,
    tgid: 11n,
    start_us: 5n,
    since_ns: 9n,
    slice_ns: 2_000_000n,
    entry_cgroup: 2n ** 63n + 1n,
    source: 2n,
    priority: 0n,
    cpus: 129n,
    strategy: 4n,
    restricted: 1n,
    levels: 2n,
    cgroups: [77n, 2n ** 63n + 1n, 3n],
  });
  expect(readExplained(bytes, layoutOf(), cpusOf)).toEqual({
    pid: 12,
    tgid: 11,
    startUs: 5,
    source: 'cgroup',
    strategy: 4,
    priority: 0,
    sliceNs: 2_000_000,
    cpus: 'those of 129',
    restricted: true,
    sinceNs: 9,
    exempt: false,
    entryCgroup: '9223372036854775809',
    cgroups: ['77', '9223372036854775809'],
  });
});

test('what is answered over the socket has the shape that it promises, and nothing else', () => {
  const bytes = bytesOf({ pid: 1n, tgid: 1n, source: 1n, priority: 3n, cpus: 65n, levels: 1n, cgroups: [1n] });
  const found = readExplained(bytes, layoutOf(), cpusOf);
  expect(Value.Check(TaskExplanationSchema, { ...found, strategyId: 'a' })).toBe(true);
});

test('a task without a strategy, from its next turn on', () => {
  const bytes = bytesOf({ pid: 1n, tgid: 1n, priority: 21n, levels: 1n, cgroups: [1n] });
  expect(readExplained(bytes, layoutOf(), cpusOf)).toMatchObject({
    source: 'none',
    priority: null,
    sinceNs: null,
    entryCgroup: null,
    cgroups: ['1'],
  });
});
