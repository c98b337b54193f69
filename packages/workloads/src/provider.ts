// SPDX-License-Identifier: Apache-2.0
import type { Workload } from './workload.ts';

/** What became different at once. Each uid is in one of the three at most, and not all are empty. */
export interface WorkloadChanges {
  readonly added: readonly Workload[];
  /** As they are now. */
  readonly changed: readonly Workload[];
  /** As they were last. */
  readonly removed: readonly Workload[];
}

export type WorkloadListener = (changes: WorkloadChanges) => void;

export interface ProviderHealth {
  /**
   * `starting`: the first list is not complete. `ready`: it is, and changes arrive as they happen. `degraded`: the list
   * may be old or incomplete. `unsupported`: there are no workloads here and there will be none. `stopped`.
   */
  readonly state: 'starting' | 'ready' | 'degraded' | 'unsupported' | 'stopped';
  /** One line for people: what is wrong and what to do; empty when nothing is. */
  readonly message: string;
  /** Changes may have been missed this many times since the start; each was repaired by a whole pass or list. */
  readonly repairs: number;
  /**
   * How old the list is, milliseconds: 0 while changes arrive, else since its source was heard last, also by a process
   * before this one. null where nobody can say.
   */
  readonly ageMs: number | null;
}

/** Where workloads come from. test: `testProvider` in testing/provider-contract.ts says the rules as a test suite. */
export interface WorkloadProvider {
  /** `cgroups`, `kubernetes`, `kubelet`. */
  readonly name: string;
  /**
   * To be called once. Resolves when the first list is complete, or when it is known that there will be none; rejects
   * when it cannot start at all. Once the signal is aborted it releases everything, and no listener is called any more.
   */
  start(signal: AbortSignal): Promise<void>;
  /** All there are now. A snapshot: it does not change later. Empty before the start; after the end what was last. */
  workloads(): readonly Workload[];
  /**
   * From now on the listener gets each change, after `workloads()` shows it; the first list is a change too. What one
   * listener throws reaches no other and does not stop the provider. Returns a function that ends it.
   */
  subscribe(listener: WorkloadListener): () => void;
  health(): ProviderHealth;
}
