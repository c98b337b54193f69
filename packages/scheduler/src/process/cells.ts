// SPDX-License-Identifier: Apache-2.0
/**
 * Shared memory between the main thread and the policy worker. One writer a cell; 64-bit cells are written whole on
 * every platform that sched_ext runs on.
 */
export const CELL = {
  /** CLOCK_MONOTONIC, ns: when the worker last came round. Written by the worker. */
  beatNs: 0,
  /** Records taken out of the ring since start, by all workers. */
  drained: 1,
  /** Decisions handed to the kernel since start, by all workers. */
  decided: 2,
  /** Written by the main thread: not 0 asks the worker to end. */
  stop: 3,
} as const;

const CELL_COUNT = 4;

export type Cells = Float64Array<SharedArrayBuffer>;

export function makeCells(): Cells {
  return new Float64Array(new SharedArrayBuffer(CELL_COUNT * Float64Array.BYTES_PER_ELEMENT));
}
