// SPDX-License-Identifier: Apache-2.0
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import type { NodePolicies, NodeRule } from './node-api.ts';
import { applyChange, ChangeError, changeBetween, PoliciesChangeSchema } from './policies-change.ts';

const rule = (id: string, priority = 3): NodeRule => ({
  id,
  priority,
  sliceNs: 0,
  cpus: null,
  commandRegex: '',
  cgroups: ['1'],
});
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => rule(id));
let revisions = 0;
const policies = (...rules: NodeRule[]): NodePolicies => ({
  revision: `r${++revisions}`,
  strategies: rules.length,
  rules,
});

test.each<[string, NodeRule[], NodeRule[], string[], number[]]>([
  ['nothing', [a, b], [a, b], [], []],
  ['one at the beginning', [a, b], [c, a, b], [], [0]],
  ['one at the end', [a, b], [a, b, c], [], [2]],
  ['one changed', [a, b, c], [a, rule('b', 9), c], ['b'], [1]],
  ['one changed that moves', [a, b, c, d], [b, c, rule('a', 9), d], ['a'], [2]],
  ['one less', [a, b, c], [a, c], ['b'], []],
  ['all gone', [a, b], [], ['a', 'b'], []],
  ['the first ones', [], [a, b], [], [0, 1]],
])('%s', (_, from, to, removed, places) => {
  const [before, after] = [policies(...from), policies(...to)];
  const change = changeBetween(before, after);
  expect(change).toMatchObject({ removed, from: before.revision, revision: after.revision });
  expect(change?.put.map(({ at }) => at)).toEqual(places);
  const applied = applyChange(before, change as never);
  expect(applied).toEqual(after);
  for (const one of from.filter((other) => to.includes(other))) expect(applied.rules).toContain(one);
});

test('an order of those that stay is no change of this kind', () => {
  expect(changeBetween(policies(a, b), policies(b, a))).toBeNull();
});

/** Numbers that look random and are the same each time. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

test('whatever changes, what is told makes the same of it on the other side', () => {
  const random = numbers(7);
  const next = (below: number): number => Math.floor((random.next().value as number) * below);
  let ours = policies();
  let theirs = ours;
  for (let round = 0; round < 500; round++) {
    const rules = ours.rules.filter(() => next(10) > 0).map((one) => (next(8) === 0 ? rule(one.id, next(21)) : one));
    for (let n = next(4); n > 0; n--) rules.splice(next(rules.length + 1), 0, rule(`new-${round}-${n}`));
    const then = policies(...rules);
    const change = changeBetween(ours, then);
    expect(Value.Check(PoliciesChangeSchema, change)).toBe(true);
    theirs = applyChange(theirs, JSON.parse(JSON.stringify(change)));
    expect(theirs).toEqual(then);
    ours = then;
  }
});

test.each([
  ['is about another revision', { from: 'other' }],
  ['removes what is not there', { removed: ['x'] }],
  ['puts one behind the end', { put: [{ at: 3, rule: d }] }],
  ['puts two at one place', { put: [c, d].map((one) => ({ at: 1, rule: one })) }],
])('one that %s is refused', (_, wrong) => {
  const before = policies(a, b);
  const fine = { from: before.revision, revision: 'x', strategies: 2, removed: [], put: [] };
  expect(applyChange(before, fine).rules).toEqual([a, b]);
  expect(() => applyChange(before, { ...fine, ...wrong })).toThrow(ChangeError);
});
