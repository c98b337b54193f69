// SPDX-License-Identifier: Apache-2.0
import type { HogReport, Measured, Outcome } from './plan.ts';

/**
 * What must hold, as pure functions from what was measured to sentences about what does not: empty means all is well.
 * They are used twice: on the scheduler, where they must find nothing, and on sabotaged ones, where they must.
 */
export type Check = (outcome: Outcome) => string[];

const TICK_MS = 4;
const SLICE_MIN_MS = 0.5;
const SLICE_MS = 5;
/** From the end of a wait until the task notices it itself. */
const NOTICE_MS = 20;
/** CPUs that are emulated in turn stand still while the others have theirs. */
const TURN_MS = 100;

/** Tasks that want CPU time at once: the hogs and what else the scenario started. */
function crowdOf({ hogs = [], values }: Measured): number {
  return hogs.length + (values?.crowd ?? 0);
}

/** What the scheduler promises: max(500 ms, 2 x waiters / CPUs x (slice + tick)), and what it takes to see it. */
export function promiseMs(waiters: number, cpus: number): number {
  const perCpu = waiters / cpus;
  const slice = perCpu < 4 ? SLICE_MS : Math.max(SLICE_MIN_MS, (4 * SLICE_MS) / perCpu);
  return Math.max(500, 2 * perCpu * (slice + TICK_MS)) + NOTICE_MS + (cpus > 1 ? cpus * TURN_MS : 0);
}

/** Nobody waits longer than `times` the promise, and everybody gets on. */
export function promiseTimes(times: number): Check {
  return ({ measured, cpus }) => waitsWithin(measured, times * promiseMs(crowdOf(measured), cpus));
}

/** Nobody waits longer than promised, and everybody gets on. */
export const promiseKept: Check = promiseTimes(1);

/** The kernel's share for sched_ext beside real-time tasks comes once a second. */
export const EXT_SERVER_PERIOD_MS = 1000;

/** The same beside real-time tasks that now and then want all of a CPU: then it waits for the kernel's share besides. */
export const promiseBesideRealtime: Check = ({ measured, cpus }) =>
  waitsWithin(measured, EXT_SERVER_PERIOD_MS + promiseMs(crowdOf(measured), cpus));

function waitsWithin(measured: Measured, bound: number): string[] {
  const late = (name: string, ms: number): string[] =>
    ms <= bound ? [] : [`${name} did not run for ${ms.toFixed(0)} ms; the promise is ${bound.toFixed(0)} ms`];
  return [
    ...(measured.hogs ?? []).flatMap((hog) => [
      ...late(hog.name, hog.maxGapMs),
      ...(hog.work > 0 ? [] : [`${hog.name} did no work`]),
    ]),
    ...(measured.sleepers ?? []).flatMap((sleeper) => [
      ...late(sleeper.name, sleeper.maxUs / 1000),
      ...(sleeper.wakeups > 0 ? [] : [`${sleeper.name} never woke up`]),
    ]),
  ];
}

/**
 * The promise where the reports are no count of the tasks that there are: `tasks` is the value that says it. Nobody sees
 * `times` of it pass: who is interrupted before it comes round once has seen nothing of that turn.
 */
export function promiseAmong(tasks: string, times = 1): Check {
  return ({ measured, cpus }) => waitsWithin(measured, times * promiseMs(measured.values?.[tasks] ?? Number.NaN, cpus));
}

/** The same scheduler was in force from the first to the last moment, and the kernel has nothing to complain about. */
export const stayedInForce: Check = ({ measured: { before, after }, complaints }) => [
  ...complaints.map((line) => `the kernel said: ${line}`),
  ...(before?.state === 'enabled' && after?.state === 'enabled'
    ? []
    : [`state ${before?.state}, then ${after?.state}`]),
  ...(/^gthulhu/.test(after?.ops ?? '') ? [] : [`in force was '${after?.ops}', not gthulhu`]),
  ...(before?.enableSeq === after?.enableSeq ? [] : ['it was thrown out and attached again']),
];

/** Each hog has at least `least` and at most `most` times the mean of all of them. */
export function sharesWithin(least: number, most: number): Check {
  return ({ measured: { hogs = [] } }) => {
    const mean = hogs.reduce((sum, hog) => sum + hog.cpuMs, 0) / hogs.length;
    return hogs.flatMap((hog) => {
      const share = hog.cpuMs / mean;
      return share >= least && share <= most ? [] : [`${hog.name} got ${share.toFixed(2)} times the mean of CPU time`];
    });
  };
}

/** The first hog is the one that the policy favours. */
export const favouredIsBounded: Check = ({ measured: { hogs = [] } }) => {
  const total = hogs.reduce((sum, hog) => sum + hog.cpuMs, 0);
  const times = ((hogs[0]?.cpuMs ?? 0) / total) * hogs.length;
  return times <= 2 ? [] : [`the favoured task got ${times.toFixed(2)} times its fair share`];
};

/** Stronger weights get more, and the weakest still something. */
export const weightsCount: Check = ({ measured: { hogs = [] } }) => {
  const cpuOf = (name: string): number => {
    const named = hogs.filter((hog: HogReport) => hog.name === name);
    return named.reduce((sum, hog) => sum + hog.cpuMs, 0) / named.length;
  };
  const strong = cpuOf('nice -20');
  const usual = cpuOf('nice 0');
  const weak = cpuOf('nice 19');
  return [
    ...(strong > 3 * usual ? [] : [`nice -20 got ${strong.toFixed(0)} ms, nice 0 ${usual.toFixed(0)} ms`]),
    ...(weak > 0 && weak < usual * 1.5 ? [] : [`nice 19 got ${weak.toFixed(0)} ms, nice 0 ${usual.toFixed(0)} ms`]),
  ];
};

export function counted(least: number, ...names: readonly string[]): Check {
  return ({ measured: { counters = {} } }) => {
    const sum = names.reduce((total, name) => total + (counters[name] ?? 0), 0);
    return sum >= least ? [] : [`${names.join(' + ')} is ${sum}, expected at least ${least}`];
  };
}

export function countedAtMost(most: number, name: string): Check {
  return ({ measured: { counters = {} } }) =>
    (counters[name] ?? Number.POSITIVE_INFINITY) <= most
      ? []
      : [`${name} is ${counters[name]}, expected at most ${most}`];
}

/** User space came round all the time. The scheduler's own line says for how long it had not. */
export function heardWithin(limitMs: number): Check {
  return ({ measured: { maxSilenceMs = 0 } }) =>
    maxSilenceMs <= limitMs ? [] : [`user space was silent for ${maxSilenceMs} ms, expected at most ${limitMs} ms`];
}

export function exitsWith(code: number, ...says: readonly RegExp[]): Check {
  return ({ measured: { exits = [] } }) =>
    exits.length === 0
      ? ['nothing ended']
      : exits.flatMap((exit) => [
          ...(exit.code === code ? [] : [`exit code ${exit.code}, expected ${code}`]),
          ...says.filter((say) => !say.test(exit.log)).map((say) => `the log does not say ${say}`),
        ]);
}

export function valueWithin(name: string, most: number): Check {
  return ({ measured: { values = {} } }) =>
    (values[name] ?? Number.POSITIVE_INFINITY) <= most ? [] : [`${name} is ${values[name]}, expected at most ${most}`];
}

export function valueBetween(name: string, least: number, most: number): Check {
  return ({ measured: { values = {} } }) =>
    values[name] >= least && values[name] <= most
      ? []
      : [`${name} is ${values[name]?.toFixed(2)}, expected ${least} to ${most}`];
}

/** CPU time of all hogs of that name, of the CPU time of all. */
export function shareOf(name: string, { measured: { hogs = [] } }: Outcome): number {
  const sum = (of: readonly HogReport[]): number => of.reduce((total, hog) => total + hog.cpuMs, 0);
  return sum(hogs.filter((hog) => hog.name === name)) / sum(hogs);
}

export function shareBetween(name: string, least: number, most: number): Check {
  return (outcome) => {
    const share = shareOf(name, outcome);
    return share >= least && share <= most
      ? []
      : [`${name} got ${share.toFixed(3)} of the CPU time, expected ${least} to ${most}`];
  };
}

/** Those of that name have the same CPU time, but for that part. */
export function evenAmong(name: string, part: number): Check {
  return ({ measured: { hogs = [] } }) => {
    const times = hogs.filter((hog) => hog.name === name).map((hog) => hog.cpuMs);
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    return times.length > 0 && times.every((ms) => Math.abs(ms / mean - 1) <= part)
      ? []
      : [`CPU times of ${name}: ${times.map((ms) => (ms / mean).toFixed(2))} of their mean`];
  };
}

/** On average those have that many times the CPU time of these. */
export function timesTheCpu(more: string, less: string, least: number, most: number): Check {
  return ({ measured: { hogs = [] } }) => {
    const meanOf = (name: string): number => {
      const named = hogs.filter((hog) => hog.name === name);
      return named.reduce((sum, hog) => sum + hog.cpuMs, 0) / named.length;
    };
    const times = meanOf(more) / meanOf(less);
    return times >= least && times <= most
      ? []
      : [`${more} got ${times.toFixed(2)} times the CPU time of ${less}, expected ${least} to ${most}`];
  };
}

export function sameValue(a: string, b: string): Check {
  return ({ measured: { values = {} } }) =>
    values[a] !== undefined && values[a] === values[b] ? [] : [`${a} is ${values[a]}, ${b} is ${values[b]}`];
}

/** One line of the schedulers of the scenario. */
export function logSays(words: RegExp): Check {
  return ({ log }) => (log.some((line) => words.test(line)) ? [] : [`no line says ${words}`]);
}

export function valueAtLeast(name: string, least: number): Check {
  return ({ measured: { values = {} } }) =>
    (values[name] ?? Number.NEGATIVE_INFINITY) >= least
      ? []
      : [`${name} is ${values[name]}, expected at least ${least}`];
}

export function valueIs(name: string, value: number): Check {
  return ({ measured: { values = {} } }) =>
    values[name] === value ? [] : [`${name} is ${values[name]}, expected ${value}`];
}

/**
 * The threads of a crowd, which are too many to be told of one by one.
 * @param on of so many CPUs, where it may not use all
 * @param times as long as promised, where a thread may get its CPU and not see it
 */
export function crowdKept(on?: number, times = 1): Check {
  return ({ measured, cpus }) => {
    const { crowdStarved = Number.NaN, crowdMaxGapMs = Number.NaN } = measured.values ?? {};
    const bound = times * promiseMs(crowdOf(measured), on ?? cpus);
    return [
      ...(crowdStarved === 0 ? [] : [`${crowdStarved} threads of the crowd never ran`]),
      ...(crowdMaxGapMs <= bound
        ? []
        : [`a thread of the crowd did not run for ${crowdMaxGapMs} ms; the promise is ${bound.toFixed(0)} ms`]),
    ];
  };
}

/** The threads of a crowd have the same CPU time, but for that part. */
export function crowdEven(part: number): Check {
  return ({ measured: { values = {} } }) => {
    const { crowdMinCpuMs = Number.NaN, crowdMeanCpuMs = Number.NaN, crowdMaxCpuMs = Number.NaN } = values;
    const least = crowdMinCpuMs / crowdMeanCpuMs;
    const most = crowdMaxCpuMs / crowdMeanCpuMs;
    return least >= 1 - part && most <= 1 + part
      ? []
      : [`CPU times of the crowd: ${least.toFixed(3)} to ${most.toFixed(3)} of their mean of ${crowdMeanCpuMs} ms`];
  };
}

/** Tasks with a CPU of their own have it, whoever else waits elsewhere: nothing of a promise to thousands. */
export function undisturbed(name: string, leastPercent: number): Check {
  return ({ measured: { hogs = [] }, cpus }) => {
    const found = hogs.filter((hog) => hog.name === name);
    return found.length === 0
      ? [`nobody is called ${name}`]
      : found.flatMap(({ cpuMs, wallMs, maxGapMs }) => [
          ...(cpuMs >= (wallMs * leastPercent) / 100
            ? []
            : [`${name} had ${((100 * cpuMs) / wallMs).toFixed(1)} % of its CPU, expected ${leastPercent} %`]),
          ...(maxGapMs <= promiseMs(cpus, cpus) ? [] : [`${name} did not run for ${maxGapMs} ms`]),
        ]);
  };
}

/** Priority 0 counts for them: they are served in less than half the time of one without a strategy. */
export function servedBefore(unaided: string, ...favoured: readonly string[]): Check {
  return ({ measured: { sleepers = [] } }) => {
    const p99Of = (name: string): number =>
      sleepers.find((sleeper) => sleeper.name === name)?.p99Us ?? Number.POSITIVE_INFINITY;
    const bound = p99Of(unaided) / 2;
    return favoured
      .filter((name) => !(p99Of(name) < bound))
      .map((name) => `${name}: p99 ${p99Of(name)} us, without a strategy ${p99Of(unaided)} us`);
  };
}

/** The kernel ended the scheduler so often, it came back each time, and is in force. What the kernel said is not judged. */
export function cameBack(least: number, most = least): Check {
  return ({ measured: { before, after } }) => {
    const came = (after?.enableSeq ?? Number.NaN) - (before?.enableSeq ?? Number.NaN);
    return [
      ...(before?.state === 'enabled' && after?.state === 'enabled' && /^gthulhu/.test(after.ops)
        ? []
        : [`state ${before?.state}, then ${after?.state} ('${after?.ops}')`]),
      ...(came >= least && came <= most ? [] : [`it was attached again ${came} times, expected ${least} to ${most}`]),
    ];
  };
}

export const noComplaints: Check = ({ complaints }) => complaints.map((line) => `the kernel said: ${line}`);

/** None but those that are known to be the kernel's own mistake. */
export function noComplaintsBut(known: RegExp): Check {
  return ({ complaints }) => complaints.filter((line) => !known.test(line)).map((line) => `the kernel said: ${line}`);
}

/** The log has a line with this message and, in some field, these words. */
export function logged(msg: string, words: RegExp): Check {
  return ({ log }) =>
    log.some((line) => line.includes(`"msg":${JSON.stringify(msg)}`) && words.test(line))
      ? []
      : [`no line of the log says '${msg}' and ${words}`];
}

/** The kernel complained, and of nothing else. */
export function complainedOf(expected: RegExp): Check {
  return ({ complaints }) => [
    ...(complaints.some((line) => expected.test(line)) ? [] : [`the kernel did not say ${expected}`]),
    ...complaints.filter((line) => !expected.test(line)).map((line) => `the kernel said: ${line}`),
  ];
}

/** Where a kernel cannot play the scenario, the reason must be this one. */
export function unlessSkipped(reason: RegExp, check: Check): Check {
  return (outcome) => {
    const { skipped } = outcome.measured;
    if (skipped === undefined) return check(outcome);
    return reason.test(skipped) ? [] : [`skipped, and not for a reason that counts: ${skipped}`];
  };
}

export const isDisabled: Check = ({ measured: { before, after } }) =>
  (after ?? before)?.state === 'disabled' ? [] : [`state ${(after ?? before)?.state}, expected disabled`];

export function all(...checks: readonly Check[]): Check {
  return (outcome) => [
    ...(outcome.error === undefined ? [] : [`the scenario could not be played: ${outcome.error}`]),
    ...checks.flatMap((check) => check(outcome)),
  ];
}
