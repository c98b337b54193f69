// SPDX-License-Identifier: Apache-2.0
import type { Container, Workload } from '@gthulhu/workloads';

export interface Around {
  /** The nearest first. */
  readonly workloads: readonly Workload[];
  /** Of the nearest one; null between containers. */
  readonly container: Container | null;
}

const contains = (outer: string | null, path: string): boolean =>
  outer !== null && (path === outer || path.startsWith(outer === '/' ? '/' : `${outer}/`));

/** Workloads that a task in a cgroup is part of. @param path from the root of cgroup v2 */
export function workloadsAround(workloads: readonly Workload[], path: string): Around {
  const found: { workload: Workload; container: Container | null; depth: number }[] = [];
  for (const workload of workloads) {
    const container = workload.containers.find(({ cgroupPath }) => contains(cgroupPath, path)) ?? null;
    if (container === null && !contains(workload.cgroupPath, path)) continue;
    const depth = Math.max(container?.cgroupPath?.length ?? 0, workload.cgroupPath?.length ?? 0);
    found.push({ workload, container, depth });
  }
  found.sort((a, b) => b.depth - a.depth);
  return { workloads: found.map(({ workload }) => workload), container: found[0]?.container ?? null };
}
