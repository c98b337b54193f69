// SPDX-License-Identifier: Apache-2.0
import {
  all,
  type Check,
  cameBack,
  complainedOf,
  counted,
  countedAtMost,
  crowdKept,
  exitsWith,
  favouredIsBounded,
  heardWithin,
  isDisabled,
  logged,
  noComplaints,
  promiseKept,
  promiseMs,
  promiseTimes,
  servedBefore,
  sharesWithin,
  stayedInForce,
  unlessSkipped,
  valueAtLeast,
  valueIs,
  valueWithin,
  weightsCount,
} from './checks.ts';
import type { Outcome } from './plan.ts';

const lived = all(stayedInForce, promiseKept);
const onlyHybrid =
  (check: Check): Check =>
  (outcome) =>
    outcome.request.dispatch === 'hybrid' ? check(outcome) : [];

function sleeperBy(outcome: Outcome, name: string): { p50Us: number; p99Us: number } {
  const found = outcome.measured.sleepers?.find((sleeper) => sleeper.name === name);
  return found ?? { p50Us: Number.POSITIVE_INFINITY, p99Us: Number.POSITIVE_INFINITY };
}

/** Priority 0 reaches all three ways in; priority 10 comes earlier than without, and not as early as 0. */
const strategiesWork: Check = (outcome) => {
  const before = sleeperBy(outcome, 'before web-run');
  const failures = ['after web-run', 'after web-exec', 'after web-forked'].flatMap((name) => {
    const after = sleeperBy(outcome, name);
    return after.p99Us < before.p99Us / 2
      ? []
      : [`${name}: p99 ${after.p99Us} us, before the strategy ${before.p99Us} us`];
  });
  const early = sleeperBy(outcome, 'after early-run');
  const other = sleeperBy(outcome, 'after other-run');
  if (early.p50Us > other.p50Us)
    failures.push(`priority 10 waits ${early.p50Us} us (p50), no strategy ${other.p50Us} us`);
  return failures;
};

/** After each switch of a CPU it came back by itself, without a pause, and said why. */
const switchedOnAndOff: Check = (outcome) => {
  const { switches = 0 } = outcome.measured.values ?? {};
  return all(
    cameBack(switches),
    noComplaints,
    promiseKept,
    valueAtLeast('switches', 2),
    valueIs('explained', switches),
    valueIs('paused', 0),
    valueWithin('backMs', 40_000),
  )(outcome);
};

/** What is stopped uses nothing, and leaves the CPUs to the others. */
const halved = all(valueWithin('haltedCpuMs', 20), valueAtLeast('othersPercent', 90));

/** The kernel's share for sched_ext beside real-time tasks comes once a second. */
const EXT_SERVER_PERIOD_MS = 1000;

/**
 * Beside a real-time task that never sleeps: where the kernel keeps a share for sched_ext, nobody is thrown out, and waits
 * are those of that share. Elsewhere the kernel may throw the scheduler out, which then says why and comes back.
 */
const realtime: Check = (outcome) => {
  const { extServer = 0, ejected = 0 } = outcome.measured.values ?? {};
  const thrownOut = all(
    complainedOf(/sched_ext: .* (disabled|errored|failed to run|stall|did ?n.t run|\(runnable)/),
    cameBack(1),
    // Tasks that no other CPU may serve, and nobody else: not our policy's thread, not a task that may run elsewhere.
    logged('ejected', /ERROR_STALL.*"explanation":"(The kernel's own check|Task (kworker|ksoftirqd|rcu))/),
    logged('attaching again in 5 s', /"pauseSeconds":5/),
  );
  const served: Check = ({ measured: { hogs = [] } }) =>
    hogs
      .filter((hog) => hog.maxGapMs > EXT_SERVER_PERIOD_MS + promiseMs(hogs.length, outcome.cpus))
      .map((hog) => `${hog.name} did not run for ${hog.maxGapMs} ms`);
  if (ejected === 0) return all(stayedInForce, served)(outcome);
  return extServer === 1 ? ['thrown out although the kernel keeps a share for it'] : thrownOut(outcome);
};

/** What each scenario of guest/scenarios must show. */
export const expectations: Readonly<Record<string, Check>> = {
  attach: all(
    stayedInForce,
    mapLines,
    exitsWith(0, /Scheduler config: SLICE_NS_DEFAULT=\d+/, /bss data: \{"/, /scheduler exit/),
  ),
  killed: all(isDisabled, promiseKept, valueWithin('disabledMs', 1000)),
  second: all(stayedInForce, exitsWith(1, /another sched_ext scheduler is in force: gthulhu/)),
  none: all(isDisabled, exitsWith(0, /monitor-only/)),
  frozen: all(lived, onlyHybrid(counted(1, 'nr_silent', 'nr_ring_full')), crowdEnded, stoodStill),
  ringFull: all(lived, onlyHybrid(counted(1, 'nr_silent', 'nr_ring_full'))),
  affinityChurn: lived,
  pinned: all(lived, sharesWithin(0.6, 1.6)),
  forkStorm: lived,
  weights: all(lived, weightsCount),
  ownThreads: all(lived, onlyHybrid(heardWithin(3000)), sharesWithin(0.5, 1.5)),
  policyThrows: all(lived, counted(1, 'policy_restarts'), sharesWithin(0.5, 1.5)),
  policyHangs: all(lived, counted(1, 'policy_restarts'), sharesWithin(0.5, 1.5)),
  policyNaN: all(lived, counted(1, 'policy_restarts'), sharesWithin(0.5, 1.5)),
  policySlow: all(lived, sharesWithin(0.5, 1.5)),
  policyPartial: all(lived, counted(1, 'nr_applied'), counted(1, 'nr_late'), sharesWithin(0.5, 1.5)),
  policyShuffles: all(lived, counted(100, 'nr_applied'), countedAtMost(0, 'nr_broken_promises')),
  favoursZero: all(lived, counted(1, 'nr_clamped'), favouredIsBounded),
  delaysOthers: all(lived, counted(1, 'nr_clamped'), favouredIsBounded),
  strategies: all(stayedInForce, strategiesWork),
  crowd5000: all(lived, crowdKept),
  stressMixes: all(lived, valueIs('failed', 0)),
  realtimeHogFree: realtime,
  realtimeHogPinned: realtime,
  // It waits for a turn of the weak task that holds the mutex: its own promise, and the other's.
  inversionMutex: all(stayedInForce, promiseTimes(2), valueAtLeast('held', 5)),
  inversionFault: all(
    stayedInForce,
    promiseTimes(2),
    valueAtLeast('stolen', 100),
    valueAtLeast('kswapd', 1),
    valueAtLeast('touched', 100),
  ),
  freezer: all(lived, halved, sharesWithin(0.5, 1.5)),
  jobControl: all(lived, halved, sharesWithin(0.5, 1.5)),
  traced: all(lived, valueAtLeast('held', 10), valueIs('tracerCode', 0), othersWhileTraced, sharesWithin(0.5, 1.5)),
  execSetuid: all(
    lived,
    valueIs('failed', 0),
    valueIs('effectiveUid', 0),
    servedBefore('plain', 'web-suid', 'web-forked'),
  ),
  userNamespaces: all(lived, sharesWithin(0.5, 1.5), servedBefore('plain', 'web-user')),
  cpuHotplug: switchedOnAndOff,
  smtSiblings: all(cameBack(2, 4), noComplaints, promiseKept, valueIs('paused', 0), valueWithin('backMs', 40_000)),
  suspendResume: unlessSkipped(
    /^this kernel has no \/sys\/power\/pm_test/,
    all(stayedInForce, promiseKept, valueIs('told', 3), valueAtLeast('asleepMs', 6000)),
  ),
  sysrqS: all(
    isDisabled,
    complainedOf(/disabled \(disabled by sysrq-S\)/),
    exitsWith(1, /ended the scheduler by SysRq-S\. It stays off until it is started again/, /scheduler exit/),
    valueWithin('disabledMs', 1000),
    promiseKept,
  ),
};

/** Who is not traced has its CPU as promised. */
function othersWhileTraced(outcome: Outcome): string[] {
  const hogs = outcome.measured.hogs?.length ?? 0;
  return valueWithin('othersMaxGapMs', promiseMs(hogs, outcome.cpus))(outcome);
}

/** The scheduler process stood still all the time: by the guest's clock, and by the CPU time of its threads. */
function stoodStill(outcome: Outcome): string[] {
  const { stoodStillMs = 0, ranMs = Number.NaN } = outcome.measured.values ?? {};
  const seconds = outcome.request.seconds ?? 15;
  return [
    ...(stoodStillMs >= seconds * 1000 ? [] : [`it stood still for ${stoodStillMs} ms, expected ${seconds} s`]),
    ...(ranMs === 0 ? [] : [`it ran for ${ranMs} ms while it should have stood still`]),
  ];
}

/** One line for each real map, each with its type. */
function mapLines({ measured: { exits = [] } }: Outcome): string[] {
  const maps = exits[0]?.log.split('\n').filter((line) => line.startsWith('map: ')) ?? [];
  const wrong = maps.filter((line) => !/^map: \S+, type: BPF_MAP_TYPE_[A-Z_]+, fd: \d+$/.test(line));
  return maps.length > 0 ? wrong.map((line) => `not a map line: ${line}`) : ['no map is told of'];
}

/** The short tasks beside a scheduler that stands still came to their end. */
function crowdEnded({ measured: { values } }: Outcome): string[] {
  return values?.crowdCode === 0 ? [] : ['the short tasks did not end while the scheduler stood still'];
}
