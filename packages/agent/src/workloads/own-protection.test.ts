// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ownProtection } from './own-protection.ts';

const UID = '20da609e-5d4c-4a3b-9e1f-0123456789ab';
const ID = 'a'.repeat(64);
const none = { cgroupIds: [], uids: [] };

test.each([
  ['/system.slice/gthulhu.service', { cgroupIds: ['/system.slice/gthulhu.service'], uids: [] }],
  ['/system.slice/gthulhu.service/inner', { cgroupIds: ['/system.slice/gthulhu.service'], uids: [] }],
  [`/kubepods/burstable/pod${UID}/${ID}`, { cgroupIds: [], uids: [UID] }],
  [`/system.slice/docker-${ID}.scope`, { cgroupIds: [`/system.slice/docker-${ID}.scope`], uids: [] }],
  ['/user.slice/user-1000.slice/session-3.scope', none],
  ['/', none],
])('in %s', (path, expected) => {
  expect(ownProtection(`0::${path}\n`, (at) => at)).toEqual(expected);
});

test('a cgroup that cannot be seen protects nobody', () => {
  const gone = (): string => {
    throw new Error('ENOENT');
  };
  expect(ownProtection('0::/system.slice/gthulhu.service\n', gone)).toEqual(none);
  expect(ownProtection('4:cpu:/x\n', gone)).toEqual(none);
});
