// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs';
import type { Measured } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER } from '../scheduler.ts';
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
