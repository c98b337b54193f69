// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { restMs } from './backoff.ts';

test.each([
  [1, 0, undefined, 50],
  [1, 0.5, undefined, 500],
  [2, 0.5, undefined, 1_000],
  [5, 0.5, undefined, 8_000],
  [6, 0.5, undefined, 15_000],
  [1_000_000, 0.999, undefined, 29_970],
  [1, 0.5, 10_000, 10_500],
  [3, 0, 1_000, 1_050],
])('after %i failures, random %f, asked for %s: %i ms', (failures, random, asked, ms) => {
  expect(restMs(failures, random, asked)).toBe(ms);
});
