// SPDX-License-Identifier: Apache-2.0
import { parseCpuList } from '@gthulhu/contracts';
import { type SysReader, sysReader } from './sys-reader.ts';
import type { Cpu, CpuGroups, Topology } from './topology.ts';

const CPU_ROOT = 'devices/system/cpu';
const NODE_ROOT = 'devices/system/node';

type Listing = (path: string) => number[] | null;

/** What sysfs says about one CPU that is online. */
interface Described {
  readonly cpu: number;
  readonly core: readonly number[];
  readonly package: readonly number[] | null;
  readonly l2: readonly number[] | null;
  readonly l3: readonly number[] | null;
}

function numbered(names: readonly string[], prefix: string): number[] {
  const pattern = new RegExp(`^${prefix}(\\d+)$`);
  return names
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** CPUs that share each level of data cache with `cpu`. */
function readCaches(sys: SysReader, listing: Listing, cpu: number): Map<number, number[]> {
  const root = `${CPU_ROOT}/cpu${cpu}/cache`;
  const levels = new Map<number, number[]>();
  for (const index of numbered(sys.list(root), 'index')) {
    const path = `${root}/index${index}`;
    if (sys.read(`${path}/type`) === 'Instruction') continue;
    const level = Number(sys.read(`${path}/level`) ?? Number.NaN);
    const shared = listing(`${path}/shared_cpu_list`);
    if (Number.isInteger(level) && shared?.includes(cpu)) levels.set(level, shared);
  }
  return levels;
}

function describe(sys: SysReader, listing: Listing, cpu: number): Described {
  const topology = `${CPU_ROOT}/cpu${cpu}/topology`;
  const caches = readCaches(sys, listing, cpu);
  return {
    cpu,
    // The second name of each pair is the one that kernels before 5.x know; both exist for years to come.
    core: listing(`${topology}/core_cpus_list`) ?? listing(`${topology}/thread_siblings_list`) ?? [cpu],
    package: listing(`${topology}/package_cpus_list`) ?? listing(`${topology}/core_siblings_list`),
    l2: caches.get(2) ?? null,
    l3: caches.get(3) ?? null,
  };
}

/** Makes disjoint groups: CPUs with the same key together, ordered by their first CPU. A null key is in no group. */
function groupBy(cpus: readonly number[], keyOf: (cpu: number) => string | null): number[][] {
  const groups = new Map<string, number[]>();
  for (const cpu of cpus) {
    const key = keyOf(cpu);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cpu]);
    else group.push(cpu);
  }
  return [...groups.values()];
}

const indexOf = (groups: CpuGroups): Map<number, number> =>
  new Map(groups.flatMap((group, index) => group.map((cpu) => [cpu, index] as const)));

/** Packages by their number, else by the CPUs that share one, else all CPUs are one package. */
function packageKey(sys: SysReader, described: Described): string {
  const id = sys.read(`${CPU_ROOT}/cpu${described.cpu}/topology/physical_package_id`);
  // -1 is what the kernel says when the firmware does not.
  if (id !== null && /^\d+$/.test(id)) return `id ${id}`;
  return described.package === null ? 'all' : `cpus ${described.package.join()}`;
}

/**
 * What the queue of a CPU is shared with. The L3; an L2 where there is no L3, but only one that more than one core
 * shares (small ARM and Intel efficiency clusters): a private L2 is no reason for a queue per core. Otherwise the
 * package, as in guests whose hypervisor shows no cache.
 */
function llcKey(described: Described, packageOf: Map<number, number>): string {
  if (described.l3 !== null) return `L3 ${described.l3.join()}`;
  if (described.l2?.some((cpu) => !described.core.includes(cpu))) return `L2 ${described.l2.join()}`;
  return `package ${packageOf.get(described.cpu)}`;
}

function readNodes(sys: SysReader, listing: Listing, online: readonly number[]): { ids: number[]; groups: number[][] } {
  const ids: number[] = [];
  const groups: number[][] = [];
  for (const id of numbered(sys.list(NODE_ROOT), 'node')) {
    const cpus = (listing(`${NODE_ROOT}/node${id}/cpulist`) ?? []).filter((cpu) => online.includes(cpu));
    // A node of memory only, such as a CXL expander, has no CPU to schedule on.
    if (cpus.length === 0) continue;
    ids.push(id);
    groups.push(cpus);
  }
  return groups.length === 0 ? { ids: [0], groups: [[...online]] } : { ids, groups };
}

/** The file is not there without CONFIG_NO_HZ_FULL, and says " (null)" without the boot parameter. */
function readTickless(sys: SysReader, listing: Listing): readonly number[] {
  const path = `${CPU_ROOT}/nohz_full`;
  return sys.read(path)?.includes('null') ? [] : (listing(path) ?? []);
}

/**
 * Reads the CPUs of a machine from sysfs.
 * @param source root of sysfs, or a reader of it
 * @throws Error when sysfs lists no CPU at all
 */
export function readTopology(source: string | SysReader = '/sys'): Topology {
  const sys = typeof source === 'string' ? sysReader(source) : source;
  const listing: Listing = (path) => {
    const text = sys.read(path);
    return text === null ? null : parseCpuList(text);
  };
  const present = numbered(sys.list(CPU_ROOT), 'cpu');
  const online = listing(`${CPU_ROOT}/online`) ?? present;
  const possible = listing(`${CPU_ROOT}/possible`) ?? present;
  if (online.length === 0) throw new Error(`no CPU is listed in ${CPU_ROOT} of sysfs; is /sys mounted here?`);

  const described = new Map(online.map((cpu) => [cpu, describe(sys, listing, cpu)]));
  // Lists of siblings can name CPUs that went offline: only what is online counts.
  const shared = (pick: (d: Described) => readonly number[] | null): number[][] =>
    groupBy(online, (cpu) => {
      const d = described.get(cpu);
      const cpus = d === undefined ? null : pick(d);
      return cpus === null ? null : cpus.join();
    });
  const cores = shared((d) => d.core);
  const l2s = shared((d) => d.l2);
  const l3s = shared((d) => d.l3);
  const ofDescribed = (key: (d: Described) => string) => (cpu: number) => {
    const d = described.get(cpu);
    return d === undefined ? null : key(d);
  };
  const packages = groupBy(
    online,
    ofDescribed((d) => packageKey(sys, d)),
  );
  const packageOf = indexOf(packages);
  const llcs = groupBy(
    online,
    ofDescribed((d) => llcKey(d, packageOf)),
  );
  const nodes = readNodes(sys, listing, online);

  const index = {
    core: indexOf(cores),
    l2: indexOf(l2s),
    l3: indexOf(l3s),
    llc: indexOf(llcs),
    node: indexOf(nodes.groups),
  };
  const all = [...new Set([...possible, ...online])].sort((a, b) => a - b);
  const cpus = all.map((cpu): Cpu => {
    const core = index.core.get(cpu) ?? -1;
    return {
      cpu,
      online: described.has(cpu),
      core,
      package: packageOf.get(cpu) ?? -1,
      node: index.node.get(cpu) ?? -1,
      l2: index.l2.get(cpu) ?? -1,
      l3: index.l3.get(cpu) ?? -1,
      llc: index.llc.get(cpu) ?? -1,
      smtSiblings: (cores[core] ?? []).filter((sibling) => sibling !== cpu),
    };
  });
  return {
    cpus,
    cores,
    packages,
    nodes: nodes.groups,
    nodeIds: nodes.ids,
    l2s,
    l3s,
    llcs,
    tickless: readTickless(sys, listing).filter((cpu) => online.includes(cpu)),
    utilisationWanted: online.some((cpu) => sys.read(`${CPU_ROOT}/cpu${cpu}/cpufreq/scaling_governor`) === 'schedutil'),
  };
}
