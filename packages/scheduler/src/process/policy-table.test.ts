// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, StructLayout } from '@gthulhu/bpf';
import { describe, expect, test } from 'vitest';
import { decodeEntry, encodeEntry, entryChanges, inForceAt, type PolicyValue } from './policy-entries.ts';
import { CGROUP_KEYS } from './policy-keys.ts';
import { PolicyTable } from './policy-table.ts';

const u32 = (offset: number) => ({ offset, size: 4, signed: false, count: 1 });
const u64 = (offset: number) => ({ ...u32(offset), size: 8 });
const policyFields = (name: string, at: number) => ({
  [`${name}.slice_ns`]: u64(at),
  [`${name}.rank`]: u32(at + 8),
  [`${name}.priority`]: u32(at + 12),
  [`${name}.cpus`]: u32(at + 16),
  [`${name}.strategy`]: u32(at + 20),
});
const layout: StructLayout = {
  size: 56,
  fields: { next_seq: u64(0), ...policyFields('now', 8), ...policyFields('next', 32) },
};

const policy = (rank: number, more: Partial<PolicyValue> = {}): PolicyValue => ({
  rank,
  priority: 21,
  sliceNs: 0,
  cpus: 0,
  strategy: rank,
  ...more,
});

/** A map in memory that has room for so many more keys. */
class MemoryMap {
  readonly info = {} as BpfMap['info'];
  readonly values = new Map<string, Uint8Array>();
  room = Number.POSITIVE_INFINITY;

  static keyOf(key: Uint8Array): string {
    return `${new DataView(key.buffer, key.byteOffset).getBigUint64(0, true)}`;
  }

  lookup(key: Uint8Array): Uint8Array | null {
    return this.values.get(MemoryMap.keyOf(key)) ?? null;
  }

  lookupPerCpu(): null {
    return null;
  }

  update(key: Uint8Array, value: Uint8Array): void {
    const id = MemoryMap.keyOf(key);
    if (!this.values.has(id) && this.room-- <= 0) throw new Error('no space left');
    this.values.set(id, value);
  }

  delete(key: Uint8Array): boolean {
    return this.values.delete(MemoryMap.keyOf(key));
  }

  keys(): Uint8Array[] {
    return [...this.values.keys()].map((id) => new Uint8Array(new BigUint64Array([BigInt(id)]).buffer));
  }

  close(): void {}

  /** What tasks see once the change `seq` is in force. */
  seenAt(seq: bigint): Record<string, number> {
    const seen: Record<string, number> = {};
    for (const [id, bytes] of this.values) {
      const found = inForceAt(decodeEntry(layout, bytes), seq);
      if (found !== null) seen[id] = found.rank;
    }
    return seen;
  }
}

const start = (map = new MemoryMap(), seq = 0n): [MemoryMap, PolicyTable] => [
  map,
  new PolicyTable(map, CGROUP_KEYS, layout, seq),
];

test.each([
  [{ nextSeq: 0n, now: policy(3, { priority: 0, sliceNs: 1e9, cpus: 2 ** 32 - 1, strategy: 7 }), next: null }],
  [{ nextSeq: 2n ** 60n, now: null, next: policy(2 ** 32 - 1) }],
])('an entry comes back from its bytes', (entry) => {
  expect(decodeEntry(layout, encodeEntry(layout, entry))).toEqual(entry);
});

test('only what differs is written', () => {
  const from = new Map([
    ['1', policy(1)],
    ['2', policy(2)],
    ['3', policy(3)],
  ]);
  const to = new Map([
    ['1', policy(1)],
    ['2', policy(2, { sliceNs: 5 })],
    ['4', policy(4)],
  ]);
  expect(entryChanges(from, to)).toEqual([
    { id: '2', from: policy(2), to: policy(2, { sliceNs: 5 }) },
    { id: '4', from: null, to: policy(4) },
    { id: '3', from: policy(3), to: null },
  ]);
});

describe('a change', () => {
  const first = new Map([
    ['1', policy(1)],
    ['2', policy(2)],
  ]);
  const second = new Map([
    ['2', policy(3)],
    ['18446744073709551615', policy(4)],
  ]);

  test('is seen as a whole, at its number and not before', () => {
    const [map, table] = start();
    const one = table.stage(first, 1n);
    expect(map.seenAt(0n)).toEqual({});
    expect(map.seenAt(1n)).toEqual({ 1: 1, 2: 2 });
    one.finish();
    const two = table.stage(second, 2n);
    expect(map.seenAt(1n)).toEqual({ 1: 1, 2: 2 });
    expect(map.seenAt(2n)).toEqual({ 2: 3, '18446744073709551615': 4 });
    two.finish();
    expect([...map.values.keys()].sort()).toEqual(['18446744073709551615', '2']);
  });

  test.each([0, 1])('that the kernel refuses after %i entries changes nothing', (room) => {
    const [map, table] = start();
    table.stage(first, 1n).finish();
    map.room = room;
    const taken = new Map([...second, ['5', policy(5)]]);
    expect(() => table.stage(taken, 2n)).toThrow(/no space left/);
    map.room = Number.POSITIVE_INFINITY;
    expect(map.seenAt(2n)).toEqual({ 1: 1, 2: 2 });
    table.stage(second, 3n).finish();
    expect(map.seenAt(3n)).toEqual({ 2: 3, '18446744073709551615': 4 });
  });

  test('of nothing writes nothing', () => {
    const [, table] = start();
    table.stage(first, 1n).finish();
    expect(table.stage(new Map(first), 2n).count).toBe(0);
  });

  test('to none leaves no trace', () => {
    const [map, table] = start();
    table.stage(first, 1n).finish();
    table.stage(new Map(), 2n).finish();
    expect(map.values.size).toBe(0);
  });

  test('that an earlier process had not finished is taken back', () => {
    const [map, table] = start();
    table.stage(first, 1n).finish();
    table.stage(second, 2n);
    const [, next] = start(map, 1n);
    expect(Object.fromEntries([...next.inForce].map(([id, { rank }]) => [id, rank]))).toEqual({ 1: 1, 2: 2 });
    // ... also for those who look at a later change.
    expect(map.seenAt(9n)).toEqual({ 1: 1, 2: 2 });
  });

  test('that an earlier process had committed, and not cleaned up after, stands', () => {
    const [map, table] = start();
    table.stage(first, 1n).finish();
    table.stage(second, 2n);
    const [, next] = start(map, 2n);
    expect([...next.inForce.keys()].sort()).toEqual(['18446744073709551615', '2']);
    expect(map.values.size).toBe(2);
  });
});
