// SPDX-License-Identifier: Apache-2.0
import type { StructLayout } from '@gthulhu/bpf';
import { NO_PRIORITY, POLICY_SOURCES, type PolicySourceName } from './records.ts';

/** What applies to one task, as the kernel has it. */
export interface TaskPolicy {
  /** As the kernel counts. */
  readonly pid: number;
  /** Its process. */
  readonly tgid: number;
  /** Boot time of its creation, us. */
  readonly startUs: number;
  /** From where: a strategy for its command, one for its cgroups, or none. */
  readonly source: PolicySourceName;
  /** Number of the strategy in the kernel; 0 for none. */
  readonly strategy: number;
  /** 0..20; null is no change. */
  readonly priority: number | null;
  /** 0 is no change. */
  readonly sliceNs: number;
  /** CPUs that the strategy names, in the list format; null is no change. */
  readonly cpus: string | null;
  /** It is kept off CPUs that its affinity has; false too where it may use none of those that the strategy names. */
  readonly restricted: boolean;
  /** Nanoseconds since boot; null: it takes effect with the next turn of the task. */
  readonly sinceNs: number | null;
  /** Kernel threads and the scheduler's own take no strategy. */
  readonly exempt: boolean;
  /** The cgroup whose entry it is; null where it is no cgroup's. */
  readonly entryCgroup: string | null;
  /** Ids of its cgroups, its own first. */
  readonly cgroups: readonly string[];
}

/**
 * `struct explained` of records.h; null where it says that there is no such task.
 * @param cpusOf the list of CPUs behind a handle
 */
export function readExplained(
  bytes: Uint8Array,
  layout: StructLayout,
  cpusOf: (handle: number) => string,
): TaskPolicy | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (name: string): number => view.getUint32(layout.fields[name].offset, true);
  const u64 = (name: string, i = 0): bigint => view.getBigUint64(layout.fields[name].offset + 8 * i, true);
  if (u32('pid') === 0) return null;
  const priority = u32('priority');
  const sinceNs = Number(u64('since_ns'));
  const entry = u64('entry_cgroup');
  return {
    pid: u32('pid'),
    tgid: u32('tgid'),
    startUs: Number(u64('start_us')),
    source: POLICY_SOURCES[u32('source')] ?? 'none',
    strategy: u32('strategy'),
    priority: priority >= NO_PRIORITY ? null : priority,
    sliceNs: Number(u64('slice_ns')),
    cpus: u32('cpus') === 0 ? null : cpusOf(u32('cpus')),
    restricted: u32('restricted') !== 0,
    sinceNs: sinceNs === 0 ? null : sinceNs,
    exempt: u32('exempt') !== 0,
    entryCgroup: entry === 0n ? null : `${entry}`,
    cgroups: Array.from({ length: u32('levels') }, (_, i) => `${u64('cgroups', i)}`),
  };
}
