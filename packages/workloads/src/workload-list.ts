// SPDX-License-Identifier: Apache-2.0
import type { WorkloadChanges, WorkloadListener } from './provider.ts';
import { sameWorkload, type Workload } from './workload.ts';

/** The list and the listeners that every provider has. Providers say what is new; it finds out what is different. */
export interface WorkloadList {
  list(): readonly Workload[];
  get(uid: string): Workload | undefined;
  subscribe(listener: WorkloadListener): () => void;
  /** Puts some in and takes some out; what says nothing new is no change. Tells the listeners of all of it at once. */
  apply(put: Iterable<Workload>, removedUids: Iterable<string>): void;
  /** Puts a whole list in place of the one before. */
  replace(all: Iterable<Workload>): void;
  /** Tells nobody anything from now on. */
  close(): void;
}

/** @param onError what a listener threw */
export function createWorkloadList(onError: (error: unknown) => void): WorkloadList {
  const byUid = new Map<string, Workload>();
  const listeners = new Set<WorkloadListener>();
  let snapshot: readonly Workload[] | null = null;
  let closed = false;

  function tell(changes: WorkloadChanges): void {
    if (changes.added.length + changes.changed.length + changes.removed.length === 0) return;
    for (const listener of [...listeners]) {
      // One listener may have ended another.
      if (closed || !listeners.has(listener)) continue;
      try {
        listener(changes);
      } catch (error) {
        onError(error);
      }
    }
  }

  function apply(put: Iterable<Workload>, removedUids: Iterable<string>): void {
    if (closed) return;
    const before = new Map<string, Workload | undefined>();
    for (const uid of removedUids) {
      const old = byUid.get(uid);
      if (old === undefined) continue;
      if (!before.has(uid)) before.set(uid, old);
      byUid.delete(uid);
    }
    for (const workload of put) {
      if (!before.has(workload.uid)) before.set(workload.uid, byUid.get(workload.uid));
      byUid.set(workload.uid, workload);
    }
    const changes = { added: [] as Workload[], changed: [] as Workload[], removed: [] as Workload[] };
    for (const [uid, old] of before) {
      const now = byUid.get(uid);
      if (now === undefined) changes.removed.push(old as Workload);
      else if (old === undefined) changes.added.push(now);
      else if (sameWorkload(old, now)) byUid.set(uid, old);
      else changes.changed.push(now);
    }
    snapshot = null;
    tell(changes);
  }

  return {
    list: () => {
      snapshot ??= Object.freeze([...byUid.values()]);
      return snapshot;
    },
    get: (uid) => byUid.get(uid),
    subscribe: (listener) => {
      // A function of its own, so that one listener can subscribe twice.
      const own: WorkloadListener = (changes) => listener(changes);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    apply,
    replace: (all) => {
      const put = [...all];
      const kept = new Set(put.map(({ uid }) => uid));
      apply(
        put,
        [...byUid.keys()].filter((uid) => !kept.has(uid)),
      );
    },
    close: () => {
      closed = true;
      listeners.clear();
    },
  };
}
