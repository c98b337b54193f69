// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sys } from './sys.ts';
import { failure } from './testing/failure.ts';

test('gettid names a thread of this process', () => {
  expect(readFileSync(`/proc/self/task/${sys.gettid()}/comm`, 'utf8')).not.toBe('');
});

test('clocks go forward, and a sleep ends after its time', () => {
  const before = sys.monotonicNs();
  const cpu = sys.threadCpuNs();
  const until = before + 3e6;
  const woke = sys.sleepUntil(until);
  expect(woke).toBeGreaterThanOrEqual(until);
  expect(sys.monotonicNs()).toBeGreaterThanOrEqual(woke);
  expect(sys.threadCpuNs()).toBeGreaterThan(cpu);
  expect(sys.sleepUntil(0)).toBeGreaterThan(woke);
});

test('a sleep of hours, or until no time at all, is refused', () => {
  for (const until of [sys.monotonicNs() + 2 * 3600e9, -1, Number.NaN, Number.POSITIVE_INFINITY, 0.5])
    expect(failure(() => sys.sleepUntil(until)).code).toBe('ERR_BPF_ARGUMENT');
});

test('pidfds: of a process, of nobody, closed once', () => {
  const fd = sys.pidfdOpen(process.pid);
  expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(new RegExp(`Pid:\\s+${process.pid}\\b`));
  sys.closeFd(fd);
  expect(failure(() => sys.closeFd(fd)).code).toBe('ERR_BPF_ARGUMENT');
  expect(failure(() => sys.pidfdOpen(2 ** 22 + 1))).toMatchObject({ errno: expect.any(Number) });
  for (const pid of [0, -1, 1.5, Number.NaN]) expect(failure(() => sys.pidfdOpen(pid)).code).toBe('ERR_BPF_ARGUMENT');
});

test('closeFd leaves the descriptors of others alone', () => {
  const fd = openSync('/dev/null', 'r');
  expect(failure(() => sys.closeFd(fd)).message).toMatch(/no open pidfd/);
  closeSync(fd);
  expect(failure(() => sys.closeFd(0)).code).toBe('ERR_BPF_ARGUMENT');
});

test('scheduling attributes: a change keeps the rest', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const pid = child.pid as number;
  try {
    sys.schedSetAttr(pid, { nice: 5 });
    expect(sys.schedGetAttr(pid)).toMatchObject({ policy: 0, nice: 5 });
    sys.schedSetAttr(pid, { policy: 3 });
    expect(sys.schedGetAttr(pid)).toMatchObject({ policy: 3, nice: 5 });
    expect(failure(() => sys.schedSetAttr(pid, { nice: 40 })).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => sys.schedSetAttr(pid, { policy: 99 }))).toMatchObject({ code: 'ERR_BPF_SYS', errno: 22 });
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  expect(failure(() => sys.schedGetAttr(pid)).code).toBe('ERR_BPF_NOT_FOUND');
});

test('timer slack', () => {
  const read = () => Number(readFileSync(`/proc/${sys.gettid()}/timerslack_ns`, 'utf8'));
  const before = read();
  sys.prctlTimerSlack(12345);
  expect(read()).toBe(12345);
  sys.prctlTimerSlack(0);
  expect(read()).toBe(before);
});

test('what the program needed for its start is given back, and it goes on', () => {
  const ofFilesKb = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const before = ofFilesKb();
  expect(sys.releaseProgramPages()).toBeGreaterThan(10e6);
  // Ten of the more than thirty that Node starts with.
  expect(ofFilesKb()).toBeLessThan(before - 10_000);
  expect([3, 1, 2].sort().map((n) => n * 2)).toEqual([2, 4, 6]);
});
