// SPDX-License-Identifier: Apache-2.0

/** A task as the kernel names it. */
export interface NamedTask {
  readonly comm: string;
  readonly pid: number;
}

export interface Stall extends NamedTask {
  readonly seconds: number;
}

/** Reads `NAME[PID] failed to run for 5.404s`. A name may hold anything, brackets and spaces too. */
export function parseStall(message: string): Stall | null {
  const match = /^(.*)\[(\d+)\] failed to run for (\d+\.\d+)s/s.exec(message);
  return match === null ? null : { comm: match[1] ?? '', pid: Number(match[2]), seconds: Number(match[3]) };
}

/** Reads `watchdog failed to check in for 5.404s`: the kernel's own check did not run. Seconds, null for another text. */
export function parseWatchdog(message: string): number | null {
  const match = /watchdog failed to check in for (\d+\.\d+)s/.exec(message);
  return match === null ? null : Number(match[1]);
}

/** Where the debug dump shows a task waiting. */
export interface DumpPlace {
  readonly cpu: number;
  /** Who has that CPU; null when it is the task itself or the dump does not say. */
  readonly current: NamedTask | null;
  /** Scheduling class of that one in the kernel's words: `rt_sched_class`. */
  readonly currentClass: string;
}

/**
 * Finds the CPU that a task waits for in a debug dump. Of the dump three kinds of lines are read: the heading of a CPU
 * (`CPU 3   : nr_run=...`), who runs there (`curr=NAME[PID] class=...`) and each waiting task (`  R NAME[PID] -5404ms`).
 * Names can hold anything, so a line is believed only where the dump has such lines.
 */
export function findInDump(dump: string, pid: number): DumpPlace | null {
  let cpu = -1;
  let current: NamedTask | null = null;
  let currentClass = '';
  for (const line of dump.split('\n')) {
    const heading = /^\s*CPU (\d+)\s*: nr_run=/.exec(line);
    if (heading !== null) {
      cpu = Number(heading[1]);
      current = null;
      currentClass = '';
      continue;
    }
    const running = /^\s+curr=(.*)\[(\d+)\] class=(\S+)/.exec(line);
    if (running !== null) {
      current = { comm: running[1] ?? '', pid: Number(running[2]) };
      currentClass = running[3] ?? '';
      continue;
    }
    const waiting = /^\s[\s*][A-Za-z?] .*\[(\d+)\] [-+]\d+ms$/.exec(line);
    if (waiting === null || Number(waiting[1]) !== pid || cpu < 0) continue;
    return { cpu, current: current?.pid === pid ? null : current, currentClass };
  }
  return null;
}
