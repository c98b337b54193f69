// SPDX-License-Identifier: Apache-2.0
import type { PodPids } from '@gthulhu/contracts';
import type { NodeProcess } from './process-table.ts';

/** What the source of workloads knows of a pod; the path of a cgroup has no names in it. */
export type NameOfPod = (podUid: string) => { readonly namespace: string; readonly name: string } | null;

/** Processes by their pods. Names and namespaces are empty where nobody knows them. */
export function groupByPod(processes: readonly NodeProcess[], nameOf: NameOfPod = () => null): PodPids[] {
  const pods = new Map<string, PodPids>();
  for (const { pid, ppid, command, pod, threads } of processes) {
    if (pod === null) continue;
    const { podUid, containerId } = pod;
    let entry = pods.get(podUid);
    if (entry === undefined) {
      const { namespace, name } = nameOf(podUid) ?? { namespace: '', name: '' };
      entry = { pod_name: name, namespace, pod_uid: podUid, processes: [] };
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
