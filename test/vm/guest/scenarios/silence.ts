// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

/** The scheduler process stands still under load. Nobody must notice. */
export const frozen: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(3 * stage.cpus + 1);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  scheduler.signal('SIGSTOP');
  // Short tasks too, for a while: new ones must not wait for the one that stands still either.
  const crowd = stage.run('hackbench', '-g', '1', '-l', '20');
  await sleep(stage.seconds(15) * 1000);
  const after = kernelView();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  scheduler.signal('SIGCONT');
  const { counters } = await scheduler.counters();
  return {
    before,
    after,
    hogs: reports,
    ...(counters && { counters }),
    values: { crowd: 40, crowdCode: crowd.code ?? -1 },
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
