// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelView } from '../kernel.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Scenario } from '../stage.ts';

/** Resolves with the CPU time, ms, of all of its threads, as soon as each of them is stopped. */
async function stoodStill({ program: { pid } }: Scheduler): Promise<number> {
  for (const start = performance.now(); ; await sleep(10)) {
    const threads = readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`);
    const states = threads.map((thread) => /^State:\s+(\S)/m.exec(readFileSync(`${thread}/status`, 'utf8'))?.[1]);
    if (states.every((state) => state === 'T'))
      return (
        threads.reduce((sum, thread) => sum + Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]), 0) /
        1e6
      );
    if (performance.now() - start > 5000)
      throw new Error(`the scheduler's threads are not stopped: ${states.join(' ')}`);
  }
}

/** The scheduler process stands still under load. Nobody must notice. */
export const frozen: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(3 * stage.cpus + 1);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  scheduler.signal('SIGSTOP');
  const stopped = performance.now();
  const ran = await stoodStill(scheduler);
  // Short tasks too, for a while: new ones must not wait for the one that stands still either.
  const crowd = stage.run('hackbench', '-g', '1', '-l', '20');
  await sleep(stage.seconds(15) * 1000);
  const after = kernelView();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  const stoodStillMs = performance.now() - stopped;
  const ranMs = (await stoodStill(scheduler)) - ran;
  scheduler.signal('SIGCONT');
  const { counters } = await scheduler.counters();
  return {
    before,
    after,
    hogs: reports,
    ...(counters && { counters }),
    values: { crowd: 40, crowdCode: crowd.code ?? -1, stoodStillMs, ranMs },
  };
};

/** The same, with more enqueues in its first second than the ring holds. */
export const ringFull: Scenario = async (stage) => {
  const scheduler = await stage.scheduler({ config: { opinionBudgetPercent: 50 } });
  const hogs = await stage.hogs(2 * stage.cpus);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  const crowd = stage.run('hackbench', '-g', '1', '-l', '100000');
  await sleep(300);
  scheduler.signal('SIGSTOP');
  await sleep(stage.seconds(3) * 1000);
  const after = kernelView();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  crowd.kill();
  scheduler.signal('SIGCONT');
  return { before, after, hogs: reports, values: { crowd: 40 }, ...(await scheduler.counters()) };
};
