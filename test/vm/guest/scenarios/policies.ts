// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs';
import type { Measured } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER, installPolicy, type Scheduler } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';

/** Hogs under a policy of the tests. What the policy is told about them is in a file that it reads once it is there. */
async function under(
  stage: Stage,
  policy: string,
  options: { hogs?: number; seconds?: number } = {},
): Promise<Measured> {
  // Of an earlier scenario, and its task is gone.
  rmSync(`${FOLDER}/favoured`, { force: true });
  const scheduler = await stage.scheduler({ policy });
  const hogs = await stage.hogs(options.hogs ?? 6 * stage.cpus);
  writeFileSync(`${FOLDER}/favoured`, String(hogs[0].program.pid));
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(options.seconds ?? 3));
  const after = kernelView();
  return { before, after, hogs: reports, ...(await scheduler.counters()) };
}

export const policyThrows: Scenario = (stage) => under(stage, 'throws');
export const policyHangs: Scenario = (stage) => under(stage, 'hangs');
export const policyNaN: Scenario = (stage) => under(stage, 'not-a-number');
export const policySlow: Scenario = (stage) => under(stage, 'slow');
/** Opinions about some of the tasks only: those about the others come too late. */
export const policyPartial: Scenario = (stage) => under(stage, 'partial');
export const favoursZero: Scenario = (stage) => under(stage, 'favours-zero');
export const delaysOthers: Scenario = (stage) => under(stage, 'delays-others');
/** Opinions about nearly all: whoever is never asked about, as kernel threads are, must get on all the same. */
export const policyShuffles: Scenario = (stage) => under(stage, 'shuffles', { hogs: 16, seconds: 7 });

/** From a change of the policy's file to the line that tells of its trial, on a busy emulated machine. */
const TRIAL_LIMIT_MS = 60_000;

async function told(scheduler: Scheduler, from: number, text: string): Promise<number> {
  const start = performance.now();
  await scheduler.program.line((line) => line.includes(text), TRIAL_LIMIT_MS, from);
  return performance.now() - start;
}

/** A policy is replaced by a good one, then by one that fails its trial, while everybody wants the CPU. */
export const policyReload: Scenario = async (stage) => {
  rmSync(`${FOLDER}/favoured`, { force: true });
  const scheduler = await stage.scheduler({ config: { policy: installPolicy('shuffles', 'reloaded') } });
  const hogs = await stage.hogs(6 * stage.cpus);
  const before = kernelView();
  for (const hog of hogs) await hog.lap();
  const first = await scheduler.counters();

  writeFileSync(`${FOLDER}/favoured`, String(hogs[0].program.pid));
  const from = scheduler.program.lines.length;
  installPolicy('delays-others', 'reloaded');
  const reloadMs = await told(scheduler, from, '"policy reloaded"');
  scheduler.mark();
  const second = await scheduler.counters();

  // The task to favour is there now: this one fails at once.
  installPolicy('throws', 'reloaded');
  const refuseMs = await told(scheduler, from, '"policy not reloaded"');
  scheduler.mark();
  const third = await scheduler.counters();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  return {
    before,
    after: kernelView(),
    hogs: reports,
    ...third,
    maxSilenceMs: Math.max(...[first, second, third].map(({ maxSilenceMs = 0 }) => maxSilenceMs)),
    values: {
      reloadMs,
      refuseMs,
      clampedByFirst: first.counters?.nr_clamped ?? 0,
      clampedBySecond: second.counters?.nr_clamped ?? 0,
    },
  };
};
