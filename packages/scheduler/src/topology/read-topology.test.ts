// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatCpuList } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { formatTopology } from './format-topology.ts';
import { type Machine, machines, memoryReader, sysfsFiles } from './machines.fixture.ts';
import { readTopology } from './read-topology.ts';
import type { CpuGroups } from './topology.ts';

const topologyOf = (machine: Machine) => readTopology(memoryReader(sysfsFiles(machine)));
const lists = (groups: CpuGroups): string[] => groups.map(formatCpuList);

// What is expected, in the kernel's list form: LLCs, NUMA nodes, packages, number of cores.
const expected: Record<keyof typeof machines, [string[], string[], string[], number]> = {
  hybrid: [['0-19'], ['0-19'], ['0-19'], 12],
  oneSocket: [['0-3'], ['0-3'], ['0-3'], 4],
  twoSockets: [
    ['0,2,4,6,8,10,12,14', '1,3,5,7,9,11,13,15'],
    ['0,2,4,6,8,10,12,14', '1,3,5,7,9,11,13,15'],
    ['0,2,4,6,8,10,12,14', '1,3,5,7,9,11,13,15'],
    8,
  ],
  ccx: [['0-3,8-11', '4-7,12-15'], ['0-15'], ['0-15'], 8],
  lowPowerCores: [['0-19', '20-21'], ['0-21'], ['0-21'], 16],
  arm: [['0-3'], ['0-3'], ['0-3'], 4],
  power: [['0-7', '8-15'], ['0-7', '8-15'], ['0-7', '8-15'], 4],
  guestWithoutCaches: [['0-1', '2-3'], ['0-3'], ['0-1', '2-3'], 4],
  guestPrivateL2: [['0-3'], ['0-3'], ['0-3'], 4],
  unknownPackage: [['0-1'], ['0-1'], ['0-1'], 2],
  offline: [['0-4'], ['0-4'], ['0-4'], 4],
  single: [['0'], ['0'], ['0'], 1],
};

describe.each(Object.keys(machines) as (keyof typeof machines)[])('%s', (name) => {
  const machine: Machine = machines[name];
  const topology = topologyOf(machine);

  test('groups', () => {
    const [llcs, nodes, packages, cores] = expected[name];
    expect(lists(topology.llcs)).toEqual(llcs);
    expect(lists(topology.nodes)).toEqual(nodes);
    expect(lists(topology.packages)).toEqual(packages);
    expect(topology.cores).toHaveLength(cores);
  });

  test('every CPU that is online is in exactly one LLC, package, node and core, and its indices say which', () => {
    expect(formatCpuList(topology.cpus.map((cpu) => cpu.cpu))).toBe(machine.possible);
    expect(formatCpuList(topology.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.cpu))).toBe(machine.online);
    for (const cpu of topology.cpus) {
      const places = [
        [topology.llcs, cpu.llc],
        [topology.packages, cpu.package],
        [topology.nodes, cpu.node],
        [topology.cores, cpu.core],
      ] as const;
      for (const [groups, index] of places) {
        const where = groups.flatMap((group, i) => (group.includes(cpu.cpu) ? [i] : []));
        expect(where).toEqual(cpu.online ? [index] : []);
        if (!cpu.online) expect(index).toBe(-1);
      }
      expect(cpu.smtSiblings).toEqual((topology.cores[cpu.core] ?? []).filter((other) => other !== cpu.cpu));
    }
  });
});

test('the numbers of NUMA nodes are the kernel’s own', () => {
  expect(topologyOf(machines.power).nodeIds).toEqual([0, 8]);
});

test('caches that are not there have no index', () => {
  expect(topologyOf(machines.arm).cpus.map((cpu) => [cpu.l2, cpu.l3])).toEqual([
    [0, -1],
    [0, -1],
    [0, -1],
    [0, -1],
  ]);
  expect(topologyOf(machines.lowPowerCores).cpus[21]).toMatchObject({ l2: 8, l3: -1, llc: 1 });
});

test('lists of siblings that still name an offline CPU do no harm', () => {
  const files = sysfsFiles(machines.offline);
  for (const path of Object.keys(files))
    if (path.endsWith('_list')) files[path] = files[path]?.replace('0-4', '0-7') ?? '';
  expect(lists(readTopology(memoryReader(files)).llcs)).toEqual(['0-4']);
});

test('older kernels: thread_siblings_list and core_siblings_list', () => {
  const files = Object.fromEntries(
    Object.entries(sysfsFiles(machines.ccx)).map(([path, text]) => [
      path.replace('core_cpus_list', 'thread_siblings_list').replace('package_cpus_list', 'core_siblings_list'),
      text,
    ]),
  );
  expect(readTopology(memoryReader(files))).toEqual(topologyOf(machines.ccx));
});

test('without the lists of online and possible CPUs the directories count', () => {
  const files = sysfsFiles(machines.oneSocket);
  delete files['devices/system/cpu/online'];
  delete files['devices/system/cpu/possible'];
  expect(readTopology(memoryReader(files))).toEqual(topologyOf(machines.oneSocket));
});

test('no CPU at all is an error that names the place', () => {
  expect(() => readTopology(memoryReader({}))).toThrow(
    'no CPU is listed in devices/system/cpu of sysfs; is /sys mounted here?',
  );
});

describe('as the log shows it', () => {
  test('the 20-CPU machine of the published log, byte for byte', () => {
    expect(formatTopology(topologyOf(machines.hybrid))).toBe(
      'map[L2:map[0-1:[0 1] 10-11:[10 11] 12-13:[12 13] 14-15:[14 15] 16-19:[16 17 18 19] 2-3:[2 3] 4-5:[4 5] 6-7:[6 7] 8-9:[8 9]] L3:map[0-19:[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19]]]',
    );
  });
  test.each([
    ['single', 'map[L2:map[0:[0]] L3:map[0:[0]]]'],
    ['guestWithoutCaches', 'map[L2:map[] L3:map[]]'],
    ['arm', 'map[L2:map[0-3:[0 1 2 3]] L3:map[]]'],
  ] as const)('%s', (name, text) => {
    expect(formatTopology(topologyOf(machines[name]))).toBe(text);
  });
});

test('a real directory tree', () => {
  const root = mkdtempSync(join(tmpdir(), 'gthulhu-sys-'));
  try {
    for (const [path, text] of Object.entries(sysfsFiles(machines.ccx))) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    expect(readTopology(root)).toEqual(topologyOf(machines.ccx));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.skipIf(!existsSync('/sys/devices/system/cpu/online'))('the machine that runs this test', () => {
  const topology = readTopology();
  const online = topology.cpus.filter((cpu) => cpu.online);
  expect(online.length).toBeGreaterThan(0);
  for (const cpu of online) expect(cpu.llc).toBeGreaterThanOrEqual(0);
});

test.each([
  ['1-3', [1, 2, 3]],
  ['2,99', [2]],
  [' (null)', []],
  ['', []],
  [undefined, []],
])('nohz_full %j leaves %j without ticks', (text, tickless) => {
  const files = sysfsFiles(machines.oneSocket);
  const topology = readTopology(
    memoryReader(text === undefined ? files : { ...files, 'devices/system/cpu/nohz_full': text }),
  );
  expect(topology.tickless).toEqual(tickless);
});

test.each([
  ['schedutil', true],
  ['performance', false],
])('governor %s: utilisation is wanted %j', (governor, wanted) => {
  const files = { ...sysfsFiles(machines.oneSocket), 'devices/system/cpu/cpu1/cpufreq/scaling_governor': governor };
  expect(readTopology(memoryReader(files)).utilisationWanted).toBe(wanted);
});
