// SPDX-License-Identifier: Apache-2.0
import type { ApiCompat } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import type { NodeProcess } from '../pods/process-table.ts';
import type { NodeMatching } from '../workloads/node-matching.ts';
import { ListProvider, matchingOf, podNamed } from '../workloads/provider.fixture.ts';
import { toSpec } from '../workloads/to-spec.ts';
import type { PlainStrategy, StrategyRecord } from './record.ts';
import { schedulingRows as rowsOfRules } from './scheduling-rows.ts';

const records = (...strategies: PlainStrategy[]): StrategyRecord[] =>
  strategies.map((strategy, position) => ({
    ...{ id: `${position}`, origin: 'node', position, createdMs: 0, updatedMs: 0, strategy },
  }));
const node = (...processes: [pid: number, command: string, cgroup?: string][]): NodeProcess[] =>
  processes.map(([pid, command, cgroup]) => ({
    pid,
    ppid: 1,
    command,
    pod: null,
    threads: [],
    cgroups: () => (cgroup === undefined ? [] : [cgroup]),
  }));

function schedulingRows(given: StrategyRecord[], matching: NodeMatching, processes: NodeProcess[], compat: ApiCompat) {
  matching.changeStrategies({ put: given.map(toSpec).filter((spec) => spec !== null), removedIds: [] });
  return rowsOfRules(given, matching.rules().rules, processes, compat);
}
const machine = node([100, 'kthreadd'], [200, 'sshd'], [300, 'pause'], [400, 'kworker/0:1']);

describe('rows for schedulers before', () => {
  test('a process number passes as it is', async () => {
    const given = records({ pid: 7, priority: 1, execution_time: 5, command_regex: 'x' }, { pid: 8 });
    expect(await schedulingRows(given, matchingOf(null), machine, 'current')).toEqual([
      { priority: 1, execution_time: 5, pid: 7, command_regex: 'x' },
      { priority: 20, execution_time: 0, pid: 8 },
    ]);
    expect(await schedulingRows(given, matchingOf(null), machine, '2025-09')).toEqual([
      { priority: true, execution_time: 5, pid: 7, command_regex: 'x' },
      { priority: false, execution_time: 0, pid: 8 },
    ]);
  });

  test('an expression is a row for each process that it finds, but pause', async () => {
    const given = records({ command_regex: '^kthreadd$|^kworker.*|pause', priority: 5, execution_time: 2_000 });
    const rows = await schedulingRows(given, matchingOf(null), machine, 'current');
    const common = { priority: 5, execution_time: 2_000, command_regex: '^kthreadd$|^kworker.*|pause' };
    expect(rows).toEqual([
      { ...common, pid: 100 },
      { ...common, pid: 400 },
    ]);
  });

  test('what says nothing about whom it means has no row', async () => {
    expect(await schedulingRows(records({ priority: 3 }), matchingOf(null), machine, 'current')).toEqual([]);
  });

  test('a process has one row, that of the strongest, and a number goes before all', async () => {
    const given = records(
      { command_regex: 's', priority: 9 },
      { command_regex: 'sshd', priority: 2 },
      { pid: 400, priority: 15 },
      { command_regex: 'kworker', priority: 0 },
    );
    const rows = await schedulingRows(given, matchingOf(null), machine, 'current');
    expect(rows.map(({ pid, priority }) => [pid, priority])).toEqual([
      [400, 15],
      [200, 2],
    ]);
  });

  test('selectors are met by the cgroup, and by the command besides', async () => {
    const workloads = matchingOf(new ListProvider(podNamed('pod', 'shop', '42', 'a')));
    const selectors = [{ key: 'app', value: 'a' }];
    const pods = node([1, 'web', '42'], [2, 'sh', '42'], [3, 'web', '43']);
    const rows = await schedulingRows(
      records({ selectors, command_regex: 'web', priority: 1 }, { selectors, priority: 4 }),
      workloads,
      pods,
      'current',
    );
    expect(rows).toEqual([
      { priority: 1, execution_time: 0, pid: 1, selectors, command_regex: 'web' },
      { priority: 4, execution_time: 0, pid: 2, selectors },
    ]);
    expect(await schedulingRows(records({ selectors }), matchingOf(null), pods, 'current')).toEqual([]);
  });

  test('the protected have no row for a strategy about everybody', async () => {
    const shield = { priority: null, sliceNs: 0, cpus: null };
    const rules = [
      { ...shield, id: 'protected-cgroups', commandRegex: '', cgroups: ['9'] },
      { ...shield, id: 'protected-commands', commandRegex: '^(?:sshd)$', cgroups: null },
      { ...shield, id: '0', priority: 1, commandRegex: '.*', cgroups: null },
    ];
    const processes = node([1, 'sshd'], [2, 'kubelet', '9'], [3, 'sh', '8']);
    const rows = await rowsOfRules(records({ command_regex: '.*', priority: 1 }), rules, processes, 'current');
    expect(rows.map(({ pid }) => pid)).toEqual([3]);
  });
});
