// SPDX-License-Identifier: Apache-2.0
/**
 * Shared memory between the main thread and the policy workers. One writer a cell at a time; 64-bit cells are written
 * whole on every platform that sched_ext runs on.
 */
export const CELL = {
  /** Records taken out of the ring since start, by all workers. */
  drained: 0,
  /** Decisions handed to the kernel since start, by all workers. */
  decided: 1,
} as const;

/** Cells that each worker has for itself: while one takes over from another there are two. */
export const WORKER_CELL = {
  /** CLOCK_MONOTONIC, ns: when the worker last came round. Written by the worker. */
  beatNs: 0,
  /** Written by the main thread: not 0 asks the worker to end. */
  stop: 1,
} as const;

const CELL_COUNT = 2;

export type Cells = Float64Array<SharedArrayBuffer>;

export function makeCells(): Cells {
  return new Float64Array(new SharedArrayBuffer(CELL_COUNT * Float64Array.BYTES_PER_ELEMENT));
}
