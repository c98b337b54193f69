// SPDX-License-Identifier: Apache-2.0
import { setPriority } from 'node:os';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

interface Crowd {
  readonly starved: number;
  readonly p50GapMs: number;
  readonly maxGapMs: number;
  readonly minCpuMs: number;
  readonly p1CpuMs: number;
  readonly p50CpuMs: number;
  readonly meanCpuMs: number;
  readonly maxCpuMs: number;
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

/**
 * Who has just had a turn is before the others by it: half a millisecond, and several where the emulated CPUs take turns.
 * Each of five thousand on two CPUs has 200 ms in this time, of which that is less than 5 %.
 */
const POOL_SECONDS = 520;
const POOL_THREADS = 5000;

/** Five thousand threads on two CPUs, and two tasks with a CPU of their own each. */
export const exclusiveCrowd: Scenario = async (stage) => {
  const scheduler = await stage.scheduler({ config: { timeoutMs: 30_000 } });
  const hogs = [
    ...(await stage.hogs(1, { name: 'exclusive', cpus: '2' })),
    ...(await stage.hogs(1, { name: 'exclusive', cpus: '3' })),
  ];
  const seconds = stage.seconds(POOL_SECONDS);
  const threads = Math.round((seconds * POOL_THREADS) / POOL_SECONDS);
  const pool = await stage.helper<Crowd>('crowd', String(threads), '0', '1');
  const before = kernelView();
  const reports = await stage.measure(hogs, seconds);
  // Since they began: who had the first turns, when there were few, waits for it later.
  const told = await pool.lap();
  const after = kernelView();
  pool.end();
  return {
    before,
    after,
    hogs: reports,
    values: {
      crowd: threads,
      crowdStarved: told.starved,
      crowdP50GapMs: told.p50GapMs,
      crowdMaxGapMs: told.maxGapMs,
      crowdMinCpuMs: told.minCpuMs,
      crowdP1CpuMs: told.p1CpuMs,
      crowdP50CpuMs: told.p50CpuMs,
      crowdMeanCpuMs: told.meanCpuMs,
      crowdMaxCpuMs: told.maxCpuMs,
      exclusiveLeastPercent: Math.min(...reports.map(({ cpuMs, wallMs }) => (100 * cpuMs) / wallMs)),
    },
    ...(await scheduler.counters()),
  };
};
