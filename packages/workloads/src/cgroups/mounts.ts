// SPDX-License-Identifier: Apache-2.0

/** Where the hierarchies of cgroups are on this machine. */
export interface CgroupMounts {
  /** Folder of cgroup v2; null on a machine that has none. */
  readonly unified: string | null;
  /** Some controllers are in hierarchies of v1. */
  readonly legacy: boolean;
}

/** Spaces, tabs, newlines and backslashes are written as octal numbers in mountinfo. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The whole hierarchy, mounted for somebody in a cgroup namespace of its own: it shows more than the `/` of that namespace. */
const outside = /^(\/\.\.)+$/;

/** A part of a hierarchy that is mounted somewhere else does not count. @param mountinfo text of /proc/self/mountinfo */
export function findCgroupMounts(mountinfo: string): CgroupMounts {
  let unified: string | null = null;
  let legacy = false;
  for (const line of mountinfo.split('\n')) {
    const [mount, source] = line.split(' - ', 2);
    const type = source?.split(' ', 1)[0];
    const [, , , root, folder] = mount.split(' ');
    if (type === 'cgroup2' && (unified === null || outside.test(root)) && (root === '/' || outside.test(root)))
      unified = unescaped(folder);
    if (type === 'cgroup') legacy = true;
  }
  return { unified, legacy };
}
