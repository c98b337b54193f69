// SPDX-License-Identifier: Apache-2.0
import { isRecord, type KubeObject } from '@gthulhu/kube';
import { keepLabels, type QosClass, sameLabels } from '../workload.ts';

export interface PodContainer {
  readonly name: string;
  /** As the runtime gave it, without the `containerd://` before it. */
  readonly id: string;
  /** It has ended; its cgroup is gone or about to be. */
  readonly ended: boolean;
}

/** What is kept of a pod: a few hundred bytes of what may be more than a mebibyte. */
export interface Pod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly qosClass: QosClass | null;
  /** UID in the paths of its cgroups. A static pod's is another one than the API server knows it by. */
  readonly cgroupUid: string;
  /** When the API server made it, as it says; decides who was there first. */
  readonly createdAt: string;
  /** Init containers, sidecars and ephemeral ones too; those without an id have not started. */
  readonly containers: readonly PodContainer[];
}

export const POD_LIMITS = { containers: 512, idLength: 128, nameLength: 253 } as const;

const QOS: readonly unknown[] = ['Guaranteed', 'Burstable', 'BestEffort'];
const CONTAINER_LISTS = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const;
/** The hash of a static pod's manifest. It has no dashes, so it is never the UID of an ordinary pod. */
const STATIC_UID = /^[0-9a-f]{32}$/;
const UID = /^[0-9A-Za-z][0-9A-Za-z-]{0,127}$/;

function readContainer(status: unknown): PodContainer | null {
  if (!isRecord(status) || typeof status.name !== 'string' || typeof status.containerID !== 'string') return null;
  const id = status.containerID.replace(/^[a-z0-9.+-]+:\/\//, '');
  if (id === '' || id.length > POD_LIMITS.idLength || status.name.length > POD_LIMITS.nameLength) return null;
  const ended = isRecord(status.state) && isRecord(status.state.terminated);
  return { name: status.name, id, ended };
}

function readContainers(status: Readonly<Record<string, unknown>>): PodContainer[] {
  const containers: PodContainer[] = [];
  for (const list of CONTAINER_LISTS) {
    const statuses: unknown = status[list];
    if (!Array.isArray(statuses)) continue;
    for (const one of statuses.slice(0, POD_LIMITS.containers - containers.length)) {
      const container = readContainer(one);
      if (container !== null) containers.push(container);
    }
  }
  return containers;
}

/** A mirror pod stands for a static one: the kubelet names the cgroups of that by the hash of its manifest. */
function cgroupUidOf(uid: string, annotations: unknown): string {
  if (!isRecord(annotations) || typeof annotations['kubernetes.io/config.mirror'] !== 'string') return uid;
  const hash = annotations['kubernetes.io/config.hash'];
  return typeof hash === 'string' && STATIC_UID.test(hash) ? hash : uid;
}

/**
 * A pod as it is kept; null when it is of another node, has come to its end, or is no pod.
 * @param nodeName null takes the pods of all nodes
 */
export function readPod({ meta, raw }: KubeObject, nodeName: string | null): Pod | null {
  const { metadata, spec, status = {} } = raw;
  if (!isRecord(metadata) || !isRecord(spec) || !isRecord(status) || !UID.test(meta.uid)) return null;
  if (meta.namespace === '') return null;
  if (nodeName !== null && spec.nodeName !== nodeName) return null;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return null;
  const labels = isRecord(metadata.labels) ? (metadata.labels as Record<string, string>) : {};
  return {
    uid: meta.uid,
    namespace: meta.namespace,
    name: meta.name,
    labels: keepLabels(labels).labels,
    qosClass: QOS.includes(status.qosClass) ? (status.qosClass as QosClass) : null,
    cgroupUid: cgroupUidOf(meta.uid, metadata.annotations),
    createdAt: typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp.slice(0, 40) : '',
    containers: readContainers(status),
  };
}

const sameContainers = (a: Pod['containers'], b: Pod['containers']): boolean =>
  a.length === b.length &&
  a.every(({ name, id, ended }, i) => name === b[i].name && id === b[i].id && ended === b[i].ended);

/**
 * The pod, of parts of the one before where they say the same; that one itself where all do. Most changes of a pod are
 * of what is not kept (probes, conditions, annotations), and what lives long is not made anew for them.
 */
export function keepSame(before: Pod | undefined, pod: Pod | null): Pod | null {
  if (before === undefined || pod === null) return pod;
  const labels = sameLabels(before.labels, pod.labels) ? before.labels : pod.labels;
  const containers = sameContainers(before.containers, pod.containers) ? before.containers : pod.containers;
  const isSame =
    labels === before.labels &&
    containers === before.containers &&
    before.uid === pod.uid &&
    before.namespace === pod.namespace &&
    before.name === pod.name &&
    before.qosClass === pod.qosClass &&
    before.cgroupUid === pod.cgroupUid &&
    before.createdAt === pod.createdAt;
  return isSame ? before : { ...pod, labels, containers };
}
