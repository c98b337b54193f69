// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { type ReadTaskFile, readTask, statFields } from './tasks.ts';

const stat = (comm: string, start: number): string => `7 (${comm}) S 1 ${'0 '.repeat(17)}${start} 0 0\n`;

test.each(['a', 'with space', ')', ') S 1 2 3 (', '((', '0 0 0', 'new\nline'])('name %j does not confuse', (comm) => {
  const fields = statFields(stat(comm, 4_711));
  expect([fields[0], fields[19]]).toEqual(['S', '4711']);
});

/** A machine with one number, which belongs to the given tasks one after the other: one for each file that is read. */
function machine(...tasks: readonly { start: number; comm: string; cgroup: string }[]): ReadTaskFile {
  let reads = 0;
  return (_, file) => {
    const { start, comm, cgroup } = tasks[Math.min(reads++, tasks.length - 1)];
    return file === 'stat' ? stat(comm, start) : file === 'comm' ? `${comm}\n` : `0::${cgroup}\n`;
  };
}

const one = { start: 100, comm: 'old', cgroup: '/old' };
const other = { start: 200, comm: 'new', cgroup: '/new' };

test('a task is itself', () => {
  expect(readTask(7, machine(one))).toEqual({ pid: 7, startTicks: '100', comm: 'old', cgroupPath: '/old' });
});

test.each([1, 2, 3])('a number that somebody else gets after %i reads is nobody', (reads) => {
  expect(readTask(7, machine(...Array(reads).fill(one), other))).toBeNull();
});

test.each(['ENOENT', 'ESRCH'])('one that is gone (%s) is nobody; another failure is an error', (code) => {
  const fail = (with_: string) => () => {
    throw Object.assign(new Error(with_), { code: with_ });
  };
  expect(readTask(7, fail(code))).toBeNull();
  expect(() => readTask(7, fail('EACCES'))).toThrow('EACCES');
});
