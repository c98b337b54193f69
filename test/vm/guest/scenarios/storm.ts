// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { HogReport, SleeperReport } from '../../plan.ts';
import { Dice, groupsOf, type SmallFault } from '../../soak/storm.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER, installPolicy } from '../scheduler.ts';
import type { Scenario } from '../stage.ts';
import { FAULTS, POLICY, STRATEGIES_FILE } from '../storm/faults.ts';
import { Population } from '../storm/population.ts';

async function carryOut({ index, kind }: SmallFault, those: Population, seed: number): Promise<void> {
  try {
    await FAULTS[kind].act(those, new Dice(seed, index));
  } catch (error) {
    throw new Error(`#${index} ${kind}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Small faults, up to three at a time, to one population under one scheduler. Names of what they do begin with #INDEX. */
export const storm: Scenario = async (stage) => {
  const { seed, faults } = stage.request.storm ?? { seed: 0, faults: [] };
  mkdirSync(FOLDER, { recursive: true });
  rmSync(`${FOLDER}/favoured`, { force: true });
  writeFileSync(STRATEGIES_FILE, JSON.stringify({ strategies: [{ command_regex: '^web', priority: 0 }] }));
  const policy = stage.request.dispatch === 'kernel' ? {} : { policy: installPolicy('shuffles', POLICY) };
  const scheduler = await stage.scheduler({ config: { strategiesFile: STRATEGIES_FILE, ...policy } });
  const those = await Population.gather(stage, scheduler);
  const before = kernelView();
  await those.lap('at first');
  const hogs: HogReport[] = [];
  const sleepers: SleeperReport[] = [];
  let played = 0;
  let tasks = 0;
  for (const group of groupsOf(seed, faults)) {
    const name = group.map(({ index, kind }) => `#${index} ${kind}`).join(' ');
    // The last of these lines tells what a machine that has died died of.
    process.stderr.write(`storm: ${name}\n`);
    await Promise.all(group.map((fault) => carryOut(fault, those, seed)));
    const reports = await those.lap(name);
    hogs.push(...reports.hogs);
    sleepers.push(...reports.sleepers);
    played += group.length;
    tasks = Math.max(
      tasks,
      group.reduce((sum, { kind }) => sum + (FAULTS[kind].tasks ?? 0), those.size),
    );
  }
  return { before, after: kernelView(), hogs, sleepers, values: { played, tasks }, ...(await scheduler.counters()) };
};
