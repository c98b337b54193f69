// SPDX-License-Identifier: Apache-2.0
import { identifyCgroup } from '@gthulhu/workloads';

/** Which pod, and which container of it, a cgroup belongs to. */
export interface PodPlace {
  /** With dashes. */
  readonly podUid: string;
  /** Null between containers: the pod's own cgroup, or a helper of the runtime. */
  readonly containerId: string | null;
}

/** What a runtime may call a container; the pod may have made cgroups of any name. */
const CONTAINER_ID = /^[0-9A-Za-z][0-9A-Za-z._-]*$/;

/** Of one cgroup's path; null when it is no pod's. The outermost pod counts: that is the one of this node. */
export function podPlaceOf(path: string): PodPlace | null {
  const { pod, container } = identifyCgroup(path.replace(/ \(deleted\)$/, ''));
  if (pod === null) return null;
  return { podUid: pod.uid, containerId: container !== null && CONTAINER_ID.test(container.id) ? container.id : null };
}

/** Paths of the lines of /proc/PID/cgroup, that of cgroup v2 (`0::/path`) first. */
export function cgroupPaths(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /^(\d+):[^:]*:(\/.*)$/.exec(line) ?? []);
  const found: { v2: boolean; path: string }[] = [];
  for (let at = 0; at < lines.length; at += 3) found.push({ v2: lines[at + 1] === '0', path: lines[at + 2] });
  return found.sort((a, b) => Number(b.v2) - Number(a.v2)).map(({ path }) => path);
}
