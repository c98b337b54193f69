// SPDX-License-Identifier: Apache-2.0
import type { Workload, WorkloadChanges, WorkloadListener, WorkloadProvider } from '@gthulhu/workloads';
import { NodeMatching } from './node-matching.ts';

/** Workloads that a test puts in and takes out. */
export class ListProvider implements WorkloadProvider {
  readonly name = 'list';
  #all: readonly Workload[];
  readonly #listeners = new Set<WorkloadListener>();

  constructor(...all: Workload[]) {
    this.#all = all;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  workloads(): readonly Workload[] {
    return this.#all;
  }

  subscribe(listener: WorkloadListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  health() {
    return { state: 'ready', message: '', repairs: 0, ageMs: 0 } as const;
  }

  change(changes: Partial<WorkloadChanges>): void {
    const { added = [], changed = [], removed = [] } = changes;
    const gone = new Set([...changed, ...removed].map(({ uid }) => uid));
    this.#all = [...this.#all.filter(({ uid }) => !gone.has(uid)), ...added, ...changed];
    for (const listener of this.#listeners) listener({ added, changed, removed });
  }
}

export const podNamed = (name: string, namespace: string, cgroupId: string, app = name): Workload => ({
  namespace,
  name,
  uid: name,
  labels: { app },
  qosClass: 'Burstable',
  cgroupPath: `/kubepods/${name}`,
  cgroupId,
  containers: [{ name: 'main', id: 'c', cgroupPath: `/kubepods/${name}/main`, cgroupId: `${cgroupId}0` }],
});

const NOBODY = { units: [], commands: [], cgroupIds: [], uids: [] };

/** @param provider null: no workloads are known */
export const matchingOf = (provider: WorkloadProvider | null, now?: () => number): NodeMatching =>
  new NodeMatching({ provider, protection: NOBODY, ...(now && { now }) });
