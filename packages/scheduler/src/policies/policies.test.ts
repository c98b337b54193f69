// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node, type Row } from './batch.fixture.ts';
import type { DecisionBatch } from './policy.ts';
import { createPolicy, POLICY_MODES } from './registry.ts';

const decide = (mode: string, rows: readonly Row[]): DecisionBatch => {
  const batch = batchOf(rows);
  const out = decisionsFor(batch);
  createPolicy(mode).decide(batch, out, node);
  return out;
};

describe('gthulhu', () => {
  const at = 1e9;
  test.each<[string, Row, number]>([
    ['nothing used lately', {}, at],
    ['a short burst', { burstNs: 200_000 }, at + 200_000],
    ['a long one counts as one slice', { burstNs: 80_000_000 }, at + 5_000_000],
    ['twice the weight, half the deadline', { burstNs: 2_000_000, weight: 200 }, at + 1_000_000],
    ['half the weight, twice the deadline', { burstNs: 1_000_000, weight: 50 }, at + 2_000_000],
    ['bounded for the lightest too', { burstNs: 1_000_000, weight: 1 }, at + 5_000_000],
    ['weight 0 is no division by zero', { burstNs: 10, weight: 0 }, at + 1_000],
    ['a head start of the kernel is kept and not given twice', { key: at - 3e6, vtime: at, priority: 10 }, at - 3e6],
  ])('%s', (_, row, key) => {
    expect(decide('gthulhu', [row]).key[0]).toBe(key);
  });

  test.each<[string, Row, number]>([
    ['nice 0 keeps the kernel’s slice', {}, 0],
    ['a heavy task too', { weight: 300 }, 0],
    ['a light one gets its share', { weight: 50 }, 2_500_000],
    ['not below the minimum', { weight: 1 }, 500_000],
    ['not where a strategy gives a priority', { weight: 50, priority: 12 }, 0],
    ['not where a strategy gives a slice', { weight: 50, sliceNs: 9_000_000 }, 0],
    ['not where the kernel has shortened it', { weight: 50, sliceNs: 1_000_000 }, 0],
  ])('slice: %s', (_, row, sliceNs) => {
    expect(decide('gthulhu', [row]).sliceNs[0]).toBe(sliceNs);
  });
});

test('simple orders by what a task has used over its weight', () => {
  const out = decide('simple', [{ vtime: 7, key: 3, burstNs: 9, priority: 10 }, { vtime: 5 }]);
  expect([...out.key.subarray(0, 2)]).toEqual([7, 5]);
  expect([...out.sliceNs.subarray(0, 2)]).toEqual([0, 0]);
});

test('simple-fifo orders by the clock at arrival', () => {
  const out = decide('simple-fifo', [
    { clock: 50, vtime: 90, key: 80 },
    { clock: 50, vtime: 10 },
    { clock: 60, vtime: 5 },
  ]);
  expect([...out.key.subarray(0, 3)]).toEqual([50, 50, 60]);
});

describe.each(POLICY_MODES)('every policy: %s', (mode) => {
  test('has its name', () => {
    expect(createPolicy(mode).name).toBe(mode);
  });

  test('an empty batch changes nothing', () => {
    const out = decide(mode, []);
    expect([...out.sliceNs]).toEqual([0, 0, 0]);
    expect([...out.cpu]).toEqual([-1, -1, -1]);
  });

  test('answers numbers that are finite and not negative, whatever the rows hold', () => {
    const values = [0, 1, 100, 10_000, 1e9, 2 ** 52];
    const rows: Row[] = values.flatMap((a) =>
      values.flatMap((b) => values.map((c) => ({ weight: a, burstNs: b, vtime: c, key: c, clock: b, sliceNs: a }))),
    );
    const out = decide(mode, rows);
    for (let i = 0; i < rows.length; i++) {
      expect(out.key[i] >= 0 && out.key[i] < Number.POSITIVE_INFINITY, JSON.stringify(rows[i])).toBe(true);
      expect(out.sliceNs[i] >= 0 && out.sliceNs[i] <= 1e9, JSON.stringify(rows[i])).toBe(true);
      expect(out.cpu[i]).toBe(-1);
    }
  });

  test('leaves rows behind the end of the batch alone', () => {
    const batch = { ...batchOf([{}, {}]), length: 1 };
    const out = decisionsFor(batch);
    out.key[1] = 42;
    createPolicy(mode).decide(batch, out, node);
    expect(out.key[1]).toBe(42);
  });

  test('a row is decided by itself: its place in the batch does not matter', () => {
    const rows: Row[] = [
      { vtime: 3, key: 2, burstNs: 400 },
      { vtime: 1, key: 1, weight: 50 },
      { clock: 9, weight: 900 },
    ];
    const forward = decide(mode, rows);
    const backward = decide(mode, rows.toReversed());
    for (let i = 0; i < 3; i++) expect(backward.key[2 - i]).toBe(forward.key[i]);
  });
});

test.each(['', 'none', 'scx', 'toString', '__proto__'])('no policy is called %j', (mode) => {
  expect(() => createPolicy(mode)).toThrow(
    `no policy is called ${JSON.stringify(mode)}; the policies are gthulhu, simple, simple-fifo`,
  );
});
