// SPDX-License-Identifier: Apache-2.0
import { parseCpuList } from '@gthulhu/contracts';
import type { SysReader } from './sys-reader.ts';

/** A machine as sysfs describes it; lists in the kernel's form. Groups name CPUs that are online, as the kernel does. */
export interface Machine {
  /** Which real machine this is. */
  readonly models: string;
  readonly possible: string;
  readonly online: string;
  readonly cores: readonly string[];
  readonly packages: readonly { readonly id: number; readonly cpus: string }[];
  readonly l1d?: readonly string[];
  readonly l2?: readonly string[];
  readonly l3?: readonly string[];
  readonly nodes?: readonly { readonly id: number; readonly cpus: string }[];
}

const pairs = (first: number, last: number, distance: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i},${first + i + distance}`);
const neighbours = (first: number, last: number, width: number): string[] =>
  Array.from({ length: (last - first + 1) / width }, (_, i) => `${first + i * width}-${first + (i + 1) * width - 1}`);
const singles = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);

const coreI7 = [...neighbours(0, 15, 2), ...singles(16, 19)];

export const machines = {
  hybrid: {
    models: 'Intel Core i7-12700: 8 performance cores with two threads, 4 efficiency cores that share one L2',
    possible: '0-19',
    online: '0-19',
    cores: coreI7,
    packages: [{ id: 0, cpus: '0-19' }],
    l1d: coreI7,
    l2: [...neighbours(0, 15, 2), '16-19'],
    l3: ['0-19'],
    nodes: [{ id: 0, cpus: '0-19' }],
  },
  oneSocket: {
    models: 'Intel Core i5-4570: 4 cores, one thread each, one L3',
    possible: '0-3',
    online: '0-3',
    cores: singles(0, 3),
    packages: [{ id: 0, cpus: '0-3' }],
    l1d: singles(0, 3),
    l2: singles(0, 3),
    l3: ['0-3'],
    nodes: [{ id: 0, cpus: '0-3' }],
  },
  twoSockets: {
    models: 'Two Intel Xeon Gold 5122 in a server whose firmware numbers CPUs across sockets: even ones in the first',
    possible: '0-15',
    online: '0-15',
    cores: pairs(0, 7, 8),
    packages: [
      { id: 0, cpus: '0,2,4,6,8,10,12,14' },
      { id: 1, cpus: '1,3,5,7,9,11,13,15' },
    ],
    l1d: pairs(0, 7, 8),
    l2: pairs(0, 7, 8),
    l3: ['0,2,4,6,8,10,12,14', '1,3,5,7,9,11,13,15'],
    nodes: [
      { id: 0, cpus: '0,2,4,6,8,10,12,14' },
      { id: 1, cpus: '1,3,5,7,9,11,13,15' },
    ],
  },
  ccx: {
    models: 'AMD Ryzen 7 3700X: one package, two core complexes with an L3 each, SMT siblings 8 apart',
    possible: '0-15',
    online: '0-15',
    cores: pairs(0, 7, 8),
    packages: [{ id: 0, cpus: '0-15' }],
    l1d: pairs(0, 7, 8),
    l2: pairs(0, 7, 8),
    l3: ['0-3,8-11', '4-7,12-15'],
    nodes: [{ id: 0, cpus: '0-15' }],
  },
  lowPowerCores: {
    models: 'Intel Core Ultra 7 155H: 6 performance, 8 efficiency and 2 low-power cores; the last two have no L3',
    possible: '0-21',
    online: '0-21',
    cores: [...neighbours(0, 11, 2), ...singles(12, 21)],
    packages: [{ id: 0, cpus: '0-21' }],
    l2: [...neighbours(0, 11, 2), '12-15', '16-19', '20-21'],
    l3: ['0-19'],
    nodes: [{ id: 0, cpus: '0-21' }],
  },
  arm: {
    models: 'Raspberry Pi 4: four cores share one L2, there is no L3 and no NUMA directory',
    possible: '0-3',
    online: '0-3',
    cores: singles(0, 3),
    packages: [{ id: 0, cpus: '0-3' }],
    l1d: singles(0, 3),
    l2: ['0-3'],
  },
  power: {
    models: 'POWER9 with SMT4, cut to 2 cores a socket: package and node numbers 0 and 8, GPU memory as node 255',
    possible: '0-15',
    online: '0-15',
    cores: neighbours(0, 15, 4),
    packages: [
      { id: 0, cpus: '0-7' },
      { id: 8, cpus: '8-15' },
    ],
    l2: ['0-7', '8-15'],
    l3: ['0-7', '8-15'],
    nodes: [
      { id: 0, cpus: '0-7' },
      { id: 8, cpus: '8-15' },
      { id: 255, cpus: '' },
    ],
  },
  guestWithoutCaches: {
    models: 'QEMU guest with two sockets of two cores and no cache description; 12 more CPUs could be plugged in',
    possible: '0-15',
    online: '0-3',
    cores: singles(0, 3),
    packages: [
      { id: 0, cpus: '0-1' },
      { id: 1, cpus: '2-3' },
    ],
    nodes: [{ id: 0, cpus: '0-3' }],
  },
  guestPrivateL2: {
    models: 'QEMU guest with l3-cache=off: each virtual core has its own L2 and nothing behind it',
    possible: '0-3',
    online: '0-3',
    cores: singles(0, 3),
    packages: [{ id: 0, cpus: '0-3' }],
    l1d: singles(0, 3),
    l2: singles(0, 3),
    nodes: [{ id: 0, cpus: '0-3' }],
  },
  unknownPackage: {
    models: 'Device-tree board without a cpu-map: package number -1, no sibling lists, no caches',
    possible: '0-1',
    online: '0-1',
    cores: [],
    packages: [],
  },
  offline: {
    models: 'Intel Core i7-8550U laptop whose CPUs 5 to 7 were switched off',
    possible: '0-7',
    online: '0-4',
    cores: ['0,4', '1', '2', '3'],
    packages: [{ id: 0, cpus: '0-4' }],
    l1d: ['0,4', '1', '2', '3'],
    l2: ['0,4', '1', '2', '3'],
    l3: ['0-4'],
    nodes: [{ id: 0, cpus: '0-4' }],
  },
  single: {
    models: 'Smallest cloud guest: one CPU',
    possible: '0',
    online: '0',
    cores: ['0'],
    packages: [{ id: 0, cpus: '0' }],
    l1d: ['0'],
    l2: ['0'],
    l3: ['0'],
    nodes: [{ id: 0, cpus: '0' }],
  },
} as const satisfies Record<string, Machine>;

const groupOf = (groups: readonly string[] | undefined, cpu: number): string | undefined =>
  groups?.find((list) => parseCpuList(list).includes(cpu));

/** The files of a machine's sysfs, contents with the newline that the kernel adds. */
export function sysfsFiles(machine: Machine): Record<string, string> {
  const files: Record<string, string> = {};
  const put = (path: string, text: string | number): void => {
    files[`devices/system/${path}`] = `${text}\n`;
  };
  put('cpu/possible', machine.possible);
  put('cpu/online', machine.online);
  const online = parseCpuList(machine.online);
  for (const cpu of parseCpuList(machine.possible)) {
    put(`cpu/cpu${cpu}/uevent`, 'DRIVER=processor');
    // An offline CPU keeps its directory and loses topology and cache.
    if (!online.includes(cpu)) continue;
    const owner = machine.packages.find(({ cpus }) => parseCpuList(cpus).includes(cpu));
    put(`cpu/cpu${cpu}/topology/physical_package_id`, owner?.id ?? -1);
    if (owner !== undefined) put(`cpu/cpu${cpu}/topology/package_cpus_list`, owner.cpus);
    const core = groupOf(machine.cores, cpu);
    if (core !== undefined) put(`cpu/cpu${cpu}/topology/core_cpus_list`, core);
    const caches = [
      [1, 'Data', machine.l1d],
      [1, 'Instruction', machine.l1d],
      [2, 'Unified', machine.l2],
      [3, 'Unified', machine.l3],
    ] as const;
    let index = 0;
    for (const [level, type, groups] of caches) {
      const shared = groupOf(groups, cpu);
      if (shared === undefined) continue;
      const path = `cpu/cpu${cpu}/cache/index${index++}`;
      put(`${path}/level`, level);
      put(`${path}/type`, type);
      put(`${path}/shared_cpu_list`, shared);
    }
  }
  for (const node of machine.nodes ?? []) put(`node/node${node.id}/cpulist`, node.cpus);
  return files;
}

/** Reads files that are kept in memory. */
export function memoryReader(files: Readonly<Record<string, string>>): SysReader {
  return {
    read: (path) => files[path]?.trimEnd() ?? null,
    list: (path) => [
      ...new Set(
        Object.keys(files)
          .filter((name) => name.startsWith(`${path}/`))
          .map((name) => name.slice(path.length + 1).split('/')[0] ?? ''),
      ),
    ],
  };
}
