// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nothingPinned, whyNotOff } from './off.ts';
import { untilDisabled } from './takeover.ts';

const is = (state: string, ops = '') => ({ supported: state !== '', state, ops });

test.each([
  [is(''), null],
  [is('disabled'), null],
  [is('enabled', 'gthulhu'), null],
  [is('enabled', 'scx_other'), /^scx_other is in force .* left alone$/],
  [is('enabled'), /a scheduler without a name/],
])('%j is ended, or why not', (state, why) => {
  if (why === null) expect(whyNotOff(state)).toBeNull();
  else expect(whyNotOff(state)).toMatch(why);
});

test.each([
  [is(''), true, /^nothing is pinned in \/p, and no scheduler is in force$/],
  [is('disabled'), true, /nothing is pinned/],
  [is('enabled', 'gthulhu'), false, /gthulhu is in force .* ends with its process/],
])('nothing pinned, and %j', (state, ok, message) => {
  expect(nothingPinned('/p', state)).toMatchObject({ ok, message: expect.stringMatching(message), unpinned: [] });
});

test('where the kernel knows no sched_ext nobody waits for its end', async () => {
  expect(await untilDisabled(10_000, () => is(''))).toBeLessThan(1000);
  expect(await untilDisabled(10_000, () => is('disabled'))).toBeLessThan(1000);
  expect(await untilDisabled(30, () => is('enabled', 'gthulhu'))).toBeNull();
  const states = ['enabled', 'disabling', 'disabled'];
  expect(await untilDisabled(10_000, () => is(states.shift() ?? ''))).toBeGreaterThan(20);
});
