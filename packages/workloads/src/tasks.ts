// SPDX-License-Identifier: Apache-2.0
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unifiedPath } from './cgroups/cgroup-path.ts';
import { namesText } from './cgroups/cgroup-tree.ts';

export interface TaskOfCgroup {
  readonly pid: number;
  /** Clock ticks from boot to its creation: with the pid, who it is. */
  readonly startTicks: string;
  readonly comm: string;
  /** In cgroup v2; null when it is in none. */
  readonly cgroupPath: string | null;
}

export interface ThreadOfCgroup {
  readonly tid: number;
  readonly pid: number;
  readonly comm: string;
  readonly leaderComm: string;
}

export interface ThreadsOfCgroup {
  readonly threads: readonly ThreadOfCgroup[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** Who vanished, or was never there. */
function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Fields of /proc/PID/stat after the name, which may have any characters in it; [0] is the state. */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const START_TIME = 19;

/** Text of /proc/PID/FILE. Throws ENOENT or ESRCH for a task that is gone. */
export type ReadTaskFile = (pid: number, file: string) => string;

const readProc: ReadTaskFile = (pid, file) => namesText(readFileSync(`/proc/${pid}/${file}`));

/**
 * A task as it is now; null when there is none. What it says is all of one task: the start time is read before and
 * after, so that a number that was given to somebody else meanwhile is noticed.
 */
export function readTask(pid: number, readFile: ReadTaskFile = readProc): TaskOfCgroup | null {
  const read = (file: string): string => readFile(pid, file);
  return unlessGone(() => {
    const startTicks = statFields(read('stat'))[START_TIME];
    const comm = read('comm').replace(/\n$/, '');
    const cgroupPath = unifiedPath(read('cgroup'));
    return statFields(read('stat'))[START_TIME] === startTicks ? { pid, startTicks, comm, cgroupPath } : null;
  });
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Numbers of all threads in a cgroup and below it, at most `most` and one. */
function threadIds(folder: string, most: number): number[] {
  const found: number[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined && found.length <= most; next = pending.pop()) {
    const at = next;
    const ids = unlessGone(() => lines(readFileSync(join(at, 'cgroup.threads'), 'utf8')));
    for (const id of ids ?? []) if (found.length <= most) found.push(Number(id));
    const entries: Dirent[] = unlessGone(() => readdirSync(at, { withFileTypes: true })) ?? [];
    for (const entry of entries) if (entry.isDirectory()) pending.push(join(at, entry.name));
  }
  return found;
}

/**
 * Threads in a cgroup and below it, at most `most`: a fork bomb must not fill the memory of who looks at it. Null when
 * there is no such cgroup. Those that end meanwhile are left out.
 * @param folder of the cgroup
 */
export function readThreads(folder: string, most = 10_000, proc = '/proc'): ThreadsOfCgroup | null {
  if (unlessGone(() => readFileSync(join(folder, 'cgroup.threads'), 'utf8')) === null) return null;
  const ids = threadIds(folder, most);
  const comms = new Map<number, string>();
  const commOf = (id: number): string => {
    let comm = comms.get(id);
    if (comm === undefined) {
      comm = unlessGone(() => readFileSync(join(proc, `${id}`, 'comm'), 'utf8').replace(/\n$/, '')) ?? '';
      comms.set(id, comm);
    }
    return comm;
  };
  const threads: ThreadOfCgroup[] = [];
  for (const tid of ids.slice(0, most)) {
    const status = unlessGone(() => readFileSync(join(proc, `${tid}`, 'status'), 'utf8'));
    const tgid = status === null ? null : /^Tgid:\t(\d+)$/m.exec(status);
    if (tgid === null) continue;
    const pid = Number(tgid[1]);
    threads.push({ tid, pid, comm: commOf(tid), leaderComm: commOf(pid) });
  }
  return { threads, more: ids.length > most };
}
