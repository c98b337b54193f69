// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cgroupPaths, type PodPlace, podPlaceOf } from './cgroup-path.ts';

/** More than a node runs: beyond it somebody forks without end, and a listing helps nobody. */
const MAX_PROCESSES = 100_000;
const MAX_THREADS = 10_000;
/** Reading gives way to other requests after so long. */
const TURN_MS = 5;
/** Whoever asks again sooner gets the same answer. */
const FRESH_MS = 1_000;

export interface NodeProcess {
  readonly pid: number;
  readonly ppid: number;
  /** As the kernel keeps it, 15 bytes. */
  readonly command: string;
  readonly pod: PodPlace | null;
  /** Thread ids of a process of a pod; empty for others. */
  readonly threads: readonly number[];
  /** Ids of its cgroup and those above it, the nearest first. */
  readonly cgroups: () => readonly string[];
}

interface Stat {
  readonly command: string;
  readonly ppid: number;
  /** Tells two processes of one number apart. */
  readonly start: string;
}

/** A line of /proc/PID/stat; the name may hold spaces and brackets. Null for anything else. */
export function parseStat(line: string): Stat | null {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  if (open === -1 || close < open) return null;
  const fields = line.slice(close + 2).split(' ');
  const ppid = Number(fields[1]);
  return fields.length < 20 || !Number.isInteger(ppid)
    ? null
    : { command: line.slice(open + 1, close), ppid, start: fields[19] };
}

/** Reads what a node runs, bounded, in small turns. Processes that end meanwhile are left out. */
export class ProcessTable {
  readonly #proc: string;
  readonly #cgroupRoot: string;
  #last: { readonly at: number; readonly reading: Promise<readonly NodeProcess[]> } | null = null;

  constructor(proc = '/proc', cgroupRoot = '/sys/fs/cgroup') {
    this.#proc = proc;
    this.#cgroupRoot = cgroupRoot;
  }

  /** At most a second old. */
  read(): Promise<readonly NodeProcess[]> {
    const now = performance.now();
    if (this.#last === null || now - this.#last.at > FRESH_MS) {
      const reading = this.#scan();
      this.#last = { at: now, reading };
      // A failure is not kept.
      reading.catch(() => {
        this.#last = null;
      });
    }
    return this.#last.reading;
  }

  async #scan(): Promise<NodeProcess[]> {
    const pids = readdirSync(this.#proc).filter((name) => /^[1-9]\d*$/.test(name));
    const ids = new Map<string, readonly string[]>();
    const found: NodeProcess[] = [];
    let turn = performance.now();
    for (const pid of pids.slice(0, MAX_PROCESSES)) {
      const process = this.#readProcess(pid, ids);
      if (process !== null) found.push(process);
      if (performance.now() - turn > TURN_MS) {
        await nextTurn();
        turn = performance.now();
      }
    }
    return found;
  }

  #text(...parts: string[]): string {
    return readFileSync(join(this.#proc, ...parts), 'utf8');
  }

  /** Null when it has ended, or its number was given away, while it was read. */
  #readProcess(pid: string, ids: Map<string, readonly string[]>): NodeProcess | null {
    try {
      const stat = parseStat(this.#text(pid, 'stat'));
      if (stat === null) return null;
      const paths = cgroupPaths(this.#text(pid, 'cgroup'));
      const pod = paths.map(podPlaceOf).find((place) => place !== null) ?? null;
      const threads = pod === null ? [] : this.#threads(pid);
      if (pod !== null && parseStat(this.#text(pid, 'stat'))?.start !== stat.start) return null;
      const { command, ppid } = stat;
      return { pid: Number(pid), ppid, command, pod, threads, cgroups: () => this.#cgroupIds(paths[0] ?? '/', ids) };
    } catch {
      return null;
    }
  }

  #threads(pid: string): number[] {
    return readdirSync(join(this.#proc, pid, 'task'))
      .slice(0, MAX_THREADS)
      .map(Number);
  }

  #cgroupIds(path: string, known: Map<string, readonly string[]>): readonly string[] {
    const there = known.get(path);
    if (there !== undefined) return there;
    const own: string[] = [];
    try {
      own.push(String(statSync(join(this.#cgroupRoot, path), { bigint: true }).ino));
    } catch {
      // Removed meanwhile, or not visible from here.
    }
    const parent = path.lastIndexOf('/') > 0 ? path.slice(0, path.lastIndexOf('/')) : null;
    const ids = parent === null ? own : [...own, ...this.#cgroupIds(parent, known)];
    known.set(path, ids);
    return ids;
  }
}
