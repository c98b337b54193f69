// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import {
  all,
  counted,
  favouredIsBounded,
  logSays,
  promiseKept,
  promiseMs,
  sameValue,
  sharesWithin,
  stayedInForce,
} from './checks.ts';
import type { HogReport, Measured, Outcome } from './plan.ts';

const hog = (cpuMs: number, maxGapMs = 10): HogReport => ({
  name: 'hog',
  work: 1,
  maxGapMs,
  cpuMs,
  waitMs: 0,
  wallMs: 1000,
});
const outcome = (measured: Measured, rest: Partial<Outcome> = {}): Outcome => ({
  request: { scenario: 'none', dispatch: 'hybrid' },
  cpus: 1,
  measured,
  complaints: [],
  log: [],
  tookMs: 0,
  ...rest,
});
const enabled = { state: 'enabled', ops: 'gthulhu', enableSeq: 1 };

it('promises half a second, and more only to a crowd', () => {
  expect(promiseMs(8, 1)).toBe(520);
  expect(promiseMs(400, 1)).toBe(2 * 400 * 4.5 + 20);
});

it('finds a task that waited too long, or did nothing', () => {
  expect(promiseKept(outcome({ hogs: [hog(1, 519)] }))).toEqual([]);
  expect(promiseKept(outcome({ hogs: [hog(1, 521)] }))).toHaveLength(1);
  expect(promiseKept(outcome({ hogs: [{ ...hog(1), work: 0 }] }))).toHaveLength(1);
  expect(
    promiseKept(outcome({ sleepers: [{ name: 's', wakeups: 1, p50Us: 1, p99Us: 1, maxUs: 600_000 }] })),
  ).toHaveLength(1);
});

it('finds a scheduler that was thrown out, came back, or made the kernel complain', () => {
  expect(stayedInForce(outcome({ before: enabled, after: enabled }))).toEqual([]);
  expect(stayedInForce(outcome({ before: enabled, after: { ...enabled, state: 'disabled', ops: '' } }))).toHaveLength(
    2,
  );
  expect(stayedInForce(outcome({ before: enabled, after: { ...enabled, enableSeq: 2 } }))).toHaveLength(1);
  expect(
    stayedInForce(outcome({ before: enabled, after: enabled }, { complaints: ['runnable task stall'] })),
  ).toHaveLength(1);
});

it('finds unequal shares', () => {
  expect(favouredIsBounded(outcome({ hogs: [hog(200), hog(50), hog(50)] }))).toEqual([]);
  expect(favouredIsBounded(outcome({ hogs: [hog(300), hog(50), hog(50)] }))).toHaveLength(1);
  expect(sharesWithin(0.6, 1.6)(outcome({ hogs: [hog(100), hog(100), hog(40)] }))).toHaveLength(1);
});

it('finds a scenario that could not be played, and counters that did not count', () => {
  expect(all()(outcome({}, { error: 'no' }))).toHaveLength(1);
  expect(counted(1, 'nr_late')(outcome({ counters: { nr_late: 0 } }))).toHaveLength(1);
  expect(counted(1, 'nr_late')(outcome({ counters: { nr_late: 1 } }))).toEqual([]);
});

it('finds a line that is missing, and values that differ', () => {
  expect(logSays(/adopted/)(outcome({}, { log: ['x adopted y'] }))).toEqual([]);
  expect(logSays(/adopted/)(outcome({}, { log: ['x'] }))).toHaveLength(1);
  expect(sameValue('a', 'b')(outcome({ values: { a: 1, b: 1 } }))).toEqual([]);
  expect(sameValue('a', 'b')(outcome({ values: { a: 1, b: 2 } }))).toHaveLength(1);
  expect(sameValue('a', 'b')(outcome({}))).toHaveLength(1);
});
