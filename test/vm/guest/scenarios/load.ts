// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

/** Affinity changes under the scheduler's feet. */
export const affinityChurn: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(2 * stage.cpus);
  const before = kernelView();
  const seconds = stage.seconds(6);
  const churn = stage.run(
    'stress-ng',
    '--affinity',
    '4',
    '--affinity-rand',
    '--timeout',
    String(seconds + 2),
    '--quiet',
  );
  await sleep(500);
  const reports = await stage.measure(hogs, seconds - 1);
  const after = kernelView();
  churn.kill();
  return { before, after, hogs: reports, values: { crowd: 4 }, ...(await scheduler.counters()) };
};

/** Two tasks pinned to every CPU beside as many that may run anywhere: each is due the same. */
export const pinned: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const free = await stage.hogs(2 * stage.cpus, { name: 'free' });
  const pinnedOnes = await Promise.all(
    Array.from({ length: stage.cpus }, (_, cpu) => stage.hogs(2, { name: `pinned-${cpu}`, cpus: String(cpu) })),
  );
  const before = kernelView();
  const reports = await stage.measure([...free, ...pinnedOnes.flat()], stage.seconds(6));
  return { before, after: kernelView(), hogs: reports, ...(await scheduler.counters()) };
};

/** A SCHED_IDLE task gives way at once: not at the end of its slice, nor at a tick. */
export const idlePolicy: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const cpus = '0';
  // Works for longer than those who take the CPU from others because they hardly need it.
  const sleeper = await stage.sleeper({ periodUs: 20_000, workUs: 2000, cpus });
  await stage.hogs(1, { name: 'idle', cpus, prefix: ['chrt', '-i', '0'] });
  await sleep(500);
  const before = kernelView();
  await sleeper.lap();
  await sleep(stage.seconds(3) * 1000);
  return { before, after: kernelView(), sleepers: [await sleeper.lap()], ...(await scheduler.counters()) };
};

/** Of all CPUs, since boot. */
function contextSwitches(): number {
  return Number(/^ctxt (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
}

const HOLDERS = 6;
const HELD_MB = 150;

/** Processes that give back much memory when they end: that takes them long, and they have no right to more than others. */
export const exiting: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const cpus = '0';
  // In small pages, which take longest.
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'never');
  stage.atEnd(() => writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'always'));
  const hogs = await stage.hogs(2, { cpus });
  const holders = Array.from({ length: HOLDERS }, () =>
    stage.run(
      'taskset',
      '-c',
      cpus,
      'perl',
      '-e',
      `my $held = "x" x (${HELD_MB} << 20); $| = 1; print "held\\n"; sleep`,
    ),
  );
  for (const holder of holders) await holder.line((line) => line === 'held', 60_000, 0);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  const from = performance.now();
  for (const holder of holders) holder.kill();
  await Promise.all(holders.map(({ exited }) => exited));
  const endedMs = performance.now() - from;
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  const values = { crowd: HOLDERS, endedMs };
  return { before, after: kernelView(), hogs: reports, values, ...(await scheduler.counters()) };
};

/** Sends words to a child that only reads, until it is ended. The child's end says that it reads all of them. */
const SENDER = `pipe my $from, my $to; if (!fork) { close $to; 1 while sysread $from, my $word, 8; exit }
close $from; $| = 1; print "sends\n"; for (;;) { syswrite $to, "message\n"; for (1 .. 50) {} }`;

/** One that never sleeps wakes, with each message, one who mostly does and could take the CPU from it each time. */
export const messages: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const seconds = stage.seconds(3);
  const sender = stage.run('taskset', '-c', '0', 'perl', '-e', SENDER);
  await sender.line((line) => line === 'sends', 20_000, 0);
  await sleep(500);
  const before = kernelView();
  const from = contextSwitches();
  await sleep(seconds * 1000);
  const switchesASecond = (contextSwitches() - from) / seconds;
  sender.kill();
  return { before, after: kernelView(), values: { switchesASecond }, ...(await scheduler.counters()) };
};

/** Forks without end beside a task that only wants its share. */
export const forkStorm: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(1, { name: 'waiter' });
  const before = kernelView();
  const seconds = stage.seconds(5);
  const storm = stage.run('stress-ng', '--fork', '4', '--fork-max', '8', '--timeout', String(seconds + 4), '--quiet');
  await sleep(1000);
  const reports = await stage.measure(hogs, seconds);
  const after = kernelView();
  storm.kill();
  return { before, after, hogs: reports, values: { crowd: 36 }, ...(await scheduler.counters()) };
};

/** The weakest and the strongest weights on one CPU, awake and asleep. */
export const weights: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const cpus = '0';
  const sleeping = [
    await stage.sleeper({ name: 'sleeper nice 0', periodUs: 20_000, workUs: 500, cpus }),
    await stage.sleeper({ name: 'sleeper nice 19', periodUs: 20_000, workUs: 500, nice: 19, cpus }),
  ];
  const hogs = [
    ...(await stage.hogs(2, { name: 'nice 0', cpus })),
    ...(await stage.hogs(1, { name: 'nice 19', nice: 19, cpus })),
    // Last: beside it the others take long to start.
    ...(await stage.hogs(1, { name: 'nice -20', nice: -20, cpus })),
  ];
  // Beside nice -20 a nice 0 has a hundredth of the CPU, and this process is to see the end of it.
  setPriority(-20);
  stage.atEnd(() => setPriority(0));
  const before = kernelView();
  await Promise.all(sleeping.map((sleeper) => sleeper.lap()));
  const reports = await stage.measure(hogs, stage.seconds(6));
  const sleepers = await Promise.all(sleeping.map((sleeper) => sleeper.lap()));
  return { before, after: kernelView(), hogs: reports, sleepers, ...(await scheduler.counters()) };
};

/** The scheduler's own threads have to come round although every CPU is wanted all the time. */
export const ownThreads: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(4 * stage.cpus);
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(8));
  const after = kernelView();
  return { before, after, hogs: reports, ...(await scheduler.counters()) };
};
