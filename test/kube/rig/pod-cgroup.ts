// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cgroupIdOf, findCgroupMounts } from '@gthulhu/workloads';

const { unified } = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const ROOT = `${unified}/gthulhu-pods-${process.pid}`;

/** Why no cgroups can be made here; null where they can. */
export function whyNoCgroups(): string | null {
  if (unified === null) return 'this machine has no cgroup v2';
  try {
    mkdirSync(ROOT, { recursive: true });
    rmdirSync(ROOT);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The cgroups of a pod as a kubelet and a runtime make them on this machine, and one process in its container. */
export interface PodCgroup {
  readonly cgroupId: string;
  readonly pid: number;
  end(): Promise<void>;
}

export function makePodCgroup(uid: string, containerId: string): PodCgroup {
  const folders = [ROOT, `${ROOT}/kubepods`, `${ROOT}/kubepods/burstable`, `${ROOT}/kubepods/burstable/pod${uid}`];
  const pod = folders[3];
  const container = `${pod}/${containerId}`;
  mkdirSync(container, { recursive: true });
  const sleeper: ChildProcess = spawn('sleep', ['1000'], { stdio: 'ignore' });
  writeFileSync(`${container}/cgroup.procs`, `${sleeper.pid}`);
  return {
    cgroupId: cgroupIdOf(pod),
    pid: sleeper.pid as number,
    async end() {
      const ended = once(sleeper, 'exit');
      sleeper.kill('SIGKILL');
      await ended;
      for (const folder of [container, ...folders.toReversed()])
        try {
          if (existsSync(folder)) rmdirSync(folder);
        } catch {
          // Others of this run are still in it.
        }
    },
  };
}
