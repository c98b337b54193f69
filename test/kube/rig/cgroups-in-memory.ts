// SPDX-License-Identifier: Apache-2.0
import type { Container, Workload, WorkloadListener, WorkloadProvider } from '@gthulhu/workloads';

/** What a tree of cgroups would say, for pods that run on no machine. */
export interface CgroupsInMemory extends WorkloadProvider {
  put(uid: string, containers: readonly string[]): void;
  remove(uid: string): void;
}

export function cgroupsInMemory(): CgroupsInMemory {
  const all = new Map<string, Workload>();
  const listeners = new Set<WorkloadListener>();
  let inode = 1000;
  let state: 'starting' | 'ready' | 'stopped' = 'starting';
  return {
    name: 'cgroups',
    async start(signal) {
      state = 'ready';
      signal.addEventListener('abort', () => {
        state = 'stopped';
      });
    },
    workloads: () => [...all.values()],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: () => ({ state, message: '', repairs: 0, ageMs: 0 }),
    put(uid, ids) {
      const cgroupPath = `/kubepods/pod${uid}`;
      const containers: Container[] = ids.map((id) => ({
        name: id,
        id,
        cgroupPath: `${cgroupPath}/${id}`,
        cgroupId: String(++inode),
      }));
      const cgroupId = String(++inode);
      const labels = {};
      const one: Workload = {
        namespace: '',
        name: uid,
        uid,
        labels,
        qosClass: 'Guaranteed',
        cgroupPath,
        cgroupId,
        containers,
      };
      const changed = all.has(uid);
      all.set(uid, one);
      for (const listener of listeners)
        listener({ added: changed ? [] : [one], changed: changed ? [one] : [], removed: [] });
    },
    remove(uid) {
      const one = all.get(uid);
      all.delete(uid);
      if (one !== undefined) for (const listener of listeners) listener({ added: [], changed: [], removed: [one] });
    },
  };
}
