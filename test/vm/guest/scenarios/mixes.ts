// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { HogReport, SleeperReport } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

/** One after the other; each starts at most `crowd` tasks at a time. */
const STRESSORS: readonly { readonly argv: readonly string[]; readonly crowd: number }[] = [
  { argv: ['--affinity', '2', '--affinity-rand'], crowd: 2 },
  { argv: ['--fork', '2', '--fork-max', '8'], crowd: 18 },
  // Real-time and deadline tasks, asleep nearly all the time.
  { argv: ['--cyclic', '1', '--cyclic-policy', 'fifo', '--cyclic-sleep', '1000000'], crowd: 2 },
  // From one policy to the next, in and out of sched_ext.
  { argv: ['--schedpolicy', '4'], crowd: 4 },
  { argv: ['--yield', '2'], crowd: 4 },
  { argv: ['--switch', '2'], crowd: 4 },
  { argv: ['--mutex', '1', '--mutex-procs', '4'], crowd: 5 },
  { argv: ['--futex', '2'], crowd: 4 },
];

/** What schedulers stumbled over before, beside hogs and a sleeper. */
export const stressMixes: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(2);
  const sleeper = await stage.sleeper({ periodUs: 20_000, workUs: 500 });
  const before = kernelView();
  const reports: HogReport[] = [];
  const sleepers: SleeperReport[] = [];
  let failed = 0;
  const seconds = stage.seconds(4);
  for (const { argv } of STRESSORS) {
    await Promise.all(hogs.map((hog) => hog.lap()));
    await sleeper.lap();
    const stress = stage.run('stress-ng', ...argv, '--timeout', String(seconds), '--quiet');
    await Promise.race([stress.exited, sleep((seconds + 15) * 1000)]);
    if (stress.code !== 0) failed++;
    stress.kill();
    const name = argv[0].slice(2);
    for (const hog of hogs) reports.push({ ...(await hog.lap()), name: `hog beside ${name}` });
    sleepers.push({ ...(await sleeper.lap()), name: `sleeper beside ${name}` });
  }
  return {
    before,
    after: kernelView(),
    hogs: reports,
    sleepers,
    values: { crowd: Math.max(...STRESSORS.map((stressor) => stressor.crowd)), failed },
    ...(await scheduler.counters()),
  };
};
