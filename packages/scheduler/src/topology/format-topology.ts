// SPDX-License-Identifier: Apache-2.0
import { formatCpuList } from '@gthulhu/contracts';
import type { CpuGroups, Topology } from './topology.ts';

/**
 * A Go map as Go's fmt package prints it: keys in byte order, values as `[1 2 3]`. Log readers of existing
 * installations look for exactly this form.
 */
function goMap(groups: CpuGroups): string {
  // Keys are digits, commas and dashes: their order in UTF-16 is their order in bytes.
  const entries = groups
    .map((cpus) => [formatCpuList(cpus), cpus.join(' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, cpus]) => `${key}:[${cpus}]`).join(' ')}]`;
}

/** `map[L2:map[0-1:[0 1] ...] L3:map[0-19:[0 1 ...]]]`, the text after `Topology: ` in the log. */
export const formatTopology = (topology: Topology): string =>
  `map[L2:${goMap(topology.l2s)} L3:${goMap(topology.l3s)}]`;
