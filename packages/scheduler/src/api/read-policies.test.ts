// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parsePolicies, readPolicies } from './read-policies.ts';

const rule = { id: 'a', priority: 3, sliceNs: 0, cpus: null, commandRegex: '^web', cgroups: ['12'] };
const good = { revision: 'r', strategies: 1, rules: [rule] };

test('what is as the contract says is taken as it is', () => {
  expect(readPolicies(good)).toBe(good);
  expect(parsePolicies(JSON.stringify(good))).toEqual(good);
  expect(readPolicies({ ...good, rules: Array(10_002).fill(rule) }).rules).toHaveLength(10_002);
});

test.each([
  [null, /are not as they must be: must be object/],
  [{ ...good, rules: {} }, /\/rules must be array/],
  [{ ...good, rules: Array(10_003).fill(rule) }, /\/rules has 10003 rules, more than 10002/],
  [{ ...good, rules: [rule, { ...rule, priority: 21 }] }, /\/rules\/1\/priority/],
  [{ ...good, rules: [{ ...rule, more: 1 }] }, /\/rules\/0\/more is no key of it/],
  [{ ...good, revision: '' }, /\/revision must not have fewer than 1 characters/],
  [{ ...good, more: 1 }, /\/more is no key of it/],
])('%#', (value, reason) => {
  expect(() => readPolicies(value)).toThrow(reason);
});
