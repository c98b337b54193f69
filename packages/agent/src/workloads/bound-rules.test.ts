// SPDX-License-Identifier: Apache-2.0
import { type NodeRule, UNIT_LIMITS } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { boundRules } from './bound-rules.ts';

const rule = (id: string, cgroups: string[] | null, commandRegex = ''): NodeRule => ({
  id,
  priority: 1,
  sliceNs: 0,
  cpus: null,
  commandRegex,
  cgroups,
});

test('what fits stays as it is', () => {
  const rules = [rule('a', ['1', '2']), rule('b', null)];
  expect(boundRules(rules, 2)).toEqual({ rules, leftOut: 0 });
});

test('the strongest keep their cgroups; one that is named twice needs one place; commands need none', () => {
  const rules = [
    rule('a', ['1', '2']),
    rule('cmd', ['7', '8', '9'], 'x'),
    rule('b', ['2', '3', '4']),
    rule('c', ['5']),
  ];
  const { rules: bound, leftOut } = boundRules(rules, 3);
  expect(bound.map(({ cgroups }) => cgroups)).toEqual([['1', '2'], ['7', '8', '9'], ['2', '3'], []]);
  expect(leftOut).toBe(2);
});

test('units that there is no room for are left out with those after them', () => {
  const units = (count: number) => Array.from({ length: count }, (_, i) => ({ slice: '', name: `u${i}.scope` }));
  const full = Array.from({ length: UNIT_LIMITS.units / 64 }, (_, i) => ({ ...rule(`r${i}`, []), units: units(64) }));
  expect(boundRules(full).rules).toBe(full);
  const more = [...full, { ...rule('one', ['1']), units: units(1) }, rule('two', ['2'])];
  const { rules, leftOut } = boundRules(more);
  expect(rules.slice(0, -2)).toEqual(full);
  expect(rules.slice(-2)).toEqual([rule('one', ['1']), rule('two', ['2'])]);
  expect(leftOut).toBe(0);
});
