// SPDX-License-Identifier: Apache-2.0
import type { Explanation, ToldWorkload } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { findWorkloads } from './explain.ts';
import { explainRows } from './explain-rows.ts';
import { workloadRows } from './workload-rows.ts';

const workload = (name: string, given: Partial<ToldWorkload> = {}): ToldWorkload => ({
  uid: `uid-${name}`,
  namespace: 'shop',
  name,
  labels: {},
  qosClass: null,
  cgroupPath: null,
  cgroupId: null,
  containers: [{ name: 'main', id: `${name}0123456789`, cgroupPath: null, cgroupId: null }],
  strategyId: null,
  commandStrategyIds: [],
  protectedBy: null,
  ...given,
});
const all = [workload('web'), workload('db'), workload('web', { namespace: 'other', uid: 'x' })];

test.each([
  ['db', ['uid-db']],
  ['web', ['uid-web', 'x']],
  ['shop/web', ['uid-web']],
  ['x', ['x']],
  ['db012345', ['uid-db']],
  ['db01234', []],
  ['nothing', []],
])('%s names %j', (wanted, uids) => {
  expect(findWorkloads(all, wanted).map(({ uid }) => uid)).toEqual(uids);
});

test('a row of a workload says what comes to it', () => {
  const given = [
    workload('a', {
      strategyId: 's',
      commandStrategyIds: ['c', 'd'],
      labels: { app: 'x', tier: '' },
      cgroupPath: '/a',
    }),
    workload('b', { protectedBy: 'in the list', namespace: '' }),
    workload('c'),
  ];
  expect(workloadRows(given, false).map((row) => row[4])).toEqual(['s, 2 by command', 'protected', '-']);
  expect(workloadRows(given, true)[0]).toEqual(['shop', 'a', '-', '1', 's, 2 by command', 'c,d', 'app=x,tier=', '/a']);
});

const matching: Explanation['matching'] = {
  strategyId: 's',
  origin: 'node',
  priority: 3,
  sliceNs: 2_000_000,
  cpus: null,
  commandRegex: '',
  since: '2026-01-01T00:00:00.000Z',
  reason: 'strategy s means workload web',
  protectedBy: null,
  losers: Array.from({ length: 7 }, (_, i) => ({
    ...{ strategyId: `l${i}`, origin: 'node' as const, to: 's', toOrigin: 'node' as const, because: 'priority' },
  })),
};
const kernel = {
  pid: 7,
  tgid: 7,
  startUs: 1,
  source: 'cgroup' as const,
  strategy: 1,
  strategyId: 's',
  priority: 3,
  sliceNs: 2_000_000,
  cpus: '0-1',
  restricted: true,
  sinceNs: 5,
  exempt: false,
  entryCgroup: '42',
  cgroups: ['42'],
};
const explanation: Explanation = {
  task: { pid: 8, process: 7, command: 'worker', processCommand: 'web', cgroupPath: '/a' },
  workload: { uid: 'u', namespace: '', name: 'web', container: null, labels: {} },
  matching,
  kernel,
  kernelSince: '2026-01-01T00:00:01.000Z',
  kernelMissing: '',
  agree: true,
};
const stateOf = (given: Partial<Explanation>, what: string): string | undefined =>
  explainRows({ ...explanation, ...given }, false).find(([name]) => name === what)?.[1];

test.each<[string, Partial<Explanation>, string]>([
  ['task', {}, '8 worker of web, thread of 7'],
  ['gives', {}, 'priority 3, slice 2ms'],
  ['kernel', {}, 'priority 3, slice 2ms, cpus 0-1, by cgroup 42, since 2026-01-01T00:00:01.000Z'],
  ['kernel', { kernelSince: null }, 'priority 3, slice 2ms, cpus 0-1, by cgroup 42, from its next turn on'],
  ['kernel', { kernel: { ...kernel, source: 'none' } }, 'no strategy'],
  ['kernel', { kernel: { ...kernel, exempt: true } }, 'takes no strategy: a kernel thread, or the scheduler itself'],
  ['kernel', { kernel: null, kernelMissing: 'nobody answers' }, 'not known: nobody answers'],
  ['in force', {}, 'yes'],
  ['in force', { agree: null }, 'not known'],
  ['workload', { workload: null }, 'none'],
  ['strategy', { matching: { ...matching, strategyId: null, protectedBy: 'x' } }, 'protected'],
  ['strategy', {}, 's'],
  ['strategy', { matching: { ...matching, origin: 'cluster' } }, 's (cluster)'],
])('%s of %o', (what, given, text) => {
  expect(stateOf(given, what)).toBe(text);
});

test('losers are few, unless the table is wide', () => {
  const loses = (wide: boolean) => explainRows(explanation, wide).filter(([what]) => what === 'loses');
  expect(loses(false)).toHaveLength(6);
  expect(loses(false)[5][1]).toMatch(/2 more/);
  expect(loses(true)).toHaveLength(7);
});
