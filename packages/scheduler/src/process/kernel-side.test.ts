// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Cpu, Topology } from '../topology/topology.ts';
import { onlineVariables, topologyVariables } from './kernel-side.ts';

const cpu = (n: number, llc: number, online = true): Cpu => ({
  cpu: n,
  online,
  core: n,
  package: 0,
  node: 0,
  l2: n,
  l3: llc,
  llc,
  smtSiblings: [],
});

function machine(cpus: Cpu[], llcs: number[][]): Topology {
  const all = cpus.filter((c) => c.online).map((c) => [c.cpu]);
  return {
    cpus,
    cores: all,
    packages: all,
    nodes: all,
    nodeIds: [0],
    l2s: all,
    l3s: llcs,
    llcs,
    tickless: [1],
    utilisationWanted: true,
  };
}

const u16 = (bytes: number | Uint8Array, n: number): number[] => [
  ...new Uint16Array((bytes as Uint8Array).buffer).subarray(0, n),
];

test('two caches, one CPU away', () => {
  const found = machine([cpu(0, 0), cpu(1, 1), cpu(2, 0), cpu(3, -1, false)], [[0, 2], [1]]);
  const variables = { ...topologyVariables(found), ...onlineVariables(found) };
  expect(variables).toMatchObject({ nr_cpu_ids: 4, nr_online_cpus: 3, nr_llcs: 2 });
  expect(u16(variables.cpu_llc, 5)).toEqual([0, 1, 0, 0, 0]);
  expect(variables).toMatchObject({ nr_possible_cpus: 4, nr_tickless_cpus: 1, report_util: 1 });
  expect([...(variables.cpu_tickless as Uint8Array).subarray(0, 3)]).toEqual([0, 1, 0]);
  expect(u16(variables.llc_nr_cpus, 3)).toEqual([2, 1, 0]);
});

test('numbers with gaps keep their place', () => {
  const found = machine([cpu(0, 0), cpu(8, 1)], [[0], [8]]);
  const variables = { ...topologyVariables(found), ...onlineVariables(found) };
  expect(variables.nr_cpu_ids).toBe(9);
  expect(u16(variables.cpu_llc, 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test('what cannot change any more stays the same when a CPU goes, unless its cache goes with it', () => {
  const all = [cpu(0, 0), cpu(1, 0), cpu(2, 1), cpu(3, 1)];
  const before = machine(all, [
    [0, 1],
    [2, 3],
  ]);
  const without3 = machine([...all.slice(0, 3), cpu(3, -1, false)], [[0, 1], [2]]);
  const without2and3 = machine([...all.slice(0, 2), cpu(2, -1, false), cpu(3, -1, false)], [[0, 1]]);
  expect(topologyVariables(without3)).toEqual(topologyVariables(before));
  expect(onlineVariables(without3)).not.toEqual(onlineVariables(before));
  expect(topologyVariables(without2and3)).not.toEqual(topologyVariables(before));
});

test.each([
  [1, 1, 0],
  [2, 1, 4],
  [4, 1, 32],
  [64, 16, 32],
  [256, 32, 16],
  [256, 256, 4],
])('%i CPUs with %i caches have queues for %i sets of CPUs', (cpus, caches, sets) => {
  const all = Array.from({ length: cpus }, (_, i) => cpu(i, i % caches));
  const llcs = Array.from({ length: caches }, (_, llc) => all.filter((c) => c.llc === llc).map((c) => c.cpu));
  expect(topologyVariables(machine(all, llcs)).nr_masks).toBe(sets);
});

test('a machine larger than the tables of the kernel side is refused, not cut', () => {
  expect(() => topologyVariables(machine([cpu(1024, 0)], [[1024]]))).toThrow(/CPU 1024/);
  const many = Array.from({ length: 257 }, (_, i) => cpu(i, i));
  expect(() =>
    topologyVariables(
      machine(
        many,
        many.map((c) => [c.cpu]),
      ),
    ),
  ).toThrow(/257 last-level caches/);
});
