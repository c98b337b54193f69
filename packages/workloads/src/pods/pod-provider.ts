// SPDX-License-Identifier: Apache-2.0
import type { ProviderHealth, WorkloadProvider } from '../provider.ts';
import type { Workload } from '../workload.ts';
import { createWorkloadList } from '../workload-list.ts';
import { joinPod } from './join.ts';
import type { Pod } from './pod.ts';
import { createPodIndex } from './pod-index.ts';
import type { PodSource } from './pod-source.ts';
import { createSavedState, type SavedState } from './saved-state.ts';

export interface PodProviderOptions {
  readonly name: 'kubernetes' | 'kubelet';
  readonly pods: PodSource;
  /** What is in the tree of cgroups. It is started and ended with this provider. */
  readonly cgroups: WorkloadProvider;
  /** Also what is no pod: services, and containers beside Kubernetes. Else pods alone. */
  readonly withOthers?: boolean;
  readonly nodeName: string;
  /** Where the last pods are kept over a restart; null keeps none. */
  readonly stateFile: string | null;
  readonly onWarning: (sentence: string) => void;
  /** How long the start waits for a source that says nothing. */
  readonly firstListMs?: number;
}

const FIRST_LIST_MS = 10_000;

/** What the tree of cgroups calls a workload that is no pod: a pod has its UID. */
const isOther = (uid: string): boolean => uid.startsWith('cgroup:');

/** `12 min`, `3 h`: how long ago. */
export function agoText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/**
 * Pods with their names and labels from a source, and their cgroups from the tree. What was known last is kept on disk
 * and serves after a restart until the source has been heard.
 */
export function createPodProvider(options: PodProviderOptions): WorkloadProvider {
  const { name, pods: source, cgroups, nodeName, stateFile, onWarning } = options;
  const { withOthers = false, firstListMs = FIRST_LIST_MS } = options;
  const list = createWorkloadList((error) => onWarning(`a listener of the workloads failed: ${error}`));
  const index = createPodIndex();
  const found = new Map<string, Workload>();
  const saved: SavedState | null = stateFile === null ? null : createSavedState(stateFile, nodeName, onWarning);
  let started = false;
  let stopped = false;
  let restored = false;

  const workloadOf = (pod: Pod): Workload => joinPod(pod, found.get(pod.cgroupUid));

  /** uid of the workload that stands for a cgroup's uid now. */
  const shown = new Map<string, string>();
  const refresh = (cgroupUids: Iterable<string>): void => {
    const put: Workload[] = [];
    const removed = new Set<string>();
    for (const cgroupUid of cgroupUids) {
      if (isOther(cgroupUid)) {
        if (!withOthers) continue;
        const other = found.get(cgroupUid);
        if (other === undefined) removed.add(cgroupUid);
        else put.push(other);
        continue;
      }
      const pod = index.byCgroupUid(cgroupUid);
      const before = shown.get(cgroupUid);
      if (before !== undefined && before !== pod?.uid) removed.add(before);
      if (pod === undefined) {
        shown.delete(cgroupUid);
        continue;
      }
      shown.set(cgroupUid, pod.uid);
      put.push(workloadOf(pod));
    }
    list.apply(put, removed);
  };
  const replaceAll = (): void => {
    const pods = uniqueByUid(index.rightfulPods());
    shown.clear();
    for (const { cgroupUid, uid } of pods) shown.set(cgroupUid, uid);
    const others = withOthers ? [...found.values()].filter(({ uid }) => isOther(uid)) : [];
    list.replace([...pods.map(workloadOf), ...others]);
  };

  const listenToCgroups = (): void => {
    for (const workload of cgroups.workloads()) found.set(workload.uid, workload);
    cgroups.subscribe(({ added, changed, removed }) => {
      for (const { uid } of removed) found.delete(uid);
      for (const workload of [...added, ...changed]) found.set(workload.uid, workload);
      const uids = [...added, ...changed, ...removed].map(({ uid }) => uid);
      refresh(uids);
      if (uids.some((uid) => !isOther(uid))) source.nudge();
    });
  };

  const listenToPods = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      source.start(
        {
          list(pods) {
            index.replace(pods);
            restored = false;
            replaceAll();
            saved?.changed(index.all());
            resolve();
          },
          set(key, pod) {
            refresh(index.set(key, pod));
            saved?.changed(index.all());
          },
          gone(key) {
            refresh(index.delete(key));
            saved?.changed(index.all());
          },
          // Nothing is known yet, and it is known why: whoever waits for the start shall go on.
          problem: () => resolve(),
        },
        signal,
      );
    });

  /** Pods in the tree, and none at the source: it was asked for another node. */
  const strangers = (): string[] => {
    if (index.size > 0) return [];
    const pods = [...found.values()].filter(({ uid, qosClass }) => !isOther(uid) && qosClass !== null).length;
    const one = `${pods} pods have cgroups here and no pod of node ${nodeName} is known; is that the name of this node?`;
    return pods === 0 ? [] : [one];
  };

  const ageMs = (): number | null => {
    const { synced, problem, heardAgoMs } = source.status();
    if (synced) return problem === null ? 0 : heardAgoMs;
    return restored ? (saved?.ageMs() ?? null) : null;
  };

  const podsHealth = (): { readonly ok: boolean; readonly message: string } => {
    const { synced, problem, heardAgoMs } = source.status();
    const doubts = [...index.disputes(), ...strangers()];
    if (synced && problem === null) return { ok: true, message: doubts.join('; ') };
    const why = problem ?? 'the first list is not complete';
    if (synced) return { ok: false, message: `${why}; the pods are those of ${agoText(heardAgoMs ?? 0)} ago` };
    if (!restored) return { ok: false, message: `${why}; no pods are known` };
    const age = saved?.ageMs();
    const old =
      age === undefined || age === null ? 'at an unknown time: the clock was set back' : `${agoText(age)} ago`;
    return { ok: false, message: `${why}; the pods are those kept on disk ${old}` };
  };

  const health = (): ProviderHealth => {
    const tree = cgroups.health();
    const repairs = source.status().repairs + tree.repairs;
    const now = { repairs, ageMs: ageMs() };
    if (stopped) return { state: 'stopped', message: '', ...now };
    if (!started) return { state: 'starting', message: '', ...now };
    const { ok, message } = podsHealth();
    const messages = [message, tree.state === 'ready' ? '' : tree.message].filter((text) => text !== '').join('; ');
    if (tree.state === 'unsupported') return { state: 'unsupported', message: messages, ...now };
    return { state: ok && tree.state === 'ready' && message === '' ? 'ready' : 'degraded', message: messages, ...now };
  };

  return {
    name,
    async start(signal) {
      const stop = (): void => {
        stopped = true;
        list.close();
        saved?.end(source.status());
      };
      if (signal.aborted) {
        stop();
        return;
      }
      signal.addEventListener('abort', stop, { once: true });
      await cgroups.start(signal);
      if (signal.aborted) return;
      listenToCgroups();
      replaceAll();
      const kept = saved?.load();
      if (kept !== undefined && kept !== null) {
        index.replace(kept);
        restored = true;
        replaceAll();
      }
      const first = listenToPods(signal);
      saved?.start(() => source.status());
      if (!restored) await atMost(first, firstListMs);
      started = true;
    },
    workloads: list.list,
    subscribe: list.subscribe,
    health,
  };
}

/** Waits for it, and no longer than that. */
async function atMost(what: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([what, late]);
  clearTimeout(timer);
}

/** A server that lies may give one uid to two pods. */
function uniqueByUid(pods: readonly Pod[]): Pod[] {
  const byUid = new Map<string, Pod>();
  for (const pod of pods) if (!byUid.has(pod.uid)) byUid.set(pod.uid, pod);
  return [...byUid.values()];
}
