// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/** Where the hierarchies of this machine are: one of version 2, or several of version 1. */
function hierarchies(): string[] {
  if (existsSync(join(MOUNT, 'cgroup.controllers'))) return [MOUNT];
  return readdirSync(MOUNT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(MOUNT, name));
}

const PREFIX = 'gthulhu-node-';

/** Name for the one of this process. */
export const ownCgroupRoot = (): string => `${PREFIX}${process.pid}`;

/** Makes a cgroup of its own in every hierarchy, with all controllers that there are. */
export function makeCgroupRoot(name: string): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, name);
    mkdirSync(folder, { recursive: true });
    if (hierarchy.endsWith('/cpuset'))
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        writeFileSync(join(folder, file), readFileSync(join(hierarchy, file)));
    if (hierarchy !== MOUNT) continue;
    const all = readFileSync(join(hierarchy, 'cgroup.controllers'), 'utf8').trim().split(' ');
    const on = all.map((controller) => `+${controller}`).join(' ');
    for (const parent of [hierarchy, folder]) writeFileSync(join(parent, 'cgroup.subtree_control'), on);
  }
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
}

/** Takes it away with all below it; nothing may run there any more. */
export function removeCgroupRoot(name: string): void {
  for (const hierarchy of hierarchies()) removeTree(join(hierarchy, name));
}

/** Removes what runs have left that did not come to their end. */
export function sweepCgroupRoots(): void {
  for (const hierarchy of hierarchies())
    for (const name of readdirSync(hierarchy)) {
      const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
      if (Number.isInteger(pid) && !existsSync(`/proc/${pid}`)) removeTree(join(hierarchy, name));
    }
}
