// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { match } from './match.ts';
import { createMatcher } from './matcher.ts';
import { strategy, workload } from './random.fixture.ts';
import { checkStrategies, StrategySetError, type StrategySpec } from './strategy-spec.ts';

const messages = (strategies: StrategySpec[]) =>
  checkStrategies(strategies).map(({ id, key, message }) => `${id} ${key} ${message}`);

describe('what is wrong with a strategy', () => {
  test.each<[Partial<StrategySpec>, string]>([
    [{ commandRegex: '(' }, 's commandRegex is not an RE2 expression: missing closing ): `(`'],
    [{ commandRegex: '(?=x)' }, 's commandRegex is not an RE2 expression: invalid or unsupported Perl syntax: `(?=`'],
    [{ commandRegex: '(a)\\1' }, 's commandRegex is not an RE2 expression: invalid escape sequence: `\\1`'],
    [{ commandRegex: 'a'.repeat(1_025) }, 's commandRegex has 1025 bytes; at most 1024 are allowed'],
    [{ commandRegex: 'é'.repeat(513) }, 's commandRegex has 1026 bytes; at most 1024 are allowed'],
    [{ priority: 21 }, 's priority is 21; must be a whole number from 0 to 20'],
    [{ priority: Number.NaN }, 's priority is NaN; must be a whole number from 0 to 20'],
    [{ executionTimeNs: -1 }, 's executionTimeNs is -1; must be a whole number of nanoseconds, 1 s at most'],
    [{ name: '' }, 's name is empty; leave it out for any name'],
    [
      { selectors: [{ key: 'a', value: 'x'.repeat(1 << 20) }] },
      's selectors have a value with more than 255 characters, of the key a',
    ],
    [{ createdAtMs: Number.NaN }, 's createdAtMs must be a number of milliseconds since 1970'],
  ])('%#', (given, expected) => {
    expect(messages([strategy('s', given)])).toEqual([expected]);
  });

  test('an id of our own', () => {
    expect(messages([strategy('protected-cgroups')])).toEqual([
      'protected-cgroups id is the name of a rule of our own; choose another one',
    ]);
  });

  test('an id twice', () => {
    expect(messages([strategy('s'), strategy('s')])).toEqual(['s id is used twice']);
  });

  test('more than are allowed is one problem, whatever is wrong with them', () => {
    const many = Array.from({ length: 10_001 }, (_, i) => strategy(`s${i}`, { commandRegex: '(' }));
    expect(messages(many)).toEqual(['s10000 id is beyond the 10000 that are allowed, by 1']);
  });

  test('the message names twenty and counts the others', () => {
    const many = Array.from({ length: 50 }, (_, i) => strategy(`s${i}`, { priority: 99 }));
    expect(new StrategySetError(checkStrategies(many)).message.split('\n')).toHaveLength(21);
  });
});

test('nothing of a bad set is in force', () => {
  const matcher = createMatcher();
  matcher.changeStrategies({ put: [strategy('good')] });
  matcher.changeWorkloads({ put: [workload('w')] });
  const bad = [strategy('fine', { name: 'w' }), strategy('bad', { commandRegex: '(' })];
  expect(() => matcher.changeStrategies({ put: bad, removedIds: ['good'] })).toThrow(StrategySetError);
  expect(matcher.strategies().map(({ id }) => id)).toEqual(['good']);
  expect(matcher.decisionOf('w')?.policy?.id).toBe('good');
});

test('more than are allowed by and by are refused too', () => {
  const matcher = createMatcher();
  matcher.changeStrategies({ put: Array.from({ length: 10_000 }, (_, i) => strategy(`s${i}`)) });
  expect(() => matcher.changeStrategies({ put: [strategy('one more')] })).toThrow('at most 10000');
  matcher.changeStrategies({ put: [strategy('one more')], removedIds: ['s0'] });
  matcher.changeStrategies({ put: [strategy('s7', { priority: 3 })] });
  expect(matcher.strategies()).toHaveLength(10_000);
});

test('10,000 strategies and 1,000 workloads are matched', { timeout: 60_000 }, () => {
  const strategies = Array.from({ length: 10_000 }, (_, i) =>
    strategy(`s${i}`, {
      commandRegex: i % 3 === 0 ? `^p${i % 100}$` : '',
      selectors: i % 2 === 0 ? [{ key: 'app', value: `a${i % 500}` }] : [],
    }),
  );
  const workloads = Array.from({ length: 1_000 }, (_, i) => workload(`w${i}`, { labels: { app: `a${i % 500}` } }));
  const result = match(strategies, workloads, { nowMs: 0 });
  // Half of them are about everybody, one label in 500 is its own.
  const { policy, commands, losses } = result.get('w0')?.decision ?? {};
  expect((commands?.length ?? 0) + (losses?.length ?? 0) + (policy ? 1 : 0)).toBe(5_000 + 20);
});

test('a label of 1 MB on a workload is no trouble', () => {
  const big = workload('w', { labels: { app: 'x'.repeat(1 << 20), ['k'.repeat(1 << 20)]: 'x' } });
  const result = match([strategy('s', { selectors: [{ key: 'app', value: 'x' }] })], [big], { nowMs: 0 });
  expect(result.get('w')?.decision.policy).toBeNull();
});
