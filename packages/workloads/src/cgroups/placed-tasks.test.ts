// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readTask, readThreads } from '../tasks.ts';
import { describeCgroups, type RealCgroups, realCgroups, workloadsObject } from '../testing/real-cgroups.ts';
import { identifyCgroup, unifiedPath } from './cgroup-path.ts';
import { openPlacedTasks, type PlacedTask, type PlacedTasks } from './placed-tasks.ts';
import { cgroupIdOf } from './walk.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000 });
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const intoCgroup = join(root, 'build/vm/programs/into-cgroup');

describeCgroups('tasks that come into cgroups', () => {
  let cgroups: RealCgroups;
  let placed: PlacedTasks | null;
  let folder: string;
  let cgroupId: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    cgroups = realCgroups();
    folder = cgroups.mkdir('a.scope');
    cgroupId = cgroupIdOf(folder);
    placed = null;
  });
  afterEach(async () => {
    placed?.close();
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await cgroups.close();
  });

  const start = (command: string, ...args: string[]): ChildProcess => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const heard = () => {
    const all: PlacedTask[] = [];
    return () => {
      all.push(...(placed as PlacedTasks).drain().filter((task) => task.cgroupId === cgroupId));
      return all;
    };
  };

  test('a move tells of the whole process', async () => {
    const sleeper = start('sleep', '60');
    placed = openPlacedTasks(workloadsObject, ['attach']);
    const tasks = heard();
    cgroups.attach('a.scope', sleeper.pid as number);
    await soon(() => expect(tasks()).toHaveLength(1));
    const { pid } = sleeper;
    expect(tasks()[0]).toMatchObject({ kind: 'attach', pid, tgid: pid, wholeProcess: true, comm: 'sleep' });
    const ticks = Number(readTask(pid as number)?.startTicks);
    // A tick of this clock is 10 ms.
    expect(Math.abs(tasks()[0].startUs - ticks * 10_000)).toBeLessThan(20_000);
  });

  test('one that is born in another cgroup raises no move, and is told of', async () => {
    execFileSync('make', ['-s', 'build/vm/programs/into-cgroup'], { cwd: root });
    placed = openPlacedTasks(workloadsObject);
    const tasks = heard();
    const child = start(intoCgroup, folder, 'sleep', '60');
    const pid = await new Promise<number>((resolve) => child.stdout?.once('data', (text) => resolve(Number(text))));
    await soon(() => expect(tasks().map(({ kind }) => kind)).toContain('exec'));
    const kinds = tasks().map(({ kind }) => kind);
    expect(kinds[0]).toBe('fork');
    expect(kinds).not.toContain('attach');
    expect(tasks().every((task) => task.pid === pid)).toBe(true);
    expect(tasks().find(({ kind }) => kind === 'exec')?.comm).toBe('sleep');
    expect(readTask(pid)?.cgroupPath).toBe(`/${cgroups.name}/a.scope`);
  });

  test('children of a task in the cgroup are not told of: they are where their parent is', async () => {
    const shell = start('sh', '-c', 'read go; (:); (:); exec sleep 60');
    cgroups.attach('a.scope', shell.pid as number);
    placed = openPlacedTasks(workloadsObject, ['fork', 'exec']);
    const tasks = heard();
    shell.stdin?.write('go\n');
    await soon(() => expect(tasks().map(({ kind, comm }) => [kind, comm])).toEqual([['exec', 'sleep']]));
  });

  test('a new name is told of with the name', async () => {
    const shell = start('sh', '-c', 'read go; printf "new name" >/proc/self/comm; read end');
    cgroups.attach('a.scope', shell.pid as number);
    placed = openPlacedTasks(workloadsObject, ['rename']);
    const tasks = heard();
    shell.stdin?.write('go\n');
    await soon(() => expect(tasks()).toHaveLength(1));
    expect(tasks()[0]).toMatchObject({ kind: 'rename', comm: 'new name', leaderComm: 'new name' });
  });

  test('a storm of programs loses some, counts them, and takes no more memory than the ring', {
    timeout: 60_000,
  }, async () => {
    placed = openPlacedTasks(workloadsObject, ['exec', 'rename']);
    const shell = start(
      'sh',
      '-c',
      'read go; i=0; while [ $i -lt 5000 ]; do printf $i >/proc/self/comm; i=$((i+1)); done; echo done; read end',
    );
    cgroups.attach('a.scope', shell.pid as number);
    const done = new Promise((resolve) => shell.stdout?.once('data', resolve));
    shell.stdin?.write('go\n');
    await done;
    const told = placed.drain(100).length;
    expect(told).toBe(100);
    expect(placed.drain().length + told).toBeLessThanOrEqual((256 * 1024) / 64);
    expect(placed.lost).toBeGreaterThan(0);
  });

  test('threads are read with their process, and a fork bomb is cut', async () => {
    const node = start(process.execPath, '-e', 'process.stdin.resume()');
    cgroups.attach('a.scope', node.pid as number);
    await soon(() => expect(readThreads(folder)?.threads.length).toBeGreaterThan(3));
    const all = readThreads(cgroups.folder);
    expect(all?.threads.every(({ pid }) => pid === node.pid)).toBe(true);
    expect(readThreads(cgroups.folder, 2)).toMatchObject({ more: true, threads: { length: 2 } });
    expect(all?.more).toBe(false);
    expect(readThreads(join(folder, 'nothing'))).toBeNull();
  });

  test('from a private namespace others are seen by a way out, and are known all the same', async () => {
    cgroups.mkdir('kubepods/podabc-1/c1');
    const other = start('sleep', '60');
    cgroups.attach('kubepods/podabc-1/c1', other.pid as number);
    const inside = start('sh', '-c', `read go; unshare --cgroup cat /proc/${other.pid}/cgroup`);
    cgroups.attach('a.scope', inside.pid as number);
    const text = new Promise<string>((resolve) => inside.stdout?.once('data', (data) => resolve(`${data}`)));
    inside.stdin?.write('go\n');
    const path = unifiedPath(await text) as string;
    expect(path).toMatch(/^\/\.\.\//);
    expect(identifyCgroup(path)).toMatchObject({ kind: 'container', pod: { uid: 'abc-1' }, container: { id: 'c1' } });
  });
});
