// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { openCgroupEvents } from '../cgroups/cgroup-events.ts';
import { findCgroupMounts } from '../cgroups/mounts.ts';

/** Where `make bpf` puts the programs. */
export const workloadsObject = fileURLToPath(new URL('../../../../build/bpf/workloads.bpf.o', import.meta.url));

function whyNot(): string | null {
  if (process.env.CI === 'true') return null;
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync(workloadsObject)) return 'build/bpf/workloads.bpf.o is missing: run make bpf';
  const { unified } = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (unified === null) return 'no cgroup v2';
  try {
    openCgroupEvents(workloadsObject).close();
    rmdirSync(makeFolder(unified));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

let serial = 0;

function makeFolder(unified: string): string {
  const folder = join(unified, `gthulhu-test-${process.pid}-${serial++}`);
  mkdirSync(folder);
  return folder;
}

/** describe(), for tests on this machine's own cgroups; skipped with the reason in its name where that is impossible. */
export function describeCgroups(name: string, tests: () => void): void {
  const reason = whyNot();
  if (reason === null) describe(name, tests);
  else describe.skip(`${name} (skipped: ${reason})`, tests);
}

/** One folder below which a test does everything. */
export interface RealCgroups {
  /** Of the hierarchy. */
  readonly mount: string;
  /** Its name below the mount. */
  readonly name: string;
  readonly folder: string;
  mkdir(path: string): string;
  /** Moves a whole process. */
  attach(path: string, pid: number): void;
  rmdir(path: string): void;
  /** Removes everything below; whoever still runs there is killed. */
  close(): Promise<void>;
}

export function realCgroups(): RealCgroups {
  const mount = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).unified as string;
  const folder = makeFolder(mount);
  const removeBelow = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true, encoding: 'buffer' }))
      if (entry.isDirectory()) removeBytes(Buffer.concat([Buffer.from(`${at}/`), entry.name]));
  };
  const removeBytes = (at: Buffer): void => {
    for (const entry of readdirSync(at, { withFileTypes: true, encoding: 'buffer' }))
      if (entry.isDirectory()) removeBytes(Buffer.concat([at, Buffer.from('/'), entry.name]));
    rmdirSync(at);
  };
  return {
    mount,
    name: folder.slice(mount.length + 1),
    folder,
    mkdir: (path) => {
      const whole = join(folder, path);
      mkdirSync(whole, { recursive: true });
      return whole;
    },
    attach: (path, pid) => writeFileSync(join(folder, path, 'cgroup.procs'), `${pid}`),
    rmdir: (path) => rmdirSync(join(folder, path)),
    close: async () => {
      writeFileSync(join(folder, 'cgroup.kill'), '1');
      for (let tries = 0; ; tries++) {
        try {
          removeBelow(folder);
          rmdirSync(folder);
          return;
        } catch (error) {
          if (tries === 50) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    },
  };
}
