// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ownProtection } from './own-protection.ts';

const UID = '20da609e-5d4c-4a3b-9e1f-0123456789ab';
const ID = 'a'.repeat(64);
const none = { units: [], cgroupIds: [], uids: [] };
const service = { ...none, units: ['gthulhu.service'], cgroupIds: ['/system.slice/gthulhu.service'] };

test.each([
  ['/system.slice/gthulhu.service', service],
  ['/system.slice/gthulhu.service/inner', service],
  [`/kubepods/burstable/pod${UID}/${ID}`, { ...none, uids: [UID] }],
  [`/system.slice/docker-${ID}.scope`, { ...none, cgroupIds: [`/system.slice/docker-${ID}.scope`] }],
  ['/user.slice/user-1000.slice/session-3.scope', none],
  ['/', none],
])('in %s', (path, expected) => {
  expect(ownProtection(`0::${path}\n`, (at) => at)).toEqual(expected);
});

test('a cgroup that cannot be seen protects by its name only', () => {
  const gone = (): string => {
    throw new Error('ENOENT');
  };
  expect(ownProtection('0::/system.slice/gthulhu.service\n', gone)).toEqual({ ...none, units: ['gthulhu.service'] });
  expect(ownProtection('4:cpu:/x\n', gone)).toEqual(none);
});
