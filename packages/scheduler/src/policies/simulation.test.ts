// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node } from './batch.fixture.ts';
import { NO_PRIORITY } from './policy.ts';
import { createPolicy } from './registry.ts';

/** A task of the simulation. It runs `burstNs`, sleeps `sleepNs`, and so on; without sleep it always wants to run. */
interface Task {
  readonly name: string;
  readonly weight: number;
  readonly burstNs: number;
  readonly sleepNs: number;
  vtime: number;
  usedNs: number;
  leftNs: number;
  burstSoFarNs: number;
  burstAvgNs: number;
  wakeNs: number;
  waitingSinceNs: number;
  /** Longest time from wanting the CPU to having it. */
  maxWaitNs: number;
  /** All such times together. */
  waitedNs: number;
  clockAtArrival: number;
}

const task = (name: string, weight = 100, burstNs = Number.POSITIVE_INFINITY, sleepNs = 0): Task => ({
  name,
  weight,
  burstNs,
  sleepNs,
  vtime: 1e9,
  usedNs: 0,
  leftNs: burstNs,
  burstSoFarNs: 0,
  burstAvgNs: 0,
  wakeNs: 0,
  waitingSinceNs: 0,
  maxWaitNs: 0,
  waitedNs: 0,
  clockAtArrival: 1e9,
});

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/**
 * One CPU, the kernel's rules in their plainest form: every waiting task is asked about, its key is kept within one
 * slice of its vtime, the smallest key runs for one slice or until it sleeps, and is charged by weight.
 */
function simulate(mode: string, tasks: readonly Task[], endNs: number): string[] {
  const policy = createPolicy(mode);
  const order: string[] = [];
  let now = 0;
  let clock = 1e9;
  while (now < endNs) {
    const ready = tasks.filter((t) => t.wakeNs <= now);
    if (ready.length === 0) {
      now = Math.min(...tasks.map((t) => t.wakeNs));
      continue;
    }
    for (const t of ready) t.vtime = Math.max(t.vtime, clock - node.sliceDefaultNs);
    // Rows in order of arrival, as the ring has them.
    ready.sort((a, b) => a.waitingSinceNs - b.waitingSinceNs);
    const rows = ready.map((t) => ({
      weight: t.weight,
      vtime: t.vtime,
      key: t.vtime,
      clock: t.clockAtArrival,
      burstNs: Math.max(t.burstSoFarNs, t.burstAvgNs),
      enqNs: t.waitingSinceNs,
      priority: NO_PRIORITY,
      nrWaiting: ready.length - 1,
    }));
    const batch = batchOf(rows);
    const out = decisionsFor(batch);
    policy.decide(batch, out, node);
    const keys = ready.map((t, i) => clamp(out.key[i], t.vtime - node.sliceDefaultNs, t.vtime + node.sliceDefaultNs));
    const first = keys.indexOf(Math.min(...keys));
    const running = ready[first] as Task;
    const slice = clamp(out.sliceNs[first] || node.sliceDefaultNs, node.sliceMinNs, 1e9);
    const ran = Math.min(slice, running.leftNs);

    order.push(running.name);
    running.waitedNs += now - running.waitingSinceNs;
    running.maxWaitNs = Math.max(running.maxWaitNs, now - running.waitingSinceNs);
    now += ran;
    clock = Math.max(clock, running.vtime);
    running.vtime += (ran * 100) / running.weight;
    running.usedNs += ran;
    running.leftNs -= ran;
    running.burstSoFarNs += ran;
    running.wakeNs = now;
    if (running.leftNs <= 0) {
      running.burstAvgNs = (3 * running.burstAvgNs + running.burstSoFarNs) / 4;
      running.burstSoFarNs = 0;
      running.leftNs = running.burstNs;
      running.wakeNs = now + running.sleepNs;
    }
    running.waitingSinceNs = running.wakeNs;
    running.clockAtArrival = clock;
  }
  return order;
}

const SECOND = 1e9;

describe.each(['gthulhu', 'simple'])('%s', (mode) => {
  test('equal weights, equal shares', () => {
    const tasks = [task('a'), task('b'), task('c')];
    simulate(mode, tasks, 3 * SECOND);
    for (const t of tasks) expect(t.usedNs / SECOND).toBeCloseTo(1, 1);
  });

  test('twice the weight, twice the share', () => {
    const [heavy, light] = [task('heavy', 200), task('light', 100)];
    simulate(mode, [heavy, light], 3 * SECOND);
    expect(heavy.usedNs / light.usedNs).toBeCloseTo(2, 1);
  });

  test('a light task, though its slices are shorter', () => {
    const [normal, light] = [task('normal', 100), task('light', 20)];
    simulate(mode, [normal, light], 6 * SECOND);
    expect(normal.usedNs / light.usedNs).toBeCloseTo(5, 0);
  });

  test('nobody starves among tasks that come and go', () => {
    const hog = task('hog');
    const visitors = Array.from({ length: 8 }, (_, i) => task(`visitor${i}`, 100, 1_000_000 + i * 100_000, 2_000_000));
    simulate(mode, [hog, ...visitors], 5 * SECOND);
    expect(hog.usedNs).toBeGreaterThan(SECOND / 3);
    for (const t of visitors) expect(t.usedNs).toBeGreaterThan(SECOND / 3);
    expect(hog.maxWaitNs).toBeLessThan(SECOND / 10);
  });
});

test('gthulhu: of tasks that wake together the one with the shortest bursts goes first', () => {
  const tasks = [task('long', 100, 4_000_000), task('middle', 100, 2_000_000), task('short', 100, 100_000)];
  for (const t of tasks) t.burstAvgNs = t.burstNs;
  expect(simulate('simple', structuredClone(tasks), 1)).toEqual(['long']);
  expect(simulate('gthulhu', structuredClone(tasks), 1)).toEqual(['short']);
  const sleepers = tasks.map((t) => ({ ...t, sleepNs: 20_000_000 }));
  expect(simulate('gthulhu', sleepers, 6_000_000).slice(0, 3)).toEqual(['short', 'middle', 'long']);
});

test('gthulhu lets a short sleeper wait less among longer ones than simple does, and takes nothing from the hog', () => {
  const run = (mode: string) => {
    // All of them use less than their share, so all wait at the same place: one slice behind the clock.
    const sleeper = task('sleeper', 100, 100_000, 5_000_000);
    const others = [4_000_000, 3_500_000, 3_000_000, 4_500_000].map((burst, n) =>
      task(`other${n}`, 100, burst, 9 * burst),
    );
    const hog = task('hog');
    simulate(mode, [...others, hog, sleeper], 5 * SECOND);
    return { waited: sleeper.waitedNs / sleeper.usedNs, hog: hog.usedNs };
  };
  const [gthulhu, simple] = [run('gthulhu'), run('simple')];
  expect(gthulhu.waited).toBeLessThan(simple.waited);
  expect(gthulhu.hog).toBeGreaterThan(0.9 * simple.hog);
});

test('simple-fifo: who came first runs first, whatever the weights and bursts', () => {
  const tasks = [task('a', 10), task('b', 1_000), task('c', 100)];
  expect(simulate('simple-fifo', tasks, 3 * node.sliceDefaultNs)).toEqual(['a', 'b', 'c']);
});
