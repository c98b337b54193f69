// SPDX-License-Identifier: Apache-2.0
import type { Pod } from './pod.ts';

export interface PodListener {
  /** All pods there are. */
  list(pods: ReadonlyMap<string, Pod>): void;
  set(key: string, pod: Pod): void;
  gone(key: string): void;
  /** It does not work now; called at each failure. */
  problem(message: string): void;
}

export interface PodSourceStatus {
  readonly synced: boolean;
  /** null while it works */
  readonly problem: string | null;
  readonly heardAgoMs: number | null;
  /** Lists after the first one. */
  readonly repairs: number;
}

/** Who tells what pods there are: the API server, or the kubelet. */
export interface PodSource {
  /** To be called once; goes on until the signal is aborted. */
  start(listener: PodListener, signal: AbortSignal): void;
  /** A cgroup of a pod has come or gone: a source that is not told of changes by itself looks now. */
  nudge(): void;
  status(): PodSourceStatus;
}
