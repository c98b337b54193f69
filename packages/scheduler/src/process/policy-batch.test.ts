// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { checkDecisions, makeBatch } from './policy-batch.ts';
import { TASK_RECORD_COLUMNS } from './records.ts';

const answers = (key: number, sliceNs = 0) => ({
  key: Float64Array.of(1, key),
  sliceNs: Float64Array.of(0, sliceNs),
  cpu: Float64Array.of(-1, -1),
});

test.each([[0], [2 ** 53], [1.5], [1e300]])('the key %d is a wish like any other', (key) => {
  expect(() => checkDecisions('p', answers(key), 2)).not.toThrow();
});

test.each([
  [Number.NaN, 0],
  [-1, 0],
  [Number.POSITIVE_INFINITY, 0],
  [1, Number.NaN],
  [1, -5],
  [1, Number.POSITIVE_INFINITY],
])('key %d with slice %d is no answer', (key, slice) => {
  expect(() => checkDecisions('p', answers(key, slice), 2)).toThrow(/policy p answered key .* for row 1/);
});

test('a CPU that is no number is no answer; one that does not exist is for the kernel to ignore', () => {
  const out = answers(1);
  out.cpu[1] = 4096;
  expect(() => checkDecisions('p', out, 2)).not.toThrow();
  out.cpu[1] = Number.NaN;
  expect(() => checkDecisions('p', out, 2)).toThrow(/answered CPU NaN for row 1/);
});

test('rows beyond the batch are not looked at', () => {
  expect(() => checkDecisions('p', answers(Number.NaN), 1)).not.toThrow();
});

test('a batch has every column of the record', () => {
  const columns = Object.fromEntries(TASK_RECORD_COLUMNS.map((name, i) => [name, Float64Array.of(i)]));
  const batch = makeBatch(columns);
  const { length, ...rest } = batch;
  expect(length).toBe(0);
  expect(new Set(Object.values(rest))).toEqual(new Set(Object.values(columns)));
});
