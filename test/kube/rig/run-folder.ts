// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Variable that tells the processes of a run where its folder is. */
export const RUN_FOLDER = 'GTHULHU_TEST_RUN_FOLDER';
const PREFIX = 'gthulhu-kube-';
/** etcd writes and syncs a lot: in memory where there is a place for it. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what runs have left that did not come to their end. */
export function sweepRunFolders(): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN;
    if (Number.isInteger(pid) && pid > 0 && !alive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** A folder for one run: keys, etcd's data, logs. It says whose it is. */
export function makeRunFolder(): string {
  sweepRunFolders();
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}
