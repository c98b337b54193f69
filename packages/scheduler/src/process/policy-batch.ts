// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch, TaskBatch } from '../policies/policy.ts';

type Columns = Readonly<Record<string, Float64Array>>;

/** The one batch object of a worker: its rows and its length change, it does not. */
export type MutableBatch = TaskBatch & { length: number };

/** The ring's columns under the names that policies use. Only `length` changes from batch to batch. */
export function makeBatch(columns: Columns): MutableBatch {
  return {
    length: 0,
    pid: columns.pid,
    tgid: columns.tgid,
    cpu: columns.cpu,
    weight: columns.weight,
    queue: columns.queue,
    flags: columns.flags,
    priority: columns.priority,
    nrWaiting: columns.nr_waiting,
    enqNs: columns.enq_ns,
    key: columns.key,
    vtime: columns.vtime,
    clock: columns.clock,
    runtimeNs: columns.runtime_ns,
    burstNs: columns.burst_ns,
    gen: columns.gen,
    sliceNs: columns.slice_ns,
  };
}

export function makeDecisionBatch(columns: Columns): DecisionBatch {
  return { key: columns.key, sliceNs: columns.slice_ns, cpu: columns.cpu };
}

/** A policy that answers with what is no number is broken; better to replace it than to guess what it meant. */
export function checkDecisions(policy: string, out: DecisionBatch, n: number): void {
  for (let i = 0; i < n; i++) {
    // one comparison for each: NaN fails both, infinities fail one
    if (!(out.key[i] >= 0 && out.key[i] < Infinity) || !(out.sliceNs[i] >= 0 && out.sliceNs[i] < Infinity)) {
      throw new Error(
        `policy ${policy} answered key ${out.key[i]} and slice ${out.sliceNs[i]} for row ${i}; both must be numbers, 0 or more`,
      );
    }
    // The kernel would read it as CPU 0.
    if (Number.isNaN(out.cpu[i])) throw new Error(`policy ${policy} answered CPU NaN for row ${i}; -1 is none`);
  }
}
