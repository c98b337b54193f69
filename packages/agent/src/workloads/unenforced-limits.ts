// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Workload } from '@gthulhu/workloads';

/** Workloads with a limit of their cgroup that the kernel does not enforce under sched_ext. */
export interface UnenforcedLimits {
  /** `cpu.max` other than `max`. */
  readonly cpuMax: number;
  /** `cpu.weight` other than 100. */
  readonly cpuWeight: number;
}

/** Reading gives way to other requests after so long. */
const TURN_MS = 5;
const DEFAULT_WEIGHT = '100';

/** Null where there is no such file: the cgroup is gone, or has no CPU controller. */
function read(...parts: string[]): string | null {
  try {
    return readFileSync(join(...parts), 'utf8').trim();
  } catch {
    return null;
  }
}

const hasMax = (folder: string): boolean => (read(folder, 'cpu.max') ?? 'max').split(' ', 1)[0] !== 'max';
const hasWeight = (folder: string): boolean => (read(folder, 'cpu.weight') ?? DEFAULT_WEIGHT) !== DEFAULT_WEIGHT;

/** @param root folder of cgroup v2 */
export async function countUnenforced(workloads: readonly Workload[], root: string): Promise<UnenforcedLimits> {
  let cpuMax = 0;
  let cpuWeight = 0;
  let turn = performance.now();
  for (const { cgroupPath, containers } of workloads) {
    const paths = new Set([cgroupPath, ...containers.map((container) => container.cgroupPath)]);
    const folders = [...paths].flatMap((path) => (path === null ? [] : join(root, path)));
    if (folders.some(hasMax)) cpuMax++;
    if (folders.some(hasWeight)) cpuWeight++;
    if (performance.now() - turn > TURN_MS) {
      await nextTurn();
      turn = performance.now();
    }
  }
  return { cpuMax, cpuWeight };
}

const EVERY_MS = 60_000;

export interface LimitsWatch {
  readonly last: UnenforcedLimits;
  stop(): void;
}

/** Counts now and then again and again. Resolves with the first count. */
export async function watchUnenforced(workloads: () => readonly Workload[], root: string | null): Promise<LimitsWatch> {
  const count = (): Promise<UnenforcedLimits> =>
    root === null ? Promise.resolve({ cpuMax: 0, cpuWeight: 0 }) : countUnenforced(workloads(), root);
  let last = await count();
  const timer = setInterval(() => {
    void count().then((next) => {
      last = next;
    });
  }, EVERY_MS);
  timer.unref();
  return {
    get last() {
      return last;
    },
    stop: () => clearInterval(timer),
  };
}
