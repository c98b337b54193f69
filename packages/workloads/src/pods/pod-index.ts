// SPDX-License-Identifier: Apache-2.0
import { rightful } from './join.ts';
import type { Pod } from './pod.ts';

/** The pods of a node, by what they are asked for. */
export interface PodIndex {
  readonly size: number;
  /** @returns uids in cgroup paths whose pod is another one now */
  set(key: string, pod: Pod): ReadonlySet<string>;
  delete(key: string): ReadonlySet<string>;
  replace(pods: ReadonlyMap<string, Pod>): void;
  /** The pod that a cgroup belongs to. */
  byCgroupUid(cgroupUid: string): Pod | undefined;
  /** Pods that have their cgroup's UID to themselves or are the rightful ones; no two with one uid. */
  rightfulPods(): Pod[];
  /** All there are, also those that claim what is another one's. */
  all(): ReadonlyMap<string, Pod>;
  /** Claims that were not believed, one line each. */
  disputes(): string[];
}

export function createPodIndex(): PodIndex {
  const byKey = new Map<string, Pod>();
  const claims = new Map<string, Map<string, Pod>>();

  const put = (key: string, pod: Pod): void => {
    byKey.set(key, pod);
    const among = claims.get(pod.cgroupUid);
    if (among === undefined) claims.set(pod.cgroupUid, new Map([[key, pod]]));
    else among.set(key, pod);
  };
  const take = (key: string): string | undefined => {
    const pod = byKey.get(key);
    if (pod === undefined) return undefined;
    byKey.delete(key);
    const among = claims.get(pod.cgroupUid);
    among?.delete(key);
    if (among?.size === 0) claims.delete(pod.cgroupUid);
    return pod.cgroupUid;
  };
  const winner = (cgroupUid: string): Pod | undefined => {
    const among = claims.get(cgroupUid);
    return among === undefined ? undefined : rightful([...among.values()]);
  };

  return {
    get size() {
      return byKey.size;
    },
    set(key, pod) {
      const touched = new Set([pod.cgroupUid]);
      const before = take(key);
      if (before !== undefined) touched.add(before);
      put(key, pod);
      return touched;
    },
    delete(key) {
      const before = take(key);
      return new Set(before === undefined ? [] : [before]);
    },
    replace(pods) {
      byKey.clear();
      claims.clear();
      for (const [key, pod] of pods) put(key, pod);
    },
    byCgroupUid: winner,
    rightfulPods: () => [...claims.keys()].map((cgroupUid) => winner(cgroupUid) as Pod),
    all: () => byKey,
    disputes: () =>
      [...claims].flatMap(([cgroupUid, among]) => {
        if (among.size === 1) return [];
        const { namespace, name } = winner(cgroupUid) as Pod;
        const others = [...among.keys()].filter((key) => key !== `${namespace}/${name}`);
        return [
          `${among.size} pods claim the cgroup of ${cgroupUid}: ${namespace}/${name} has it, not ${others.join(', ')}`,
        ];
      }),
  };
}
