// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import type { PolicyModule } from '../policies/policy-module.ts';
import { CELL, makeCells } from './cells.ts';
import { type PolicyHost, startPolicyHost } from './policy-host.ts';
import type { PolicyThreadData } from './policy-thread.ts';

const workerUrl = new URL('./testing/fake-policy.worker.ts', import.meta.url);
const moduleOf = (code: string): PolicyModule => ({ file: '/etc/gthulhu/p.ts', sha256: 'x', code });

let hosts: PolicyHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  hosts = [];
});

function hostOf(module: PolicyModule | null) {
  const cells = makeCells();
  const decided: string[] = [];
  const replaced: string[] = [];
  const printed: string[] = [];
  const host = startPolicyHost({
    // The fake worker has no kernel to talk to.
    data: { mode: 'gthulhu', module, cells } as PolicyThreadData,
    onReady: (policy) => decided.push(policy.replace(/ \d+$/, '')),
    onReplaced: (reason) => replaced.push(reason),
    onUnrecorded: () => {},
    onPrinted: (line) => printed.push(line),
    workerUrl,
  });
  hosts.push(host);
  return { host, cells, decided, replaced, printed };
}

test('another policy takes over: no failure is counted, and never do two decide', async () => {
  const { host, cells, decided, replaced } = hostOf(moduleOf('good'));
  await host.ready;
  for (let i = 0; i < 3; i++) {
    const before = cells[CELL.decided];
    await host.use(moduleOf(`good ${i}`));
    await vi.waitFor(() => expect(cells[CELL.decided]).not.toBe(before));
  }
  expect(decided).toEqual(['good', 'good 0', 'good 1', 'good 2']);
  expect(replaced).toEqual([]);
  expect(host.restarts).toBe(0);
});

test('the one that decides goes on while the other one gets ready', { timeout: 20_000 }, async () => {
  const { host, cells, decided } = hostOf(null);
  await host.ready;
  await vi.waitFor(() => expect(cells[CELL.decided]).not.toBe(0));
  const using = host.use(moduleOf('never warm'));
  const failed = expect(using).rejects.toThrow('the scheduler is ending');
  await expect(host.use(moduleOf('good'))).rejects.toThrow('another policy is on its way');
  const decides = cells[CELL.decided];
  for (let i = 0; i < 5; i++) {
    cells[CELL.decided] = decides;
    await sleep(60);
    expect(cells[CELL.decided]).toBe(decides);
  }
  expect(decided).toEqual(['built-in']);
  await host.stop();
  await failed;
});

test.each([
  ['throws at load', /it failed: .*at load/],
  ['throws on take over', /it failed: .*on take over/],
  ['throws null', /it failed: \/etc\/gthulhu\/p\.ts: object null/],
])('one that %s changes nothing', async (code, reason) => {
  const { host, decided, replaced, cells } = hostOf(moduleOf('good'));
  await host.ready;
  await expect(host.use(moduleOf(code))).rejects.toThrow(reason);
  expect(replaced).toEqual([]);
  expect(host.restarts).toBe(0);
  // The one before decides: still, or again where it had handed over already.
  await vi.waitFor(() => expect(decided.every((name) => name === 'good')).toBe(true));
  cells[CELL.decided] = 0;
  await vi.waitFor(() => expect(decided.length === 1 || decided.length === 2).toBe(true));
  await host.use(moduleOf('good again'));
  expect(decided.at(-1)).toBe('good again');
});

test('three failures within a minute: the built-in policy; a new file gets a new chance', async () => {
  const { host, decided, replaced } = hostOf(moduleOf('throws when it decides'));
  await vi.waitFor(() => expect(decided.at(-1)).toBe('built-in'), 10_000);
  expect(host.restarts).toBe(3);
  expect(replaced).toHaveLength(3);
  expect(replaced[2]).toMatch(/p\.ts failed 3 times within a minute, the built-in policy takes over/);
  await host.use(moduleOf('good'));
  expect(decided.at(-1)).toBe('good');
  expect(host.restarts).toBe(3);
});

test('one that fails while its successor gets ready is not started again', { timeout: 20_000 }, async () => {
  const { host, decided } = hostOf(moduleOf('throws when it decides'));
  await host.use(moduleOf('good'));
  expect(decided.at(-1)).toBe('good');
  const { length } = decided;
  await sleep(300);
  expect(decided).toHaveLength(length);
});

test('one that hangs while it is asked to hand over is ended', { timeout: 20_000 }, async () => {
  const { host, decided } = hostOf(moduleOf('hangs when it decides'));
  await host.ready;
  await host.use(moduleOf('good'));
  expect(decided.at(-1)).toBe('good');
});

test('what a policy posts by itself is no word of its thread', async () => {
  const { host, decided, replaced } = hostOf(moduleOf('posts anything'));
  await host.ready;
  expect(decided).toEqual(['posts anything']);
  expect(replaced).toEqual([]);
});

test('what a policy prints is told line by line', async () => {
  const { host, printed } = hostOf(moduleOf('prints'));
  await host.ready;
  await vi.waitFor(() => expect(printed.slice(0, 2)).toEqual(['hello', 'and this']));
});

test('a host that has ended takes no policy', async () => {
  const { host } = hostOf(null);
  await host.stop();
  await expect(host.use(moduleOf('good'))).rejects.toThrow('the scheduler is ending');
});
