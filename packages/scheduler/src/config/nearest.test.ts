// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['defualt', 'default', 1],
  ['mode', 'mode', 0],
  ['ab', 'ba', 1],
])('distance of %j and %j is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['moed', ['mode', 'dispatch'], 'mode'],
  ['SliceNsMin', ['slice_ns_min', 'slice_ns_default'], 'slice_ns_min'],
  ['kernel', ['mode', 'dispatch'], null],
  ['x', ['url'], null],
  ['m'.repeat(5_000), ['mode'], null],
])('nearest to %j in %j is %j', (key, candidates, found) => {
  expect(nearest(key, candidates)).toBe(found);
});
