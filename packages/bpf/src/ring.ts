// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';
import { BpfError } from './errors.ts';
import { makeColumns, type StructLayout } from './layout.ts';

/** A native wait never lasts longer: between two of them a worker can be terminated. */
const SLICE_MS = 250;

/**
 * A BPF ring buffer, read as columns. One reader only. Works in any thread; the descriptor is duplicated.
 * `drain` allocates nothing and copies each named field of each record to its column as a double.
 */
export interface Ring {
  /** By field name; rows 0..n-1 are those of the last drain that returned n. They lie in shared memory. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Takes up to `capacity` records out of the ring; returns how many. Records shorter than the layout are skipped. */
  drain(): number;
  /** Blocks this thread until there is something to drain or wakeRing() was called (true), or for `timeoutMs` (false). */
  wait(timeoutMs: number): boolean;
  /** The same without blocking: a thread of the pool waits, at most a second. For threads with other work to do. */
  waitAsync(timeoutMs: number): Promise<boolean>;
  /** for wakeRing() in another thread */
  readonly wakeFd: number;
  /** records that were too short for the layout, since open */
  readonly skipped: number;
  close(): void;
}

/**
 * @param fd of a map of type BPF_MAP_TYPE_RINGBUF
 * @param columns fields of the layout to read
 * @param capacity rows, 1 to 2^20
 */
export function openRing(fd: number, layout: StructLayout, columns: readonly string[], capacity: number): Ring {
  const set = makeColumns(layout, columns, capacity);
  const ring = native.openRing(fd, layout.size, set.plan, set.arrays, capacity);
  return {
    columns: Object.freeze(set.columns),
    drain: ring.drain,
    wait: (timeoutMs) => {
      if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
        throw new BpfError('ERR_BPF_ARGUMENT', 'the timeout must be a number of milliseconds, 0 or more');
      const end = performance.now() + timeoutMs;
      for (let left = timeoutMs; ; left = end - performance.now()) {
        const slice = Math.min(Math.max(Math.ceil(left), 0), SLICE_MS);
        if (ring.wait(slice) !== 0) return true;
        if (left <= slice) return false;
      }
    },
    waitAsync: (timeoutMs) => native.waitRing(fd, ring.wakeFd, timeoutMs),
    wakeFd: ring.wakeFd,
    get skipped() {
      return ring.skipped();
    },
    close: () => native.close(ring.handle),
  };
}

/** Ends the wait() of the ring with this wakeFd, now or when it is next called. */
export function wakeRing(wakeFd: number): void {
  native.wakeRing(wakeFd);
}
