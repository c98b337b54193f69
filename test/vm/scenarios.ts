// SPDX-License-Identifier: Apache-2.0
import {
  all,
  type Check,
  counted,
  countedAtMost,
  evenAmong,
  exitsWith,
  favouredIsBounded,
  heardWithin,
  isDisabled,
  logSays,
  promiseKept,
  sameValue,
  shareBetween,
  sharesWithin,
  stayedInForce,
  valueBetween,
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

/** An urgent task waits no longer beside hogs than alone, but for a fifth: what it takes to push somebody aside. */
const urgentIsQuick: Check = (outcome) => {
  const idle = sleeperBy(outcome, 'idle').p99Us;
  const loaded = sleeperBy(outcome, 'loaded').p99Us;
  return loaded <= 1.2 * idle ? [] : [`p99 of the urgent task: ${loaded} us beside hogs, ${idle} us alone`];
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
  frozen: all(lived, onlyHybrid(counted(1, 'nr_silent', 'nr_ring_full')), crowdEnded),
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
  urgentOrder: all(lived, shareBetween('strong', 0.5, 0.7), shareBetween('lesser', 0.02, 0.2)),
  slices: all(lived, valueBetween('shortTurnMs', 0.9, 1.4), valueBetween('longTurnMs', 18, 24)),
  tickless: all(lived, valueBetween('ticksASecond', 0, 60), sharesWithin(0.9, 1.1)),
  exclusive: all(lived, evenAmong('pool', 0.05), countedAtMost(0, 'nr_masks_refused')),
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
};

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
