// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readThreads, type ThreadName, type Workload } from '@gthulhu/workloads';

/** Of all containers together: a preview is looked at by a person. */
const MOST_THREADS = 20_000;
const MOST_IN_ONE = 5_000;
/** Reading gives way to other requests after so long. */
const TURN_MS = 5;

/** Threads of containers by their cgroup's path, bounded; containers beyond the bound are not in it. */
export async function readThreadNames(
  paths: Iterable<string>,
  cgroupRoot: string,
): Promise<ReadonlyMap<string, readonly ThreadName[]>> {
  const found = new Map<string, readonly ThreadName[]>();
  let total = 0;
  let turn = performance.now();
  for (const path of paths) {
    if (total >= MOST_THREADS) break;
    if (found.has(path)) continue;
    const read = readThreads(join(cgroupRoot, path), MOST_IN_ONE);
    if (read !== null) {
      found.set(path, read.threads);
      total += read.threads.length;
    }
    if (performance.now() - turn > TURN_MS) {
      await nextTurn();
      turn = performance.now();
    }
  }
  return found;
}

const MOST_PROCESSES = 1_000;

/** Numbers of the processes that run in a workload now, ascending, bounded. */
export function processesOf({ cgroupPath, containers }: Workload, cgroupRoot: string | null): number[] {
  if (cgroupRoot === null) return [];
  const paths = cgroupPath === null ? containers.map((container) => container.cgroupPath) : [cgroupPath];
  const found = new Set<number>();
  for (const path of paths) {
    const read = path === null ? null : readThreads(join(cgroupRoot, path), MOST_IN_ONE);
    for (const { pid } of read?.threads ?? []) found.add(pid);
  }
  return [...found].sort((a, b) => a - b).slice(0, MOST_PROCESSES);
}
