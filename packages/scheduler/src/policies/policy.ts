// SPDX-License-Identifier: Apache-2.0

/**
 * Tasks that wait and about whose place an opinion is welcome: columns, row i is one task. Only the first `length` rows
 * count. Nanoseconds; `key`, `vtime` and `clock` are nanoseconds of CPU time at weight 100 on the scale of one queue.
 * Rows come in the order in which the tasks were queued.
 */
export interface TaskBatch {
  readonly length: number;
  readonly pid: Float64Array;
  readonly tgid: Float64Array;
  /** Where the task was queued. */
  readonly cpu: Float64Array;
  /** 1..10000; 100 is nice 0. */
  readonly weight: Float64Array;
  readonly queue: Float64Array;
  /** Enqueue flags of the kernel, low 32 bits. */
  readonly flags: Float64Array;
  /** 0..20 of the task's strategy, NO_PRIORITY without one. */
  readonly priority: Float64Array;
  /** Tasks in the same queue before this one came. */
  readonly nrWaiting: Float64Array;
  readonly enqNs: Float64Array;
  /** What the kernel ordered the task by: its vtime, less the head start of its strategy. */
  readonly key: Float64Array;
  /** What the task has used, over its weight; never more than one slice behind `clock`. */
  readonly vtime: Float64Array;
  /** Where the clock of the queue stands. */
  readonly clock: Float64Array;
  /** CPU time since the task was created. */
  readonly runtimeNs: Float64Array;
  /** CPU time that the task uses between two sleeps, lately. */
  readonly burstNs: Float64Array;
  /** Which wait this is. */
  readonly gen: Float64Array;
  /** The slice that the task will get: its strategy's, else the kernel's for this number of waiting tasks. */
  readonly sliceNs: Float64Array;
}

/**
 * Opinions, row i about row i of the batch. Prefilled with "no opinion": the key of the batch, slice 0, CPU -1. The
 * kernel keeps a key within one default slice of the batch's, and a slice within the configured bounds.
 */
export interface DecisionBatch {
  /** Smaller runs earlier. Finite, not negative. */
  readonly key: Float64Array;
  /** Nanoseconds; 0 leaves the kernel's slice. */
  readonly sliceNs: Float64Array;
  /** -1 for any; else the task waits in the queue of this CPU. */
  readonly cpu: Float64Array;
}

export interface NodeView {
  readonly nrCpus: number;
  readonly sliceDefaultNs: number;
  readonly sliceMinNs: number;
  /** Nanoseconds since boot. */
  readonly nowNs: number;
}

/** A scheduling policy. The same object runs live and in tests. */
export interface Policy {
  readonly name: string;
  /** Fills the first `batch.length` rows of `out`. Runs for every batch: it must not allocate. */
  decide(batch: TaskBatch, out: DecisionBatch, node: NodeView): void;
}

/** `priority` of a task without a strategy. */
export const NO_PRIORITY = 21;
