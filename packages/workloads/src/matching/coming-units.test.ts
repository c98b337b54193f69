// SPDX-License-Identifier: Apache-2.0
import { UNIT_LIMITS } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { comingUnits, protectedScopes } from './coming-units.ts';
import { DEFAULT_PROTECTION } from './protection.ts';
import { strategy } from './random.fixture.ts';
import type { StrategySpec } from './strategy-spec.ts';

const labels = (...pairs: [string, string][]) => ({ selectors: pairs.map(([key, value]) => ({ key, value })) });
const EXCEPT = ['init.scope', 'gthulhu'];
const LONG = 'x'.repeat(UNIT_LIMITS.nameBytes - 6);

describe('a strategy means by their names', () => {
  test.each<[string, Partial<StrategySpec>, object[]]>([
    ['a scope', labels(['unit', 'job.scope']), [{ slice: '', name: 'job.scope' }]],
    ['a service', labels(['unit', 'web@1.service']), [{ slice: '', name: 'web@1.service' }]],
    [
      'one of a slice',
      labels(['unit', 'job.scope'], ['slice', 'batch.slice']),
      [{ slice: 'batch.slice', name: 'job.scope' }],
    ],
    ['every scope of a slice', labels(['slice', 'batch.slice']), [{ slice: 'batch.slice', name: '', except: EXCEPT }]],
    [
      'the same as a namespace',
      { namespaces: ['batch.slice', 'shop'] },
      [{ slice: 'batch.slice', name: '', except: EXCEPT }],
    ],
    [
      'one of several slices',
      { ...labels(['unit', 'job.scope']), namespaces: ['a.slice', 'b.slice'] },
      [
        { slice: 'a.slice', name: 'job.scope' },
        { slice: 'b.slice', name: 'job.scope' },
      ],
    ],
    ['the longest name there is room for', labels(['unit', `${LONG}.scope`]), [{ slice: '', name: `${LONG}.scope` }]],
  ])('%s', (_, given, expected) => {
    expect(comingUnits(strategy('s', given), DEFAULT_PROTECTION)).toEqual(expected);
  });

  test.each<[string, Partial<StrategySpec>]>([
    ['everything', {}],
    ['commands in it', { ...labels(['unit', 'job.scope']), commandRegex: 'x' }],
    ['another label too', labels(['unit', 'job.scope'], ['user', '1000'])],
    ['a namespace that is no slice', { ...labels(['unit', 'job.scope']), namespaces: ['shop'] }],
    ['a slice and another one', { ...labels(['slice', 'a.slice']), namespaces: ['b.slice'] }],
    ['two units at once', labels(['unit', 'a.scope'], ['unit', 'b.scope'])],
    ['two slices at once', labels(['slice', 'a.slice'], ['slice', 'b.slice'])],
    ['what is no unit', labels(['unit', 'job'])],
    ['a name that is too long', labels(['unit', `${LONG}x.scope`])],
    ['a slice whose name is too long', labels(['slice', `${'x'.repeat(UNIT_LIMITS.sliceBytes)}.slice`])],
    ['a name that is no plain text', labels(['unit', 'jöb.scope'])],
    ['a name that is a path', labels(['unit', 'a/b.scope'])],
    ['a protected unit', labels(['unit', 'sshd.service'])],
    ['one that is protected by a pattern', labels(['unit', 'systemd-logind.service'])],
  ])('nobody: %s', (_, given) => {
    expect(comingUnits(strategy('s', given), DEFAULT_PROTECTION)).toEqual([]);
  });
});

test.each<[string[], string[] | null]>([
  [[], []],
  [['sshd.service', 'ssh@*.service', 'a.slice'], []],
  [
    ['init.scope', 'gthulhu*.scope', 'gthulhu*.scope'],
    ['init.scope', 'gthulhu'],
  ],
  [
    ['web*', 'db*e'],
    ['web', 'db'],
  ],
  [['web*x'], []],
  [['*.scope'], null],
  [['*'], null],
  [Array.from({ length: UNIT_LIMITS.excepts + 1 }, (_, i) => `s${i}.scope`), null],
])('scopes among the protected %j begin with %j', (patterns, beginnings) => {
  expect(protectedScopes(patterns)).toEqual(beginnings);
});

test('where the protected cannot be told by the beginning, no slice is meant as a whole', () => {
  expect(comingUnits(strategy('s', labels(['slice', 'a.slice'])), { units: ['*.scope'] })).toEqual([]);
  expect(comingUnits(strategy('s', labels(['unit', 'a.scope'])), { units: ['b*.scope'] })).toHaveLength(1);
});
