// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';

const ROOT = '/sys/fs/cgroup';

/** A cgroup of the test machine. Its folders are made as a container runtime makes them: one below the other. */
export class Cgroup {
  readonly path: string;

  constructor(...names: readonly string[]) {
    this.path = [ROOT, ...names].join('/');
    mkdirSync(this.path, { recursive: true });
  }

  below(name: string): Cgroup {
    return new Cgroup(...this.path.slice(ROOT.length + 1).split('/'), name);
  }

  /** As the kernel numbers it. */
  get id(): string {
    return `${statSync(this.path, { bigint: true }).ino}`;
  }

  /** A whole process. */
  take(pid: number): void {
    writeFileSync(`${this.path}/cgroup.procs`, `${pid}`);
  }

  /** Where it is empty. */
  remove(): void {
    rmdirSync(this.path);
  }
}

export const ROOT_CGROUP = new Cgroup();
