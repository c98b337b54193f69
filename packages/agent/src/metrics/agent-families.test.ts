// SPDX-License-Identifier: Apache-2.0
import type { ClusterState } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import type { Surroundings } from '../routes/about.ts';
import { surroundingsFamilies } from './agent-families.ts';
import { formatMetrics } from './prometheus.ts';

const cluster: ClusterState = {
  ...{ configMap: 'a/b', key: 'k', state: 'applied', inForce: 'cluster', resourceVersion: '1' },
  ...{ strategies: 1, note: '', ageSeconds: 0 },
};
const workloads = { source: 'kubernetes', state: 'ready', note: '', ageSeconds: 0 };
const lines = (given: Surroundings): string[] =>
  formatMetrics(surroundingsFamilies(given))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('gthulhu_agent_', ''));

test.each<[string, Surroundings, string[]]>([
  [
    'all is of now',
    { workloads, clusterStrategies: cluster },
    [
      'state_age_seconds{of="workloads",source="kubernetes"} 0',
      'state_age_seconds{of="strategies",source="configmap"} 0',
      'state_current{of="workloads",source="kubernetes"} 1',
      'state_current{of="strategies",source="configmap"} 1',
      'cluster_strategies_refused 0',
    ],
  ],
  [
    'old, and refused',
    {
      workloads: { ...workloads, ageSeconds: 3_900 },
      clusterStrategies: { ...cluster, state: 'refused', ageSeconds: 7 },
    },
    [
      'state_age_seconds{of="workloads",source="kubernetes"} 3900',
      'state_age_seconds{of="strategies",source="configmap"} 7',
      'state_current{of="workloads",source="kubernetes"} 0',
      'state_current{of="strategies",source="configmap"} 0',
      'cluster_strategies_refused 1',
    ],
  ],
  [
    'nobody can say how old',
    { workloads: { ...workloads, ageSeconds: null }, clusterStrategies: null },
    ['state_current{of="workloads",source="kubernetes"} 0'],
  ],
  [
    'nothing is asked for',
    { workloads: { ...workloads, source: 'none', ageSeconds: null }, clusterStrategies: null },
    [],
  ],
])('%s', (_, given, expected) => {
  expect(lines(given)).toEqual(expected);
});
