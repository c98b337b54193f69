// SPDX-License-Identifier: Apache-2.0
import type { PodPids } from '@gthulhu/contracts';
import type { NodeProcess } from './process-table.ts';

/** Processes by their pods. Names and namespaces are not in a cgroup's path: they stay empty. */
export function groupByPod(processes: readonly NodeProcess[]): PodPids[] {
  const pods = new Map<string, PodPids>();
  for (const { pid, ppid, command, pod, threads } of processes) {
    if (pod === null) continue;
    const { podUid, containerId } = pod;
    let entry = pods.get(podUid);
    if (entry === undefined) {
      entry = { pod_name: '', namespace: '', pod_uid: podUid, processes: [] };
      pods.set(podUid, entry);
    }
    if (containerId !== null) entry.container_id ??= containerId;
    entry.processes.push({
      pid,
      command,
      ppid,
      ...(containerId !== null && { container_id: containerId }),
      threads: [...threads],
    });
  }
  return [...pods.values()];
}
