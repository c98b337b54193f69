// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readText } from './files.ts';
import { type LockedPackage, licenceFaults } from './licences.ts';

test('every locked package has an allowed licence', () => {
  const lock = JSON.parse(readText('package-lock.json')) as { packages: Record<string, LockedPackage> };
  expect(Object.keys(lock.packages).length).toBeGreaterThan(20);
  expect(licenceFaults(lock.packages)).toEqual([]);
});

test.each([
  [{ a: {} }, ['a names no licence']],
  [{ a: { license: 'GPL-3.0' } }, ['a has the licence GPL-3.0']],
  [{ a: { license: 'MPL-2.0' } }, ['a has the licence MPL-2.0']],
  [{ a: { license: 'MPL-2.0', dev: true } }, []],
  [{ a: { license: '(GPL-2.0 OR MIT)' } }, []],
  [{ a: { license: 'MIT AND GPL-2.0' } }, ['a has the licence MIT AND GPL-2.0']],
  [{ a: { license: 'SEE LICENSE IN x' } }, ['a has the licence SEE LICENSE IN x']],
])('%j -> %j', (packages, faults) => {
  expect(licenceFaults(packages)).toEqual(faults);
});
