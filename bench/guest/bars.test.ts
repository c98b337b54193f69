// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { bar, microseconds } from './bars.ts';

it('draws bars to an eighth of a character', () => {
  expect(bar(10, 10, 4)).toBe('████');
  expect(bar(5, 10, 3)).toBe('█▌');
  expect(bar(0, 10, 4)).toBe('');
  expect(bar(0.001, 10, 4)).toBe('▏');
  expect(bar(99, 10, 4)).toBe('████');
});

it('writes times in the unit that fits', () => {
  expect(microseconds(999)).toBe('999 us');
  expect(microseconds(3581)).toBe('3.58 ms');
});
