// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupByPod } from './pods.ts';
import { ProcessTable, parseStat } from './process-table.ts';

const statLine = (pid: number, command: string, ppid: number, start = 100): string =>
  `${pid} (${command}) S ${ppid} 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${start} 0 0\n`;

test.each<[string, ReturnType<typeof parseStat>]>([
  [statLine(7, 'bash', 3), { command: 'bash', ppid: 3, start: '100' }],
  [statLine(7, 'a) S 9 (b', 3), { command: 'a) S 9 (b', ppid: 3, start: '100' }],
  ['7 (short) S 1', null],
  ['', null],
])('stat %j', (line, stat) => expect(parseStat(line)).toEqual(stat));

describe('a node', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-proc.'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function add(pid: number, command: string, cgroup: string, threads = [pid]): void {
    for (const tid of threads) mkdirSync(join(folder, 'proc', `${pid}`, 'task', `${tid}`), { recursive: true });
    writeFileSync(join(folder, 'proc', `${pid}`, 'stat'), statLine(pid, command, 1));
    writeFileSync(join(folder, 'proc', `${pid}`, 'cgroup'), `0::${cgroup}\n`);
  }

  test('tells the processes and threads of its pods, and leaves out what has ended', async () => {
    add(101, 'python3', '/kubepods/podabc/c1', [101, 103]);
    add(102, 'pause', '/kubepods/podabc/c2');
    add(200, 'sshd', '/system.slice/ssh.service');
    mkdirSync(join(folder, 'proc', '300'));
    mkdirSync(join(folder, 'proc', 'sys'));
    const processes = await new ProcessTable(join(folder, 'proc')).read();
    expect(processes.map(({ pid }) => pid).sort()).toEqual([101, 102, 200]);
    expect(groupByPod(processes)).toEqual([
      {
        pod_name: '',
        namespace: '',
        pod_uid: 'abc',
        container_id: 'c1',
        processes: [
          { pid: 101, command: 'python3', ppid: 1, container_id: 'c1', threads: [101, 103] },
          { pid: 102, command: 'pause', ppid: 1, container_id: 'c2', threads: [102] },
        ],
      },
    ]);
  });

  test('a process carries the ids of its cgroup and of those above it', async () => {
    add(101, 'python3', '/kubepods/podabc/c1');
    mkdirSync(join(folder, 'cgroup/kubepods/podabc/c1'), { recursive: true });
    const [process] = await new ProcessTable(join(folder, 'proc'), join(folder, 'cgroup')).read();
    const inode = (path: string): string => String(statSync(join(folder, 'cgroup', path)).ino);
    expect(process.cgroups()).toEqual([inode('kubepods/podabc/c1'), inode('kubepods/podabc'), inode('kubepods')]);
  });

  test('who asks again at once gets the same answer, and a failure is not kept', async () => {
    const table = new ProcessTable(join(folder, 'proc'));
    await expect(table.read()).rejects.toThrow(/ENOENT/);
    add(1, 'init', '/');
    const first = await table.read();
    expect(first).toHaveLength(1);
    expect(await table.read()).toBe(first);
  });
});
