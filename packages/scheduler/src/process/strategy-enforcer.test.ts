// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { slicePollNs } from './strategy-enforcer.ts';

test.each([
  [[], 0],
  [[0, 0], 0],
  [[8_000_000, 0, 2_000_000], 500_000],
  [[100_000], 250_000],
])('slices %j are looked at every %i ns', (slices, poll) => {
  expect(slicePollNs(slices)).toBe(poll);
});
