// SPDX-License-Identifier: Apache-2.0
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { BSS_ORDER_2025, BSS_ORDER_2026, BssCountersSchema } from './bss-counters.ts';
import { durationMs, StrategiesBodySchema, StrategySchema, strategyPriority } from './strategy.ts';

test.each([
  [{ priority: true, execution_time: 20_000_000, selectors: [{ key: 'nf', value: 'upf' }] }, true],
  [{ priority: 0, command_regex: 'nr-gnb|nr-ue|ping' }, true],
  [{ pid: 1 }, true],
  [{ execution_time: 0 }, true],
  [{}, true],
  [{ expiresAt: '2030-01-01T00:00:00Z' }, true],
  [{ maxDuration: '30m' }, true],
  [{ maxDuration: '30' }, false],
  [{ maxDuration: 30 }, false],
  [{ maxDuration: '0s' }, false],
  [{ priority: 21 }, false],
  [{ priority: -1 }, false],
  [{ priority: 1.5 }, false],
  [{ priority: '1' }, false],
  [{ execution_time: 99_999 }, false],
  [{ execution_time: 1_000_000_001 }, false],
  [{ selectors: [{ key: 'nf' }] }, false],
  [{ pid: 0 }, false],
  [{ namespace: 'a' }, false],
])('strategy %j is valid: %j', (strategy, valid) => {
  expect(Value.Check(StrategySchema, strategy)).toBe(valid);
  expect(Value.Check(StrategiesBodySchema, { strategies: [strategy] })).toBe(valid);
});

test.each([
  [undefined, null],
  [false, null],
  [true, 1],
  [0, 0],
  [20, 20],
])('priority %j means %j', (priority, number) => {
  expect(strategyPriority(priority)).toBe(number);
});

test('both orders of the counters have the same eleven keys', () => {
  expect(BSS_ORDER_2025).toEqual(Object.keys(BssCountersSchema.properties));
  expect([...BSS_ORDER_2026].sort()).toEqual([...BSS_ORDER_2025].sort());
  expect(new Set(BSS_ORDER_2026).size).toBe(11);
});

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
])('%s is %d ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(['', '5', 'm', '-1s', '1.5h', '1w', ' 1s'])('%j is no duration', (text) => {
  expect(() => durationMs(text)).toThrow(/such as 90s/);
});
