// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hog } from '../../test/vm/guest/tasks.ts';
import type { Probe } from './probe-client.ts';

/** In the guest's memory: a program that is read from the host's files makes the instruction clock jump. */
const MEMORY = '/dev/shm';

export function copyPrograms(): void {
  for (const [from, to] of [
    ['/usr/bin/hackbench', 'hackbench'],
    ['/usr/bin/perf', 'perf'],
    // Static: what is measured is fork, exec and wait, not the dynamic linker.
    ['/bin/busybox', 'true'],
  ]) {
    if (!existsSync(from)) throw new Error(`${from} is missing; run scripts/install test`);
    copyFileSync(from, `${MEMORY}/${to}`);
    chmodSync(`${MEMORY}/${to}`, 0o755);
  }
}

function output(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout + stderr;
}

function numberIn(text: string, expression: RegExp): number {
  const found = expression.exec(text);
  if (found === null) throw new Error(`no ${expression} in: ${text}`);
  return Number(found[1]);
}

/** Seconds. */
export function hackbench(loops: number): number {
  return numberIn(output(`${MEMORY}/hackbench`, '-g', '2', '-l', String(loops)), /Time: ([\d.]+)/);
}

/** Microseconds for one message there and back. */
export function pipe(loops: number): number {
  return numberIn(output(`${MEMORY}/perf`, 'bench', 'sched', 'pipe', '-l', String(loops)), /([\d.]+) usecs\/op/);
}

const FORKS = `use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
my $n = shift; my $start = clock_gettime(CLOCK_MONOTONIC);
for (1 .. $n) { my $p = fork; if (!$p) { exec '${MEMORY}/true' } waitpid $p, 0 }
printf "%.6f\\n", (clock_gettime(CLOCK_MONOTONIC) - $start) * 1e3 / $n;`;

/** Milliseconds for one fork, exec and wait. */
export function forkExec(count: number): number {
  return Number(output('perl', '-e', FORKS, String(count)));
}

/** Units of work that 8 tasks do in a second. */
export async function hogsWork(seconds: number): Promise<number> {
  const hogs = await Promise.all(Array.from({ length: 8 }, () => new Hog().ready()));
  try {
    await Promise.all(hogs.map((hog) => hog.lap()));
    await sleep(seconds * 1000);
    const laps = await Promise.all(hogs.map((hog) => hog.lap()));
    return laps.reduce((sum, lap) => sum + (lap.work / lap.wallMs) * 1000, 0);
  } finally {
    for (const hog of hogs) hog.end();
    await Promise.all(hogs.map((hog) => hog.program.exited));
  }
}

/** One pinned spinner a CPU and as many free ones: 10th percentile of their CPU time over its mean. */
export async function fairness(cpus: number, seconds: number): Promise<number> {
  const free = Array.from({ length: cpus }, () => new Hog());
  const pinned = Array.from({ length: cpus }, (_, cpu) => new Hog({ cpus: String(cpu) }));
  const hogs = await Promise.all([...free, ...pinned].map((hog) => hog.ready()));
  try {
    await Promise.all(hogs.map((hog) => hog.lap()));
    await sleep(seconds * 1000);
    const times = (await Promise.all(hogs.map((hog) => hog.lap()))).map(({ cpuMs }) => cpuMs).sort((a, b) => a - b);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    // With so few, the 10th percentile lies between the two that got least.
    return (times[0] + (times[1] - times[0]) * 0.1 * (times.length - 1)) / mean;
  } finally {
    for (const hog of hogs) hog.end();
    await Promise.all(hogs.map((hog) => hog.program.exited));
  }
}

/** p99 of 500 wakeups on an idle machine, microseconds. */
export async function idleWakeup(probe: Probe): Promise<number> {
  return (await probe.measure({ count: 500, periodUs: 10_000, workUs: 200 })).p99Us;
}

/** What `during` says while 8 tasks want every CPU all the time, each. */
export async function besideHogs<T>(cpus: number, during: () => Promise<T>): Promise<T> {
  const hogs = await Promise.all(Array.from({ length: 8 * cpus }, () => new Hog().ready()));
  try {
    return await during();
  } finally {
    for (const hog of hogs) hog.end();
    await Promise.all(hogs.map((hog) => hog.program.exited));
  }
}

/** p99 of 300 wakeups of a task with little to do, microseconds. */
export async function wakeups(probe: Probe): Promise<number> {
  return (await probe.measure({ count: 300, periodUs: 10_000, workUs: 200 })).p99Us;
}

/** A task that needs half of a CPU in time: periods completed of 500, and p99 of its wakeups, microseconds. */
export async function halfOfACpu(probe: Probe): Promise<{ completed: number; p99Us: number }> {
  return probe.measure({ count: 500, periodUs: 10_000, workUs: 5000 });
}

/** CPU time of all threads of a process since it started, ns. */
function cpuNsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

/** Memory in MB, and CPU in percent of one, of a process on an idle machine. */
export async function footprint(pid: number, seconds: number): Promise<{ rssMb: number; cpuPercent: number }> {
  const before = cpuNsOf(pid);
  await sleep(seconds * 1000);
  const cpuPercent = (cpuNsOf(pid) - before) / (seconds * 1e7);
  const rssKb = numberIn(readFileSync(`/proc/${pid}/status`, 'utf8'), /VmRSS:\s+(\d+) kB/);
  return { rssMb: rssKb / 1024, cpuPercent };
}
