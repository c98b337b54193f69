// SPDX-License-Identifier: Apache-2.0
import { setPriority } from 'node:os';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

interface Crowd {
  readonly starved: number;
  readonly p50GapMs: number;
  readonly maxGapMs: number;
}

const SECONDS = 50;
/** A shorter version has fewer of them: each is to have its turn more than once. */
const THREADS_A_SECOND = 100;

/** Five thousand threads that never sleep, beside two hogs and a sleeper. */
export const crowd5000: Scenario = async (stage) => {
  // So many wait tens of seconds on one CPU, and are promised no less: the kernel's own check is to allow that.
  const scheduler = await stage.scheduler({ config: { timeoutMs: 30_000 } });
  const hogs = await stage.hogs(2);
  const sleeper = await stage.sleeper({ periodUs: 100_000, workUs: 500 });
  const seconds = stage.seconds(SECONDS);
  const threads = seconds * THREADS_A_SECOND;
  // Started with the usual weight, which it would inherit.
  const starting = stage.helper<Crowd>('crowd', String(threads));
  // Beside five thousand a nice 0 has a five thousandth of the CPU, and this process is to see the end of it.
  setPriority(-20);
  stage.atEnd(() => setPriority(0));
  const crowd = await starting;
  const before = kernelView();
  await sleeper.lap();
  await crowd.lap();
  const reports = await stage.measure(hogs, seconds);
  const told = await crowd.lap();
  const after = kernelView();
  const sleepers = [await sleeper.lap()];
  crowd.end();
  return {
    before,
    after,
    hogs: reports,
    sleepers,
    values: { crowd: threads, crowdStarved: told.starved, crowdP50GapMs: told.p50GapMs, crowdMaxGapMs: told.maxGapMs },
    ...(await scheduler.counters()),
  };
};
