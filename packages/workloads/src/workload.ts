// SPDX-License-Identifier: Apache-2.0

/** Quality of service as Kubernetes names it; null for what is no pod, or not known. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** A place where tasks of a workload run: a container of a pod, or the whole of a unit. */
export interface Container {
  /** In the pod, or of the unit. */
  readonly name: string;
  /** As the runtime gave it, without the `containerd://` before it; empty for what is no container. */
  readonly id: string;
  /** From the root of cgroup v2, with a leading slash; null while there is none. */
  readonly cgroupPath: string | null;
  /** Inode number of the cgroup's directory, as text; null while there is none. */
  readonly cgroupId: string | null;
}

/**
 * What strategies are about: a pod, a unit of systemd, a container without Kubernetes, or a plain cgroup. Immutable:
 * a provider that learns something new makes a new object.
 */
export interface Workload {
  /** Of the pod; without Kubernetes the nearest slice. Empty when there is neither. */
  readonly namespace: string;
  readonly name: string;
  /** Never two workloads at one time with the same; of a pod its UID, else `cgroup:` and the id. */
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly qosClass: QosClass | null;
  /** The cgroup around all containers, once it exists: known before the first container starts. */
  readonly cgroupPath: string | null;
  readonly cgroupId: string | null;
  /** In a fixed order: by name, then by id. */
  readonly containers: readonly Container[];
}

/** Longer ones cannot be selected: a selector's key has 317 characters at most, its value 63. */
export const LABEL_LIMITS = { labels: 256, keyLength: 317, valueLength: 255 } as const;

export interface KeptLabels {
  readonly labels: Readonly<Record<string, string>>;
  /** How many were left out. */
  readonly dropped: number;
}

/** The labels without those that are too long or too many: what a stranger writes must not fill the memory. */
export function keepLabels(given: Readonly<Record<string, string>>): KeptLabels {
  // No prototype: a label may be called `__proto__` or `constructor`.
  const labels: Record<string, string> = Object.create(null);
  let kept = 0;
  let dropped = 0;
  for (const key of Object.keys(given).sort()) {
    const value: unknown = given[key];
    const fits =
      typeof value === 'string' &&
      key.length <= LABEL_LIMITS.keyLength &&
      value.length <= LABEL_LIMITS.valueLength &&
      kept < LABEL_LIMITS.labels;
    if (fits) {
      labels[key] = value;
      kept++;
    } else dropped++;
  }
  return { labels, dropped };
}

export function sameLabels(a: Workload['labels'], b: Workload['labels']): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

function sameContainer(a: Container, b: Container): boolean {
  return a.name === b.name && a.id === b.id && a.cgroupPath === b.cgroupPath && a.cgroupId === b.cgroupId;
}

/** Whether both say the same. */
export function sameWorkload(a: Workload, b: Workload): boolean {
  return (
    a.uid === b.uid &&
    a.namespace === b.namespace &&
    a.name === b.name &&
    a.qosClass === b.qosClass &&
    a.cgroupPath === b.cgroupPath &&
    a.cgroupId === b.cgroupId &&
    a.containers.length === b.containers.length &&
    a.containers.every((container, i) => sameContainer(container, b.containers[i])) &&
    sameLabels(a.labels, b.labels)
  );
}
