// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { CgroupEvent, CgroupEvents } from '../cgroups/cgroup-events.ts';

/** A folder that stands for a hierarchy of cgroups, and events that stand for the kernel's. */
export interface FakeCgroups {
  readonly root: string;
  readonly openEvents: () => CgroupEvents;
  /** Makes a cgroup; `silent`: the kernel had no room for the event. */
  mkdir(path: string, silent?: boolean): void;
  rmdir(path: string, silent?: boolean): void;
  close(): void;
}

export function fakeCgroups(): FakeCgroups {
  const root = mkdtempSync(join(tmpdir(), 'gthulhu-cgroups-'));
  const grave = mkdtempSync(join(tmpdir(), 'gthulhu-cgroups-gone-'));
  let serial = 0;
  const queue: CgroupEvent[] = [];
  let lost = 0;
  let wake: () => void = () => undefined;
  const idOf = (path: string): string => statSync(path, { bigint: true }).ino.toString();
  const tell = (event: CgroupEvent, silent: boolean): void => {
    if (silent) lost++;
    else queue.push(event);
    wake();
  };
  return {
    root,
    openEvents: () => ({
      wait: (timeoutMs) =>
        new Promise((resolve) => {
          if (queue.length > 0) return resolve(true);
          const timer = setTimeout(() => resolve(false), timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve(true);
          };
        }),
      drain: () => queue.splice(0),
      get lost() {
        return lost;
      },
      close: () => wake(),
    }),
    mkdir: (path, silent = false) => {
      const whole = join(root, path);
      mkdirSync(whole);
      tell({ kind: 'mkdir', id: idOf(whole), parentId: idOf(dirname(whole)), name: basename(whole) }, silent);
    },
    rmdir: (path, silent = false) => {
      const whole = join(root, path);
      const event = { kind: 'rmdir', id: idOf(whole), parentId: idOf(dirname(whole)), name: '' } as const;
      // Set aside until the end: the kernel gives a number to no second cgroup, a disk does.
      renameSync(whole, join(grave, `${serial++}`));
      tell(event, silent);
    },
    close: () => {
      for (const folder of [root, grave]) rmSync(folder, { recursive: true, force: true });
    },
  };
}
