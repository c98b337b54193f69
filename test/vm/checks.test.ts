// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import {
  all,
  cameBack,
  complainedOf,
  counted,
  crowdEven,
  crowdKept,
  favouredIsBounded,
  logged,
  logSays,
  noComplaints,
  noComplaintsBut,
  promiseBesideRealtime,
  promiseKept,
  promiseMs,
  promiseTimes,
  sameValue,
  servedBefore,
  sharesWithin,
  stayedInForce,
  timesTheCpu,
  undisturbed,
  unlessSkipped,
  valueAtLeast,
  valueIs,
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

it('lets them wait for the kernel beside real-time tasks, and not for long', () => {
  expect(promiseBesideRealtime(outcome({ hogs: [hog(1, 1519)] }))).toEqual([]);
  expect(promiseBesideRealtime(outcome({ hogs: [hog(1, 1521)] }))).toHaveLength(1);
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

it('finds a sleeper that never woke up', () => {
  const sleeper = { name: 's', wakeups: 0, p50Us: 0, p99Us: 0, maxUs: 0 };
  expect(promiseKept(outcome({ sleepers: [sleeper] }))).toEqual(['s never woke up']);
  expect(promiseKept(outcome({ sleepers: [{ ...sleeper, wakeups: 1 }] }))).toEqual([]);
});

it('allows who waits for another one more than one promise, and no more than that', () => {
  const waited = (maxUs: number) => outcome({ sleepers: [{ name: 's', wakeups: 1, p50Us: 1, p99Us: 1, maxUs }] });
  expect(promiseTimes(2)(waited(1_000_000))).toEqual([]);
  expect(promiseTimes(2)(waited(1_100_000))).toHaveLength(1);
});

it('finds a thread of a crowd that waited too long, or never ran, and a crowd that said nothing', () => {
  const crowd = (crowdMaxGapMs: number, crowdStarved = 0) =>
    outcome({ values: { crowd: 1000, crowdMaxGapMs, crowdStarved } });
  expect(crowdKept()(crowd(9000))).toEqual([]);
  expect(crowdKept()(crowd(9100))).toHaveLength(1);
  expect(crowdKept()(crowd(9000, 1))).toEqual(['1 threads of the crowd never ran']);
  expect(crowdKept()(outcome({}))).toHaveLength(2);
});

it('promises a crowd no less where it may use half of the CPUs', () => {
  const waited = outcome({ values: { crowd: 1000, crowdMaxGapMs: 4000, crowdStarved: 0 } }, { cpus: 4 });
  expect(crowdKept()(waited)).toHaveLength(1);
  expect(crowdKept(2)(waited)).toEqual([]);
  expect(crowdKept(4, 2)(waited)).toEqual([]);
});

it('finds a crowd where one thread has too much or too little, or whose times nobody told', () => {
  const crowd = (crowdMinCpuMs: number, crowdMaxCpuMs: number) =>
    outcome({ values: { crowdMinCpuMs, crowdMeanCpuMs: 120, crowdMaxCpuMs } });
  expect(crowdEven(0.05)(crowd(114, 126))).toEqual([]);
  expect(crowdEven(0.05)(crowd(113, 126))).toHaveLength(1);
  expect(crowdEven(0.05)(crowd(114, 127))).toHaveLength(1);
  expect(crowdEven(0.05)(outcome({}))).toHaveLength(1);
});

it('finds weights that do not count', () => {
  const hogs = [hog(300), hog(320), { ...hog(100), name: 'weak' }, { ...hog(110), name: 'weak' }];
  expect(timesTheCpu('hog', 'weak', 2.7, 3.3)(outcome({ hogs }))).toEqual([]);
  expect(timesTheCpu('hog', 'weak', 3, 3.3)(outcome({ hogs }))).toHaveLength(1);
  expect(timesTheCpu('hog', 'nobody', 2.7, 3.3)(outcome({ hogs }))).toHaveLength(1);
});

it('finds a task that does not have its own CPU, or waits long for it', () => {
  expect(undisturbed('hog', 95)(outcome({ hogs: [hog(951)] }))).toEqual([]);
  expect(undisturbed('hog', 95)(outcome({ hogs: [hog(949)] }))).toHaveLength(1);
  expect(undisturbed('hog', 95)(outcome({ hogs: [hog(951, 600)] }))).toHaveLength(1);
  expect(undisturbed('nobody', 95)(outcome({ hogs: [hog(951)] }))).toHaveLength(1);
});

it('finds a scheduler that did not come back, too seldom or too often', () => {
  const later = (enableSeq: number, state = 'enabled') =>
    outcome({ before: enabled, after: { ...enabled, state, enableSeq } });
  expect(cameBack(2)(later(3))).toEqual([]);
  expect(cameBack(2)(later(2))).toHaveLength(1);
  expect(cameBack(2)(later(4))).toHaveLength(1);
  expect(cameBack(2, 4)(later(4))).toEqual([]);
  expect(cameBack(2)(later(3, 'disabled'))).toHaveLength(1);
  expect(cameBack(0)(outcome({}))).toHaveLength(2);
});

it('finds a favour that does not count', () => {
  const sleepers = [
    { name: 'plain', wakeups: 9, p50Us: 1, p99Us: 1000, maxUs: 1 },
    { name: 'web', wakeups: 9, p50Us: 1, p99Us: 499, maxUs: 1 },
  ];
  expect(servedBefore('plain', 'web')(outcome({ sleepers }))).toEqual([]);
  expect(servedBefore('web', 'plain')(outcome({ sleepers }))).toHaveLength(1);
  expect(servedBefore('plain', 'missing')(outcome({ sleepers }))).toHaveLength(1);
});

it('finds what the kernel and the log say, or do not', () => {
  const said = outcome({}, { complaints: ['disabled by sysrq-S'], log: ['{"msg":"ejected","kind":"SYSRQ"}'] });
  expect(complainedOf(/sysrq-S/)(said)).toEqual([]);
  expect(complainedOf(/stall/)(said)).toHaveLength(2);
  expect(complainedOf(/sysrq-S/)(outcome({}))).toHaveLength(1);
  expect(noComplaints(said)).toHaveLength(1);
  expect(logged('ejected', /SYSRQ/)(said)).toEqual([]);
  expect(logged('ejected', /STALL/)(said)).toHaveLength(1);
  expect(logged('else', /SYSRQ/)(said)).toHaveLength(1);
});

it('lets a scenario be skipped for the reason that counts and no other', () => {
  const check = unlessSkipped(/no clock/, () => ['judged']);
  expect(check(outcome({ skipped: 'there is no clock' }))).toEqual([]);
  expect(check(outcome({ skipped: 'no time' }))).toHaveLength(1);
  expect(check(outcome({}))).toEqual(['judged']);
});

it('finds values that are too small, other ones, or missing', () => {
  const values = outcome({ values: { held: 3 } });
  expect([valueAtLeast('held', 3)(values), valueIs('held', 3)(values)]).toEqual([[], []]);
  expect(valueAtLeast('held', 4)(values)).toHaveLength(1);
  expect(valueIs('held', 4)(values)).toHaveLength(1);
  expect(valueAtLeast('none', 0)(values)).toHaveLength(1);
  expect(valueIs('none', 0)(values)).toHaveLength(1);
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

it('tolerates the complaint that is known, and no other', () => {
  const known = /WARNING: CPU: \d+ PID: \d+ at kernel\/sched\/deadline\.c:265 task_non_contending/;
  const said = '[1.0] WARNING: CPU: 3 PID: 34 at kernel/sched/deadline.c:265 task_non_contending+0x2cb/0x3c0';
  expect(noComplaintsBut(known)(outcome({}, { complaints: [said] }))).toEqual([]);
  expect(noComplaintsBut(known)(outcome({}, { complaints: [said, '[2.0] WARNING: suspicious RCU usage'] }))).toEqual([
    'the kernel said: [2.0] WARNING: suspicious RCU usage',
  ]);
});
