// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { quantile, ratios, spreadOf } from './stats.ts';

it('interpolates between ranks', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
  expect(quantile([], 0.5)).toBeNaN();
});

it('gives median, quartiles and count', () => {
  expect(spreadOf([1, 2, 3, 4, 5])).toEqual({ median: 3, low: 2, high: 4, n: 5 });
});

it('compares each measurement with its own partner', () => {
  expect(ratios([2, 6], [1, 2])).toEqual([2, 3]);
});
