// SPDX-License-Identifier: Apache-2.0
import type { QosClass } from '../workload.ts';

/** What the path of a cgroup says about who runs in it. Pure: the path may be of another machine. */
export interface CgroupIdentity {
  /**
   * `pod` is the cgroup around a pod's containers; `container` one of a runtime, in a pod or not; `unit` a service or
   * scope of systemd; `plain` one that somebody made by hand; `inner` a part of one of these; `group` holds others
   * only: the root, slices, the folders of the kubelet.
   */
  readonly kind: 'pod' | 'container' | 'unit' | 'plain' | 'inner' | 'group';
  /** Path of the workload that it belongs to; null for `group`. */
  readonly workloadPath: string | null;
  readonly pod: { readonly uid: string; readonly qosClass: QosClass } | null;
  readonly container: { readonly id: string; readonly runtime: string } | null;
  /** Nearest service or scope of systemd around it or it itself, as systemd names it; null if there is none. */
  readonly unit: string | null;
  /** Nearest slice around it. */
  readonly slice: string | null;
  /** Number of the user whose slice it is in. What users name there is not believed to be a pod. */
  readonly user: string | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const HEX64 = /^[0-9a-f]{64}$/;
/** Containers of systemd's cgroup driver: `<runtime>-<id>.scope`. */
const SCOPE = /^(cri-containerd|crio|docker|libpod|nerdctl|cri-dockerd|isulad)-([0-9A-Za-z]+)\.scope$/;
/** A cgroupfs-driver runtime below a kubelet with the systemd driver: `<slice>:<runtime>:<id>`. */
const COLONS = /^((?:[^:]*\.slice)?):([a-z][a-z-]*):([0-9A-Za-z]+)$/;
/** `kubepods-burstable-pod<uid>.slice`, also with what the cgroup root of the kubelet puts before it. */
const POD_SLICE = /^(?:.*-)?kubepods(?:-(burstable|besteffort))?-pod([0-9A-Za-z_]+)\.slice$/;
const KUBEPODS_SLICE = /^(?:.*-)?kubepods(?:-(burstable|besteffort))?\.slice$/;
const POD_FOLDER = /^pod([0-9A-Za-z][0-9A-Za-z_-]*)$/;
const USER_SLICE = /^user-([0-9]+)\.slice$/;
const USER_MANAGER = /^user@([0-9]+)\.service$/;

const RUNTIMES: Readonly<Record<string, string>> = {
  'cri-containerd': 'containerd',
  'cri-dockerd': 'docker',
  crio: 'cri-o',
  libpod: 'podman',
  nerdctl: 'containerd',
};
/** Folders of runtimes with the cgroupfs driver that hold containers by their id. */
const FOLDERS: Readonly<Record<string, string>> = {
  docker: 'docker',
  libpod_parent: 'podman',
  'k8s.io': 'containerd',
  moby: 'docker',
  default: 'containerd',
  nerdctl: 'containerd',
  lxc: 'lxc',
};

const runtimeOf = (prefix: string): string => RUNTIMES[prefix] ?? prefix;

function qosOf(word: string | undefined): QosClass {
  return word === 'burstable' ? 'Burstable' : word === 'besteffort' ? 'BestEffort' : 'Guaranteed';
}

/** Slices cannot have a dash in a part of their name: the kubelet writes UIDs with underscores there. */
const uidOf = (text: string): string => text.replaceAll('_', '-');

interface Walk {
  readonly now: Mutable<CgroupIdentity>;
  /** Of the kubelet's folders that the path is in; null outside. */
  kubepods: QosClass | null;
  /** Name of the folder before. */
  parent: string;
}

function meetPod(walk: Walk, uid: string, qosClass: QosClass, path: string): void {
  const { now } = walk;
  now.kind = 'pod';
  now.workloadPath = path;
  now.pod = { uid: uidOf(uid), qosClass };
  now.container = null;
  now.unit = null;
  walk.kubepods = null;
}

function meetContainer({ now }: Walk, id: string, runtime: string, path: string): void {
  now.kind = 'container';
  now.container = { id, runtime };
  // A container below a pod's cgroup is a part of the pod; others stand for themselves.
  if (now.pod === null) now.workloadPath = path;
}

/** @returns whether the part is one that only Kubernetes makes */
function meetKubernetes(walk: Walk, part: string, path: string): boolean {
  const { now } = walk;
  const podSlice = POD_SLICE.exec(part);
  if (podSlice !== null) {
    meetPod(walk, podSlice[2], qosOf(podSlice[1]), path);
    return true;
  }
  const folder = part === 'kubepods' ? [part] : KUBEPODS_SLICE.exec(part);
  if (folder !== null) {
    walk.kubepods = qosOf(folder[1]);
    now.kind = 'group';
    now.workloadPath = null;
    now.pod = null;
    now.container = null;
    now.unit = null;
    if (part !== 'kubepods') now.slice = part;
    return true;
  }
  if (walk.kubepods === null) return false;
  if (part === 'burstable' || part === 'besteffort') {
    walk.kubepods = qosOf(part);
    return true;
  }
  const pod = POD_FOLDER.exec(part);
  if (pod === null) return false;
  meetPod(walk, pod[1], walk.kubepods, path);
  return true;
}

/** A container by the form of its name and of the folder that it is in; null for what is none. */
function containerOf({ now, parent }: Walk, part: string): { id: string; runtime: string } | null {
  const scope = SCOPE.exec(part);
  if (scope !== null) return { id: scope[2], runtime: runtimeOf(scope[1]) };
  const colons = COLONS.exec(part);
  if (colons !== null) return { id: colons[3], runtime: runtimeOf(colons[2]) };
  if (now.kind === 'pod') return inPod(part);
  const folder = Object.hasOwn(FOLDERS, parent) ? FOLDERS[parent] : undefined;
  if (folder !== undefined && HEX64.test(part)) return { id: part, runtime: folder };
  const libpod = /^libpod-([0-9a-f]{64})$/.exec(part);
  if (libpod !== null) return { id: libpod[1], runtime: 'podman' };
  const lxc = /^lxc\.payload\.(.+)$/.exec(part) ?? (parent === 'lxc' ? [part, part] : null);
  return lxc === null ? null : { id: lxc[1], runtime: 'lxc' };
}

/** The cgroupfs driver names a container's cgroup by its id alone. */
function inPod(part: string): { id: string; runtime: string } | null {
  // The runtime's process beside a container.
  if (part.startsWith('crio-conmon-')) return null;
  const crio = /^crio-(.+)$/.exec(part);
  return crio === null ? { id: part, runtime: '' } : { id: crio[1], runtime: 'cri-o' };
}

function meetSystemd({ now }: Walk, part: string, path: string): boolean {
  if (part.endsWith('.slice')) {
    now.slice = part;
    now.user = USER_SLICE.exec(part)?.[1] ?? now.user;
    // Also within a unit or a container: a manager of its own holds units there again.
    now.kind = 'group';
    now.workloadPath = null;
    now.unit = null;
    return true;
  }
  if (!part.endsWith('.service') && !part.endsWith('.scope')) return false;
  now.user = USER_MANAGER.exec(part)?.[1] ?? now.user;
  now.kind = 'unit';
  now.unit = part;
  now.workloadPath = path;
  return true;
}

/** `kubepods-burstable-pod<uid>.slice:cri-containerd:<id>` says the pod in the container's own name. */
function podOfColons(walk: Walk, part: string, path: string): void {
  const before = COLONS.exec(part)?.[1];
  const pod = before === undefined ? null : POD_SLICE.exec(before);
  if (pod !== null) meetPod(walk, pod[2], qosOf(pod[1]), path);
}

function meet(walk: Walk, part: string, path: string): void {
  const { now } = walk;
  // Whoever may make cgroups in a container of a pod must not become another pod by their names.
  if (now.pod !== null && now.kind !== 'pod') {
    now.kind = 'inner';
    return;
  }
  if (now.user === null && meetKubernetes(walk, part, path)) return;
  walk.kubepods = null;
  const container = containerOf(walk, part);
  if (container !== null) {
    if (now.user === null) podOfColons(walk, part, path);
    meetContainer(walk, container.id, container.runtime, path);
    return;
  }
  if (now.pod !== null) {
    now.kind = 'inner';
    return;
  }
  if (meetSystemd(walk, part, path)) return;
  if (now.kind !== 'group' && now.kind !== 'plain') {
    now.kind = 'inner';
    return;
  }
  const holder = Object.hasOwn(FOLDERS, part);
  now.kind = holder ? 'group' : 'plain';
  now.workloadPath = holder ? null : path;
}

/**
 * Parts of a path, without those that lead out of a cgroup namespace: `/../../kubepods/...` is how the kernel shows a
 * cgroup outside of the namespace of who asks.
 */
export function pathParts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
}

/** @param path from the root of the hierarchy, `/` for itself. Never throws. */
export function identifyCgroup(path: string): CgroupIdentity {
  const walk: Walk = {
    now: { kind: 'group', workloadPath: null, pod: null, container: null, unit: null, slice: null, user: null },
    kubepods: null,
    parent: '',
  };
  let at = '';
  for (const part of pathParts(path)) {
    at += `/${part}`;
    meet(walk, part, at);
    walk.parent = part;
  }
  return walk.now;
}

/**
 * The path in cgroup v2 from /proc/PID/cgroup; null when the process is in none. What is not the line `0::` belongs to
 * other hierarchies, or to a name with a newline, which the kernel refuses today.
 * @param text of the file
 */
export function unifiedPath(text: string): string | null {
  const match = /^0::(\/.*)$/m.exec(text);
  return match === null ? null : match[1].replace(/ \(deleted\)$/, '');
}
