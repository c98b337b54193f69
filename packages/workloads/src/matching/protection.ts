// SPDX-License-Identifier: Apache-2.0
import { PROTECTED_COMMANDS, PROTECTED_UNITS } from '@gthulhu/contracts';
import type { Workload } from '../workload.ts';

/** Whom no strategy may touch: a machine without them is lost. */
export interface Protection {
  /** Units and cgroups by the last part of their path; `*` stands for any characters. */
  readonly units: readonly string[];
  /** Names of processes, whole, for those that a strategy about everybody would reach; where there are no units. */
  readonly commands: readonly string[];
  /** Our own. */
  readonly cgroupIds: readonly string[];
  readonly uids: readonly string[];
}

export const DEFAULT_PROTECTION: Protection = {
  units: PROTECTED_UNITS,
  commands: PROTECTED_COMMANDS,
  cgroupIds: [],
  uids: [],
};

/** Whether the pattern, in which `*` stands for any characters, is the whole text. In time pattern x text at worst. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Says why a workload is protected, null when it is not. */
export type ProtectedBy = (workload: Workload) => string | null;

/** A pod is protected by its uid or cgroup only: its name and the name of its cgroup are anybody's choice. */
export function protectedBy(protection: Protection): ProtectedBy {
  const exact = new Set(protection.units.filter((unit) => !unit.includes('*')));
  const globs = protection.units.filter((unit) => unit.includes('*'));
  const ids = new Set(protection.cgroupIds);
  const uids = new Set(protection.uids);
  return (workload) => {
    const { uid, cgroupId, cgroupPath, containers } = workload;
    if (uids.has(uid)) return 'its uid is in the list';
    if (cgroupId !== null && ids.has(cgroupId)) return 'its cgroup is in the list';
    if (ids.size > 0 && containers.some((container) => container.cgroupId !== null && ids.has(container.cgroupId)))
      return 'the cgroup of a container is in the list';
    if (cgroupPath === null || isContained(workload)) return null;
    const last = cgroupPath.slice(cgroupPath.lastIndexOf('/') + 1);
    if (exact.has(last)) return `${last} is in the list`;
    const glob = globs.find((pattern) => globMatches(pattern, last));
    return glob === undefined ? null : `${last} is in the list as ${glob}`;
  };
}

/** A pod or a container, in contrast to a part of the machine. */
function isContained({ qosClass, containers }: Workload): boolean {
  return qosClass !== null || containers.some(({ id }) => id !== '');
}
