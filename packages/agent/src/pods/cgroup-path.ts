// SPDX-License-Identifier: Apache-2.0

/** Which pod, and which container of it, a cgroup belongs to. */
export interface PodPlace {
  /** With dashes. */
  readonly podUid: string;
  /** Null between containers: the pod's own cgroup, or a helper of the runtime. */
  readonly containerId: string | null;
}

/** `kubepods`, `kubepods.slice`, `kubelet-kubepods-burstable.slice`: below it are pods, and nowhere else. */
const KUBEPODS = /(?:^|-)kubepods(?:-|\.slice$|$)/;
/** `pod20da609e-...` of cgroupfs, `kubepods-burstable-pod20da609e_..._....slice` of systemd. */
const POD = /^(?:.*kubepods.*-)?pod([0-9A-Za-z][0-9A-Za-z_-]*?)(?:\.slice)?$/;
const RUNTIME = /^(?:cri-containerd|containerd|crio|docker|libpod)-/;
/** CRI-O's supervisor of a container has a scope of its own. */
const SUPERVISOR = /^crio-conmon-/;

function containerOf(part: string | undefined): string | null {
  if (part === undefined || part === '' || SUPERVISOR.test(part)) return null;
  const id = part.replace(/\.scope$/, '').replace(RUNTIME, '');
  return /^[0-9A-Za-z][0-9A-Za-z._-]*$/.test(id) ? id : null;
}

/** Of one cgroup's path; null when it is no pod's. The outermost pod counts: that is the one of this node. */
export function podPlaceOf(path: string): PodPlace | null {
  const parts = path.replace(/ \(deleted\)$/, '').split('/');
  let below = false;
  for (const [at, part] of parts.entries()) {
    below ||= KUBEPODS.test(part);
    const uid = below ? POD.exec(part)?.[1] : undefined;
    if (uid !== undefined) return { podUid: uid.replaceAll('_', '-'), containerId: containerOf(parts[at + 1]) };
  }
  return null;
}

/** Paths of the lines of /proc/PID/cgroup, that of cgroup v2 (`0::/path`) first. */
export function cgroupPaths(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /^(\d+):[^:]*:(\/.*)$/.exec(line) ?? []);
  const found: { v2: boolean; path: string }[] = [];
  for (let at = 0; at < lines.length; at += 3) found.push({ v2: lines[at + 1] === '0', path: lines[at + 2] });
  return found.sort((a, b) => Number(b.v2) - Number(a.v2)).map(({ path }) => path);
}
