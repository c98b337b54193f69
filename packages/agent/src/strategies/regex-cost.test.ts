// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { regexFault, regexFaults } from './regex-checker.ts';
import { REGEX_MAX_COST, regexCost } from './regex-cost.ts';

describe('the cost of an expression', () => {
  test.each([
    '^python3$',
    'nr-gnb|nr-ue|ping',
    'a{1000}',
    '(ab){300}',
    '((a{10}){10}){10}',
    '(a{2,30}|b{5,}){20}',
    '[a-z{3}]{50}',
    '\\x{61}{20}',
    '\\p{Greek}{20}',
    '(?:x(?:y(?:z){9}){9}){9}',
  ])('%s is not less than what it compiles to, and not far more', (regex) => {
    const size = RE2JS.compile(regex).programSize();
    expect(regexCost(regex) * 2 + 10).toBeGreaterThanOrEqual(size);
    expect(regexCost(regex)).toBeLessThan(size * 5 + 10);
  });

  test.each([')))', '(((', '{5}', 'a{', 'a{9', '[', '\\', '{99999}{99999}', ''])('%j does not break it', (regex) => {
    expect(Number.isFinite(regexCost(regex))).toBe(true);
  });
});

describe('expressions that are refused', () => {
  test.each([
    ['(?=a)', /is not an RE2 expression: .*no look-around/],
    ['(a)\\1', /is not an RE2 expression: .*no back references/],
    ['(', /is not an RE2 expression/],
    ['a{1001}', /is not an RE2 expression/],
    ['a{1000}'.repeat(146), /takes too long to compile/],
    [`(?:${'ab'.repeat(400)}){1000}`, /takes too long to compile/],
  ])('%.40s', (regex, reason) => expect(regexFault(regex)).toMatch(reason));

  test('each is compiled once, and known ones are not looked at', async () => {
    expect(await regexFaults(['a', 'a', '', '('], new Set(['(']))).toEqual(new Map());
    expect((await regexFaults(['a', '('], new Set()))?.has('(')).toBe(true);
  });

  test('all together must not take too long', async () => {
    const one = `(ab){${REGEX_MAX_COST / 5}}`;
    expect(regexFault(one)).toBeNull();
    expect(
      await regexFaults(
        Array.from({ length: 500 }, (_, i) => `${one}x${i}`),
        new Set(),
      ),
    ).toBeNull();
  });

  test.each(['(a+)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(a|a)*b', '(.*)*x'])('%s matches in linear time', (regex) => {
    expect(regexFault(regex)).toBeNull();
    // Elsewhere two to the power of a hundred thousand.
    expect(RE2JS.compile(regex).test(`${'a'.repeat(100_000)}!`)).toBe(false);
  });
});
