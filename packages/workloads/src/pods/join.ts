// SPDX-License-Identifier: Apache-2.0
import type { Container, Workload } from '../workload.ts';
import type { Pod } from './pod.ts';

const order = (a: Container, b: Container): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

function containersOf(pod: Pod, found: Workload | undefined): Container[] {
  const byId = new Map((found?.containers ?? []).map((container) => [container.id, container]));
  const containers: Container[] = [];
  for (const { id, name, ended } of pod.containers) {
    const cgroup = byId.get(id);
    byId.delete(id);
    if (cgroup === undefined && ended) continue;
    containers.push({ id, name, cgroupPath: cgroup?.cgroupPath ?? null, cgroupId: cgroup?.cgroupId ?? null });
  }
  // What runs there and is not in the status, or not yet: the sandbox, and containers of the last moment.
  return [...containers, ...byId.values()].sort(order);
}

/**
 * A pod and what was found of it in the tree of cgroups. The tree says where containers are, the pod what they are
 * called: a container that a pod only claims to have gets no cgroup by that.
 */
export function joinPod(pod: Pod, found: Workload | undefined): Workload {
  return {
    uid: pod.uid,
    namespace: pod.namespace,
    name: pod.name,
    labels: pod.labels,
    qosClass: pod.qosClass ?? found?.qosClass ?? null,
    cgroupPath: found?.cgroupPath ?? null,
    cgroupId: found?.cgroupId ?? null,
    containers: containersOf(pod, found),
  };
}

/**
 * Which of several pods that say they are in one cgroup is believed: the one that has its UID by itself before one that
 * says it stands for a static pod; then the one that was there first.
 */
export function rightful(claims: readonly Pod[]): Pod {
  const rank = (pod: Pod): string =>
    `${pod.uid === pod.cgroupUid ? 0 : 1} ${pod.createdAt} ${pod.uid} ${pod.namespace}/${pod.name}`;
  return claims.reduce((best, pod) => (rank(pod) < rank(best) ? pod : best));
}
