// SPDX-License-Identifier: Apache-2.0
import {
  all,
  type Check,
  cameBack,
  complainedOf,
  counted,
  countedAtMost,
  crowdEven,
  crowdKept,
  EXT_SERVER_PERIOD_MS,
  evenAmong,
  exitsWith,
  favouredIsBounded,
  heardWithin,
  isDisabled,
  logged,
  logSays,
  noComplaintsBut,
  promiseAmong,
  promiseBesideRealtime,
  promiseKept,
  promiseMs,
  promiseTimes,
  sameValue,
  servedBefore,
  shareBetween,
  sharesWithin,
  stayedInForce,
  timesTheCpu,
  undisturbed,
  unlessSkipped,
  valueAtLeast,
  valueBetween,
  valueIs,
  valueWithin,
  weightsCount,
} from './checks.ts';
import type { Outcome } from './plan.ts';
import { missingInOrder, publishedLog } from './published-log.ts';

/** Tasks start in the order that the policy decided, about as often as it decided. */
const policyDecided: Check = ({ measured: { counters = {} } }) => {
  const { nr_user_dispatches: dispatched = 0, nr_applied: applied = 0 } = counters;
  return [
    ...(dispatched > 0 ? [] : ['no task started in the order of the policy']),
    ...(Math.abs(dispatched - applied) <= 0.1 * applied + 50
      ? []
      : [`${dispatched} tasks started in the order of the policy, which decided about ${applied}`]),
  ];
};

/** Direct reclaim and a read from the disk, a few times over. */
const SLEEPS_WITH_LOCK = 8;
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

/** An urgent task waits no longer beside hogs than alone, but for a fifth: what it takes to push somebody aside. */
const urgentIsQuick: Check = (outcome) => {
  const idle = sleeperBy(outcome, 'idle').p99Us;
  const loaded = sleeperBy(outcome, 'loaded').p99Us;
  return loaded <= 1.2 * idle ? [] : [`p99 of the urgent task: ${loaded} us beside hogs, ${idle} us alone`];
};

/** What the budget of the band leaves is enough for the others, and they get it in time. */
const manyBesideUrgent = all(
  lived,
  crowdKept(),
  valueBetween('bandPercent', 50, 70),
  counted(1, 'nr_urgent_over_budget'),
  countedAtMost(0, 'nr_broken_promises'),
);

/** As quick in the middle; the scheduler itself, which says once a second that the budget is used, may come in between. */
const strongestIsQuick: Check = (outcome) => {
  const idle = sleeperBy(outcome, 'idle');
  const loaded = sleeperBy(outcome, 'loaded');
  return loaded.p50Us <= 1.2 * idle.p50Us && loaded.p99Us <= 1000
    ? []
    : [
        `of the strongest: p50 ${loaded.p50Us} us, p99 ${loaded.p99Us} us beside weaker urgent ones, ${idle.p50Us} us alone`,
      ];
};

/**
 * Linux 6.12 stops the server of the fair class when a CPU goes off, also where it is stopped already, as under every
 * sched_ext scheduler: its share is subtracted twice (sched_cpu_dying -> dl_server_stop), at once or by the timer that the
 * stop has started. The kernel goes on with 0. The same with a scheduler that has no code but a counter. Not seen on 7.x.
 */
const SERVER_STOPPED_TWICE =
  /WARNING: CPU: \d+ PID: \d+ at kernel\/sched\/deadline\.c:(265 (task_non_contending|inactive_task_timer)|428 task_non_contending)\+/;

/**
 * Noticing, a pause for the CPUs that follow, and attaching what is loaded already: up to 4 s on an emulated machine. Loaded
 * anew it would be 40 s and more there.
 */
const BACK_MS = 10_000;

/** After each switch of a CPU it came back by itself, without a pause, and said why. */
const switchedOnAndOff: Check = (outcome) => {
  const { switches = 0 } = outcome.measured.values ?? {};
  return all(
    cameBack(switches),
    noComplaintsBut(SERVER_STOPPED_TWICE),
    promiseKept,
    valueAtLeast('switches', 2),
    valueIs('explained', switches),
    valueIs('paused', 0),
    valueWithin('backMs', BACK_MS),
    counted(1, 'nr_preempting'),
  )(outcome);
};

/** What is stopped uses nothing, and leaves the CPUs to the others. */
const halved = all(valueWithin('haltedCpuMs', 20), valueAtLeast('othersPercent', 90));

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
      // The server's turn is 50 ms: somebody may come last in it, and has its own in the next.
      .filter((hog) => hog.maxGapMs > 2 * EXT_SERVER_PERIOD_MS + promiseMs(hogs.length, outcome.cpus))
      .map((hog) => `${hog.name} did not run for ${hog.maxGapMs} ms`);
  if (ejected === 0) return all(stayedInForce, served)(outcome);
  return extServer === 1 ? ['thrown out although the kernel keeps a share for it'] : thrownOut(outcome);
};

/** In the middle; whatever comes in between, such as the thread that answers about the turn before, does not end one. */
const turnsAsGiven = all(
  valueAtLeast('shortTurns', 200),
  valueBetween('shortTurnMs', 0.95, 1.2),
  valueBetween('longTurnMs', 19, 21),
  sharesWithin(0.8, 1.2),
);

/** What each scenario of guest/scenarios must show. */
export const expectations: Readonly<Record<string, Check>> = {
  // From a POST to the kernel; without a stream one interval, and what it takes with one.
  apiLatency: all(
    stayedInForce,
    valueIs('changes', 200),
    // Also of the first 200, which pay for code that is compiled while it gets hot; seen warm: 34 to 71.
    valueWithin('coldP99Ms', 200),
    valueWithin('postP99Ms', 100),
    valueAtLeast('streamsCut', 1),
    valueWithin('polledMaxMs', 2100),
  ),
  // The same by label, with 1,000 containers and 200 strategies, and what the node API says of it.
  workloadStrategies: all(
    stayedInForce,
    valueAtLeast('workloads', 1000),
    valueIs('changes', 100),
    valueWithin('postP99Ms', 100),
    valueWithin('commandP99Ms', 10),
    valueBetween('scopeByNameP99Ms', 0, 10),
    valueBetween('scopeBySliceP99Ms', 0, 10),
    valueIs('agrees', 1),
    valueIs('byCgroup', 1),
    valueIs('named', 1),
    valueIs('first', 6),
    valueIs('firstAtOnce', 1),
    valueIs('firstAgrees', 1),
    valueIs('unnamed', 1),
    valueIs('everybodyElse', 3),
    valueIs('ownProtected', 2),
    valueIs('ownEntries', 0),
    valueIs('daemonsTouched', 0),
    valueIs('leftAgrees', 1),
  ),
  apiLog: all(exitsWith(0, /receive os signal/, /uei: kind=/, /scheduler exit/), saysWhatWasPublished, mapsAreReal),
  userDispatches: policyDecided,
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
  policyReload: all(
    lived,
    countedAtMost(0, 'policy_restarts'),
    heardWithin(3000),
    valueWithin('clampedByFirst', 0),
    valueBetween('clampedBySecond', 1, Number.POSITIVE_INFINITY),
    counted(1, 'nr_clamped'),
    sharesWithin(0.5, 1.5),
  ),
  favoursZero: all(lived, counted(1, 'nr_clamped'), favouredIsBounded),
  delaysOthers: all(lived, counted(1, 'nr_clamped'), favouredIsBounded),
  strategies: all(stayedInForce, strategiesWork),
  urgent: all(lived, urgentIsQuick, counted(1, 'nr_preempting')),
  urgentFlood: all(lived, shareBetween('flood', 0.55, 0.65), counted(1, 'nr_urgent_over_budget')),
  urgentCrowd: manyBesideUrgent,
  urgentThrong: manyBesideUrgent,
  urgentPinnedCrowd: all(lived, crowdKept(1), countedAtMost(0, 'nr_broken_promises')),
  urgentRescued: all(
    lived,
    counted(1, 'nr_rescued'),
    counted(1, 'nr_urgent_over_budget'),
    valueIs('commandsCode', 0),
    valueWithin('commandsMs', 20_000),
  ),
  urgentOnly: all(lived, strongestIsQuick, shareBetween('middling', 0.55, 0.8), shareBetween('lesser', 0.2, 0.45)),
  urgentApart: all(lived, shareBetween('lesser', 0.55, 0.65), counted(1, 'nr_urgent_over_budget')),
  idlePolicy: all(lived, gaveWayAtOnce),
  // That they took their time is what makes it a test; the least that hogs have of a CPU with six others is a quarter.
  exiting: all(lived, valueAtLeast('endedMs', 500), shareOfTheCpu(0.2)),
  // There and back once in a shortest slice, 0.5 ms; for each message it would be twenty thousand.
  messages: all(lived, valueWithin('switchesASecond', 4500)),
  urgentOrder: all(lived, shareBetween('strong', 0.5, 0.7), shareBetween('lesser', 0.02, 0.2)),
  slices: all(lived, turnsAsGiven),
  tickless: all(
    lived,
    valueBetween('ticksASecond', 0, 6),
    valueAtLeast('leastPercent', 50),
    sharesWithin(0.9, 1.1),
    // without ticks the kernel itself looks once a second
    countedAtMost(500_000_000, 'max_wait_ns'),
  ),
  exclusive: all(lived, evenAmong('pool', 0.05), alone('exclusive'), countedAtMost(0, 'nr_masks_refused')),
  // By the kernel's own table, nice 0 counts 3.06 times nice 5.
  exclusiveWeights: all(
    lived,
    timesTheCpu('strong', 'weak', 2.8, 3.3),
    evenAmong('pair', 0.05),
    alone('alone'),
    countedAtMost(0, 'nr_masks_refused'),
  ),
  cgroupPolicies: all(
    stayedInForce,
    // The nearest entry counts: the container's, and the pod's for the container without one.
    valueIs('container', 12),
    valueIs('named', 1),
    valueIs('levels', 1),
    valueIs('bothThreads', 2),
    valueIs('outside', -1),
    valueIs('forked', 12),
    valueIs('forkedAtOnce', 1),
    valueIs('cloned', 5),
    valueIs('clonedSliceUs', 2000),
    valueIs('clonedAtOnce', 1),
    valueIs('inner', 12),
    valueIs('innerAtOnce', 1),
    valueIs('movedThreads', 2),
    valueIs('leftBehind', 12),
    valueIs('movedOut', 2),
    // Units that no entry is for yet: by their names, where only slices are above them.
    valueIs('unitByName', 7),
    valueIs('unitNamed', 1),
    valueBetween('unitMs', 0, 10),
    valueIs('unitBySlice', 8),
    valueIs('unitInside', 8),
    valueIs('unitStrangers', 0),
    valueIs('unitInPod', 9),
    valueIs('everybody', 3),
    valueAtLeast('kernelThreads', 10),
    valueIs('kernelThreadsTouched', 0),
    valueIs('ownTouched', 0),
    valueIs('refused', 1),
    valueIs('afterRefusal', 3),
    valueIs('left', 0),
    valueIs('entriesLeft', 0),
  ),
  commandPolicies: all(
    stayedInForce,
    valueIs('plain', 14),
    valueBetween('renamedMs', 0, 1000),
    valueIs('weaker', 14),
    valueBetween('unboundMs', 0, 1000),
    valueIs('successorHasTheNumber', 1),
    valueIs('successor', -1),
    valueBetween('leaderMs', 0, 1000),
    valueIs('child', 2),
    valueIs('childAtOnce', 1),
    valueIs('emigrant', 1),
    valueBetween('emigrantMs', 0, 1000),
    valueBetween('immigrantMs', 0, 1000),
    valueIs('movedOutAtOnce', 1),
    valueBetween('movedOutMs', 0, 1000),
    valueBetween('movedInMs', 0, 1000),
    valueIs('podOnly', 14),
    valueIs('unboundOnly', -1),
    valueIs('known', 100),
    valueBetween('knownMs', 0, 1000),
    valueBetween('anewMs', 0, 1000),
    valueBetween('heirMs', 0, 1000),
    valueIs('left', 0),
  ),
  cpusOfStrategies: all(
    lived,
    valueIs('crowdOn', 1),
    valueIs('crowdOnLast', 1),
    valueIs('affinityKept', 1),
    valueIs('restricted', 1),
    valueIs('boundOn', 0),
    (outcome) => valueIs('releasedOn', outcome.cpus)(outcome),
    valueIs('loneMoved', 1),
    valueAtLeast('lonePercent', 95),
    valueIs('sleeperThere', 1),
    counted(1, 'nr_cpus_ignored'),
  ),
  takeoverKilled: all(
    lived,
    sameValue('orphanSeq', 'seq'),
    logSays(/adopted the scheduler that is in force/),
    onlyHybrid(counted(1, 'nr_user_dispatches')),
    countedAtMost(0, 'nr_broken_promises'),
  ),
  takeoverOff: all(
    isDisabled,
    exitsWith(0),
    sameValue('orphanSeq', 'seq'),
    sameValue('adoptedSeq', 'seq'),
    valueWithin('left', 0),
    valueWithin('disabledMs', 10_000),
    logSays(/the scheduler stays in force/),
    logSays(/adopted the scheduler that is in force/),
    logSays(/was ended by its pins/),
    offReports,
  ),
  takeoverDead: all(attachedAnew, notTakenOver('sched_ext is disabled')),
  takeoverOtherwise: all(attachedAnew, notTakenOver('its slice_default_ns is 5000000, wished for is 7000000')),
  takeoverUnpinned: all(attachedAnew, valueWithin('pins', 0), notTakenOver('scheduler.pin is false')),
  takeoverHalf: all(attachedAnew, notTakenOver('it was never attached, its link is missing')),
  takeoverOrphan: all(isDisabled, sameValue('aliveSeq', 'seq'), valueWithin('disabledMs', 15_000)),
  // Many small faults, one after the other and at the same time. The scheduler itself counts each wait.
  storm: all(stayedInForce, promiseAmong('tasks', 2), countedAtMost(0, 'nr_broken_promises'), (outcome) =>
    valueIs('played', outcome.request.storm?.faults.length ?? Number.NaN)(outcome),
  ),
  crowd5000: all(lived, crowdKept()),
  exclusiveCrowd: all(
    stayedInForce,
    // A turn of half a millisecond may be over while the other emulated CPUs have theirs: then it was one only to the
    // scheduler, which counts each wait by itself.
    crowdKept(2, 1.25),
    crowdEven(0.05),
    undisturbed('exclusive', 95),
    countedAtMost(0, 'nr_broken_promises'),
    countedAtMost(0, 'nr_masks_refused'),
  ),
  stressMixes: all(
    stayedInForce,
    of((name) => !besideRealtime(name), promiseKept),
    of(besideRealtime, promiseBesideRealtime),
    valueIs('failed', 0),
  ),
  realtimeHogFree: realtime,
  realtimeHogPinned: realtime,
  // It waits for a turn of the weak task that holds the mutex: its own promise, and the other's.
  inversionMutex: all(stayedInForce, promiseTimes(2), valueAtLeast('held', 5)),
  inversionFault: all(
    stayedInForce,
    countedAtMost(0, 'nr_broken_promises'),
    of((name) => name !== 'mapping', promiseKept),
    // The weak task sleeps for memory while it holds the lock, and waits for its turn each time it wakes.
    of((name) => name === 'mapping', promiseTimes(SLEEPS_WITH_LOCK)),
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
  smtSiblings: all(
    cameBack(2, 4),
    noComplaintsBut(SERVER_STOPPED_TWICE),
    promiseKept,
    valueIs('paused', 0),
    valueWithin('backMs', BACK_MS),
  ),
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

/** On a CPU that the pool may not use. Our own threads may, and in `strict` they answer about every turn of everybody else. */
function alone(name: string): Check {
  return (outcome) => undisturbed(name, outcome.request.dispatch === 'strict' ? 70 : 90)(outcome);
}

/** Mostly: now and then somebody else of its kind runs there, such as the scheduler's main thread. By ticks it is 2 ms. */
function gaveWayAtOnce({ measured: { sleepers = [] } }: Outcome): string[] {
  const [sleeper] = sleepers;
  return sleeper !== undefined && sleeper.p50Us <= 500 ? [] : [`it gave way after ${sleeper?.p50Us} us`];
}

/** All hogs together had as much of one CPU, at least. */
function shareOfTheCpu(least: number): Check {
  return ({ measured: { hogs = [] } }) => {
    const share = hogs.reduce((sum, { cpuMs, wallMs }) => sum + cpuMs / wallMs, 0);
    return share >= least ? [] : [`they had ${share.toFixed(2)} of the CPU, expected ${least} at least`];
  };
}

/** `stress-ng --mutex` makes its threads SCHED_FIFO while they hold or want the mutex. */
function besideRealtime(name: string): boolean {
  return name.endsWith(' beside mutex');
}

/** A check of some of the tasks only. */
function of(meant: (name: string) => boolean, check: Check): Check {
  return (outcome) => {
    const { hogs = [], sleepers = [] } = outcome.measured;
    const some = <T extends { readonly name: string }>(tasks: readonly T[]): T[] =>
      tasks.filter(({ name }) => meant(name));
    return check({ ...outcome, measured: { ...outcome.measured, hogs: some(hogs), sleepers: some(sleepers) } });
  };
}

function notTakenOver(reason: string): Check {
  return logSays(new RegExp(`the pinned scheduler was not taken over.*"reason":"${reason}"`));
}

/** The one before is gone, and one of ours is in force instead of it. */
function attachedAnew({ measured: { before, after } }: Outcome): string[] {
  return after?.state === 'enabled' && /^gthulhu/.test(after.ops) && after.enableSeq === (before?.enableSeq ?? 0) + 1
    ? []
    : [`first ${JSON.stringify(before)}, then ${JSON.stringify(after)}`];
}

/** What `gthulhu off` says: once it ended something, once there was nothing. */
function offReports({ measured: { exits = [] } }: Outcome): string[] {
  const report = JSON.parse(exits[2]?.log || '{}') as { ok?: boolean; state?: string; unpinned?: string[] };
  return [
    ...(report.ok && report.state === 'disabled' && report.unpinned?.includes('link_ops')
      ? []
      : [`gthulhu off -o json said ${exits[2]?.log}`]),
    ...(/nothing is pinned/.test(exits[3]?.log ?? '') ? [] : [`a second gthulhu off said ${exits[3]?.log}`]),
  ];
}

/** Who is not traced has its CPU as promised. */
function othersWhileTraced(outcome: Outcome): string[] {
  const hogs = outcome.measured.hogs?.length ?? 0;
  return valueWithin('othersMaxGapMs', promiseMs(hogs, outcome.cpus))(outcome);
}

/** The scheduler process stood still all the time: by the guest's clock, and by its threads' CPU time, but for what a thread on another CPU takes to see the signal. */
function stoodStill(outcome: Outcome): string[] {
  const { stoodStillMs = 0, ranMs = Number.NaN } = outcome.measured.values ?? {};
  const seconds = outcome.request.seconds ?? 15;
  return [
    ...(stoodStillMs >= seconds * 1000 ? [] : [`it stood still for ${stoodStillMs} ms, expected ${seconds} s`]),
    ...(ranMs < 1 ? [] : [`it ran for ${ranMs} ms while it should have stood still`]),
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

const PUBLISHED = publishedLog({
  url: 'http://127.0.0.1:8080',
  address: '127.0.0.1:8080',
  intervalSeconds: 5,
  strategies: 4,
});

function saysWhatWasPublished({ measured: { exits = [] } }: Outcome): string[] {
  const lines = exits[0]?.log.split('\n') ?? [];
  const missing = missingInOrder(lines, PUBLISHED);
  const maps = lines.filter((line) => line.includes('Updated strategy map'));
  return [
    ...(missing === null ? [] : [`no line in its place matches ${missing}`]),
    ...(maps.length === 1 ? [] : [`the map of strategies was updated ${maps.length} times, they changed once`]),
  ];
}

/** Each line `map:` is a map that the process really has, of that type, under that descriptor. */
function mapsAreReal({ measured: { values = {} } }: Outcome): string[] {
  return values.mapsTold > 5 && values.mapsWrong === 0
    ? []
    : [`of ${values.mapsTold} map lines /proc does not know ${values.mapsWrong}`];
}
