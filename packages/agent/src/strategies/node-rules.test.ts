// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nodeRules } from './node-rules.ts';
import type { PlainStrategy, StrategyRecord } from './record.ts';
import { NO_WORKLOADS, type WorkloadSource } from './workload-source.ts';

const record = (id: string, position: number, strategy: PlainStrategy): StrategyRecord => ({
  id,
  position,
  createdMs: 0,
  updatedMs: 0,
  strategy,
});

const strategies: Readonly<Record<string, PlainStrategy>> = {
  everything: { priority: 0 },
  command: { command_regex: '^a$', execution_time: 1_000_000 },
  urgentCommand: { command_regex: '^a', priority: 2 },
  laterCommand: { command_regex: '^b', priority: 2 },
  namespace: { namespaces: ['x'], priority: 15 },
  labels: { selectors: [{ key: 'app', value: 'a' }], cpus: '0-1' },
  labelledCommand: { selectors: [{ key: 'app', value: 'a' }], command_regex: 'z', priority: 20 },
  number: { pid: 7, priority: 0 },
};
const records = Object.entries(strategies).map(([id, strategy], position) => record(id, position, strategy));

test('the more specific goes first, then the stronger, then the earlier; process numbers are left out', () => {
  const order = ['labelledCommand', 'labels', 'namespace', 'urgentCommand', 'laterCommand', 'command', 'everything'];
  expect(nodeRules(records, NO_WORKLOADS).map(({ id }) => id)).toEqual(order);
  expect(nodeRules(records.toReversed(), NO_WORKLOADS).map(({ id }) => id)).toEqual(order);
});

test('strategies about workloads are bound to their cgroups, others to none', () => {
  const workloads: WorkloadSource = {
    ...NO_WORKLOADS,
    cgroupsOf: ({ selectors }) => (selectors === undefined ? [] : ['42', '43']),
  };
  const byId = new Map(nodeRules(records, workloads).map((rule) => [rule.id, rule]));
  expect(byId.get('labels')).toEqual({
    id: 'labels',
    priority: null,
    sliceNs: 0,
    cpus: '0-1',
    commandRegex: '',
    cgroups: ['42', '43'],
  });
  expect(byId.get('namespace')?.cgroups).toEqual([]);
  expect(byId.get('command')).toMatchObject({ sliceNs: 1_000_000, commandRegex: '^a$', cgroups: null });
  expect(byId.get('everything')?.cgroups).toBeNull();
});
