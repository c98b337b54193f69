// SPDX-License-Identifier: Apache-2.0
import type { ClusterState } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { agoWords } from './ago.ts';
import type { Status } from './status.ts';
import { statusRows } from './status-rows.ts';

const workloads = {
  ...{ source: 'kubernetes', state: 'ready', note: '', ageSeconds: 0, repairs: 0, cgroupsLeftOut: 0, total: 12 },
  unenforcedLimits: { cpuMax: 0, cpuWeight: 0 },
};
const cluster: ClusterState = {
  ...{ configMap: 'a/b', key: 'strategies.yaml', state: 'applied', inForce: 'cluster', resourceVersion: '7' },
  ...{ strategies: 3, note: '', ageSeconds: 0 },
};
const status: Status = {
  ok: true,
  api: { url: 'unix:/a', status: 'healthy' },
  strategies: { stored: 2, used: 1, rules: 3, revision: 'r' },
  ...{ clusterStrategies: null, workloads, counters: null, countersAt: null, kernel: null },
};
const row = (given: Partial<Status>, what: string): string | undefined =>
  statusRows({ ...status, ...given }).find(([name]) => name === what)?.[1];

test.each<[string, Partial<Status>, string | undefined]>([
  ['strategies', {}, '2 stored; 1 used on this node'],
  ['strategies', { clusterStrategies: cluster }, '2 stored, 3 from the cluster; 1 used on this node'],
  ['from cluster', {}, undefined],
  ['from cluster', { clusterStrategies: cluster }, '3 of ConfigMap a/b (in force)'],
  [
    'from cluster',
    { clusterStrategies: { ...cluster, state: 'waiting', inForce: 'disk', note: 'refused', ageSeconds: 3_900 } },
    '3 of ConfigMap a/b, kept on disk (the API server has not been heard, of 65 min ago): refused',
  ],
  [
    'from cluster',
    { clusterStrategies: { ...cluster, state: 'refused', note: 'strategies.yaml:3:1: no' } },
    '3 of ConfigMap a/b (REFUSED, the last good one is in force): strategies.yaml:3:1: no',
  ],
  ['workloads', {}, '12, from kubernetes (ready)'],
  [
    'workloads',
    { workloads: { ...workloads, state: 'degraded', note: 'nobody answers', ageSeconds: 30 } },
    '12, from kubernetes (degraded, of 30 s ago): nobody answers',
  ],
  ['workloads', { workloads: null }, 'not told'],
])('%s of %o', (what, given, text) => {
  expect(row(given, what)).toBe(text);
});

test.each([
  [119, 'of 119 s ago'],
  [120, 'of 2 min ago'],
  [7_200, 'of 2 h ago'],
  [172_800, 'of 2 d ago'],
  [null, 'of an unknown time'],
])('%j s is %s', (seconds, text) => {
  expect(agoWords(seconds)).toBe(text);
});
