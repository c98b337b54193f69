// SPDX-License-Identifier: Apache-2.0
import type { StructLayout } from '@gthulhu/bpf';
import { UNIT_LIMITS } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { CGROUP_KEYS, exceptBytes, unitKeys } from './policy-keys.ts';

const field = (offset: number, size: number, count: number) => ({ offset, size, count, signed: false });
const NAME: StructLayout = { size: 96, fields: { slice: field(0, 1, 32), name: field(32, 1, 64) } };
const EXCEPT: StructLayout = { size: 48, fields: { word: field(0, 8, 3), mask: field(24, 8, 3) } };

test.each(['1', '4711', '18446744073709551615'])('cgroup %s comes back from its bytes', (id) => {
  expect(CGROUP_KEYS.toText(CGROUP_KEYS.toBytes(id))).toBe(id);
});

test.each([
  '/job.scope',
  'batch.slice/',
  'batch.slice/job.scope',
  `${'s'.repeat(UNIT_LIMITS.sliceBytes)}/${'n'.repeat(UNIT_LIMITS.nameBytes)}`,
])('unit %s comes back from its bytes', (key) => {
  const keys = unitKeys(NAME);
  expect(keys.toText(keys.toBytes(key))).toBe(key);
  expect(keys.toBytes(key)).toHaveLength(96);
});

/** As the kernel compares. */
function passedBy(name: string, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer);
  const padded = new DataView(new ArrayBuffer(64));
  for (const [i, byte] of Buffer.from(name).entries()) padded.setUint8(i, byte);
  return Array.from({ length: UNIT_LIMITS.excepts }, (_, i) => i * EXCEPT.size).some(
    (at) =>
      view.getBigUint64(at + 24, true) !== 0n &&
      [0, 8, 16].every(
        (word) =>
          (padded.getBigUint64(word, true) & view.getBigUint64(at + 24 + word, true)) ===
          view.getBigUint64(at + word, true),
      ),
  );
}

test.each([
  ['init.scope', true],
  ['init.scope.d', true],
  ['init', false],
  ['gthulhu', true],
  ['gthulhu-demo.scope', true],
  ['xgthulhu.scope', false],
  ['a-name-of-thirty-characters-x!', true],
  ['a-name-of-thirty-character', true],
  ['a-name-of-thirty-chara', false],
  ['run-r12.scope', false],
])('%s: passed by %s', (name, expected) => {
  const bytes = exceptBytes(['init.scope', 'gthulhu', 'gthulhu', 'a-name-of-thirty-characters-x!'], EXCEPT);
  expect(passedBy(name, bytes as Uint8Array)).toBe(expected);
});

test('none passes nobody by, and more than there is room for is none that can be written', () => {
  expect(passedBy('', exceptBytes([], EXCEPT) as Uint8Array)).toBe(false);
  const many = Array.from({ length: UNIT_LIMITS.excepts + 1 }, (_, i) => `s${i}`);
  expect(exceptBytes(many.slice(1), EXCEPT)).not.toBeNull();
  expect(exceptBytes(many, EXCEPT)).toBeNull();
});
