// SPDX-License-Identifier: Apache-2.0
import type { Globals, StructLayout } from '@gthulhu/bpf';
import type { BssCounters } from '@gthulhu/contracts';
import { CELL, type Cells } from './cells.ts';

/** Summed over CPUs, or the largest of them for `max_*`. Times are nanoseconds. Field names are those of records.h. */
export interface KernelCounters {
  readonly cpus: Readonly<Record<string, number>>;
  readonly opinions: Readonly<Record<string, number>>;
  readonly userSeenNs: number;
  /** CPU time of all our threads. */
  readonly ownRuntimeNs: number;
  /** CPU time of the policy thread: what opinions cost. */
  readonly policyRuntimeNs: number;
  readonly nrTasks: number;
  /** Asking every 2^askShift-th time. */
  readonly askShift: number;
  /** Counters that are no CPU's, by their names in the BPF object. */
  readonly node: Readonly<Record<string, number>>;
}

/**
 * Turns that a timer ended, tasks taken without the opinion they were held for, tasks whose set of CPUs found no room,
 * those that have none of the CPUs that their strategy names, and commands whose strategy was known already.
 */
const NODE_COUNTERS = [
  'nr_slices_ended',
  'nr_deadlines',
  'nr_masks_refused',
  'nr_cpus_ignored',
  'nr_commands_known',
] as const;

/** Fields that say something about now, not counters. */
const NOT_COUNTED = new Set(['running_pid', 'running_priority', 'pad']);

function readField(view: DataView, offset: number, size: number): number {
  return size === 8 ? Number(view.getBigUint64(offset, true)) : view.getUint32(offset, true);
}

/** Adds one field over an array of structs; `max_*` fields give the largest. */
export function sumStructs(bytes: Uint8Array, layout: StructLayout, count: number): Record<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sums: Record<string, number> = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    if (NOT_COUNTED.has(name)) continue;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const value = readField(view, i * layout.size + field.offset, field.size);
      sum = name.startsWith('max_') ? Math.max(sum, value) : sum + value;
    }
    sums[name] = sum;
  }
  return sums;
}

export function readCounters(
  bss: Globals,
  cpuState: StructLayout,
  stats: StructLayout,
  cpuIds: number,
): KernelCounters {
  return {
    cpus: sumStructs(bss.bytes('cpus'), cpuState, cpuIds),
    opinions: sumStructs(bss.bytes('opinions'), stats, 1),
    userSeenNs: bss.readNumber('user_seen_ns'),
    ownRuntimeNs: bss.readNumber('own_runtime_ns'),
    policyRuntimeNs: bss.readNumber('policy_runtime_ns'),
    nrTasks: bss.readNumber('nr_tasks'),
    askShift: bss.readNumber('ask_shift'),
    node: Object.fromEntries(NODE_COUNTERS.map((name) => [name, bss.readNumber(name)])),
  };
}

/** The eleven counters of the log line `bss data`, each with the meaning that its name says. */
export function toBssCounters(kernel: KernelCounters, cells: Cells, onlineCpus: number): BssCounters {
  const { cpus, opinions } = kernel;
  const drained = cells[CELL.drained];
  return {
    usersched_last_run_at: kernel.userSeenNs,
    nr_queued: Math.max(0, cpus.nr_opinions_asked - drained),
    nr_scheduled: Math.max(0, drained - cells[CELL.decided]),
    nr_running: cpus.running,
    nr_online_cpus: onlineCpus,
    nr_user_dispatches: cpus.nr_user_dispatches,
    nr_kernel_dispatches: cpus.nr_kernel_dispatches,
    nr_cancel_dispatches: opinions.nr_late + opinions.nr_gone,
    nr_bounce_dispatches: opinions.nr_bounced + cpus.nr_bounced,
    nr_failed_dispatches: opinions.nr_failed + opinions.nr_invalid,
    nr_sched_congested: cpus.nr_ring_full,
  };
}

/** What explains the scheduler to its operator: everything else that is counted, and for how long user space is silent. */
export function toOperatorCounters(
  kernel: KernelCounters,
  nowNs: number,
  policyRestarts: number,
): Record<string, number> {
  const { running, running_idle, nr_bounced, ...cpus } = kernel.cpus;
  const { nr_bounced: opinionsBounced, ...opinions } = kernel.opinions;
  return {
    ...cpus,
    ...opinions,
    ...kernel.node,
    nr_bounced: nr_bounced + opinionsBounced,
    nr_running_idle: running_idle,
    nr_tasks: kernel.nrTasks,
    ask_shift: kernel.askShift,
    own_runtime_ns: kernel.ownRuntimeNs,
    policy_runtime_ns: kernel.policyRuntimeNs,
    silence_ms: Math.max(0, Math.round((nowNs - kernel.userSeenNs) / 1e6)),
    policy_restarts: policyRestarts,
  };
}
