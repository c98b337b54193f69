// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { clampKey, compareOrders, ranks } from './order.ts';

test.each([
  [100, 100, 100],
  [0, 100, 90],
  [1e9, 100, 110],
  [95, 100, 95],
  [110, 100, 110],
])('a wish for %d around %d becomes %d', (wish, own, key) => {
  expect(clampKey(wish, own, 10)).toBe(key);
});

test.each<[string, number[], number[], number[]]>([
  ['nothing', [], [], []],
  ['by key', [0, 0, 0], [30, 10, 20], [2, 0, 1]],
  ['each queue for itself', [1, 2, 1, 2], [4, 3, 2, 1], [1, 1, 0, 0]],
  ['equal keys: who came first', [0, 0, 0], [5, 5, 1], [1, 2, 0]],
])('ranks: %s', (_, queue, key, places) => {
  expect([...ranks(Float64Array.from(queue), Float64Array.from(key))]).toEqual(places);
});

test('two orders', () => {
  const places = (...rows: number[][]) => rows.map((row) => Uint32Array.from(row));
  expect(compareOrders(places([0, 1, 2], [0]), places([0, 1, 2], [0]))).toEqual({ batches: 0, tasks: 0 });
  expect(compareOrders(places([0, 1, 2], [0], [1, 0]), places([0, 2, 1], [0], [0, 1]))).toEqual({
    batches: 2,
    tasks: 4,
  });
});
