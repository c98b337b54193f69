// SPDX-License-Identifier: Apache-2.0
import { type Container, keepLabels, type Workload } from '../workload.ts';
import { type CgroupIdentity, identifyCgroup } from './cgroup-path.ts';
import type { CgroupNode } from './cgroup-tree.ts';

/** What cgroups alone say about the workloads of a machine, kept up cgroup by cgroup. Pure. */
export interface CgroupWorkloads {
  add(node: CgroupNode): void;
  remove(id: string): void;
  /** What has changed since the last time. */
  take(): { put: Workload[]; removedUids: string[] };
}

interface Place {
  readonly node: CgroupNode;
  readonly identity: CgroupIdentity;
  readonly uid: string;
}

/** Characters of a container's id that people and docker use, and that fit into the value of a selector. */
const SHORT_ID = 12;

export const uidOfCgroup = (id: string): string => `cgroup:${id}`;

function uidOf(node: CgroupNode, identity: CgroupIdentity): string | null {
  if (identity.kind === 'group' || identity.kind === 'inner') return null;
  return identity.pod?.uid ?? uidOfCgroup(node.id);
}

function nameOf({ container, unit, kind }: CgroupIdentity, path: string): string {
  if (kind === 'unit') return unit as string;
  return kind === 'container' && container !== null ? container.id.slice(0, SHORT_ID) : path.slice(1);
}

function labelsOf({ unit, slice, user, container }: CgroupIdentity): Record<string, string> {
  const labels: Record<string, string> = {};
  if (unit !== null) labels.unit = unit;
  if (slice !== null) labels.slice = slice;
  if (user !== null) labels.user = user;
  if (container !== null) {
    labels.container = container.id.slice(0, SHORT_ID);
    if (container.runtime !== '') labels.runtime = container.runtime;
  }
  return labels;
}

function containerAt({ node, identity }: Place): Container {
  const { container } = identity;
  const name = container === null ? nameOf(identity, node.path) : container.id.slice(0, SHORT_ID);
  return { name, id: container?.id ?? '', cgroupPath: node.path, cgroupId: node.id };
}

const byName = (a: Container, b: Container): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

function podWorkload(uid: string, places: readonly Place[]): Workload {
  const own = places.find(({ identity }) => identity.kind === 'pod');
  const containers = places.filter(({ identity }) => identity.kind === 'container').map(containerAt);
  const runtime = places.map(({ identity }) => identity.container?.runtime ?? '').find((text) => text !== '');
  return {
    namespace: '',
    name: uid,
    uid,
    labels: keepLabels(runtime === undefined ? {} : { runtime }).labels,
    qosClass: places[0].identity.pod?.qosClass ?? null,
    cgroupPath: own?.node.path ?? null,
    cgroupId: own?.node.id ?? null,
    containers: containers.sort(byName),
  };
}

function workloadAt(place: Place): Workload {
  const { node, identity, uid } = place;
  return {
    namespace: identity.slice ?? '',
    name: nameOf(identity, node.path),
    uid,
    labels: keepLabels(labelsOf(identity)).labels,
    qosClass: null,
    cgroupPath: node.path,
    cgroupId: node.id,
    containers: [containerAt(place)],
  };
}

export function createCgroupWorkloads(): CgroupWorkloads {
  const places = new Map<string, Place>();
  /** Cgroups of each pod: the pod's own and those of its containers. */
  const pods = new Map<string, Map<string, Place>>();
  const dirty = new Set<string>();

  return {
    add: (node) => {
      if (places.has(node.id)) return;
      const identity = identifyCgroup(node.path);
      const uid = uidOf(node, identity);
      if (uid === null) return;
      const place = { node, identity, uid };
      places.set(node.id, place);
      dirty.add(uid);
      if (identity.pod === null) return;
      const pod = pods.get(uid);
      if (pod === undefined) pods.set(uid, new Map([[node.id, place]]));
      else pod.set(node.id, place);
    },
    remove: (id) => {
      const place = places.get(id);
      if (place === undefined) return;
      places.delete(id);
      dirty.add(place.uid);
      const pod = pods.get(place.uid);
      pod?.delete(id);
      if (pod?.size === 0) pods.delete(place.uid);
    },
    take: () => {
      const put: Workload[] = [];
      const removedUids: string[] = [];
      for (const uid of dirty) {
        const pod = pods.get(uid);
        const place = uid.startsWith('cgroup:') ? places.get(uid.slice('cgroup:'.length)) : undefined;
        if (pod !== undefined) put.push(podWorkload(uid, [...pod.values()]));
        else if (place !== undefined) put.push(workloadAt(place));
        else removedUids.push(uid);
      }
      dirty.clear();
      return { put, removedUids };
    },
  };
}
