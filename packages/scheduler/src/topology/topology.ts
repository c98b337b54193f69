// SPDX-License-Identifier: Apache-2.0

/** One CPU. Indices point into the lists of the topology; -1 means that the machine does not say. */
export interface Cpu {
  readonly cpu: number;
  readonly online: boolean;
  /** Index into `cores`. CPUs of one core share it: SMT siblings. */
  readonly core: number;
  /** Index into `packages`. */
  readonly package: number;
  /** Index into `nodes`. */
  readonly node: number;
  /** Index into `l2s`. */
  readonly l2: number;
  /** Index into `l3s`. */
  readonly l3: number;
  /** Index into `llcs`; never -1 for a CPU that is online. */
  readonly llc: number;
  /** The other CPUs of its core. */
  readonly smtSiblings: readonly number[];
}

export type CpuGroups = readonly (readonly number[])[];

/** Which CPUs share what. Groups hold online CPUs only, ascending; groups are ordered by their first CPU. */
export interface Topology {
  /** All possible CPUs, online or not, ascending. */
  readonly cpus: readonly Cpu[];
  readonly cores: CpuGroups;
  readonly packages: CpuGroups;
  /** NUMA nodes that have CPUs; one group of all CPUs without NUMA. */
  readonly nodes: CpuGroups;
  /** The kernel's number of each group in `nodes`. */
  readonly nodeIds: readonly number[];
  readonly l2s: CpuGroups;
  readonly l3s: CpuGroups;
  /** Every online CPU is in exactly one: what shares a last-level cache, or, where that is not known, a package. */
  readonly llcs: CpuGroups;
  /** CPUs that may run a lone task without ticks (`nohz_full=`), ascending. */
  readonly tickless: readonly number[];
  /** A governor of the CPU frequency asks the scheduler how busy its CPU is. */
  readonly utilisationWanted: boolean;
}
