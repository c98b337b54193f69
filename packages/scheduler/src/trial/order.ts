// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch } from '../policies/policy.ts';
import type { RecordedBatch } from '../trace/parse-trace.ts';

/** The kernel keeps a key within one default slice of its own: clamp_key() in bpf/sched/apply.h. */
export function clampKey(wish: number, own: number, sliceDefaultNs: number): number {
  return Math.min(Math.max(wish, own - sliceDefaultNs), own + sliceDefaultNs);
}

/** Keys as the kernel would use them. */
export function keysInForce({ batch, node }: RecordedBatch, { key }: DecisionBatch): Float64Array {
  return Float64Array.from({ length: batch.length }, (_, i) => clampKey(key[i], batch.key[i], node.sliceDefaultNs));
}

/** The place of each row among those of its queue, 0 first; of equal keys the earlier row comes first. */
export function ranks(queue: Float64Array, key: Float64Array): Uint32Array {
  const rows = Array.from(key.keys()).sort((a, b) => key[a] - key[b] || a - b);
  const next = new Map<number, number>();
  const places = new Uint32Array(key.length);
  for (const row of rows) {
    const place = next.get(queue[row]) ?? 0;
    places[row] = place;
    next.set(queue[row], place + 1);
  }
  return places;
}

/** How far one order is from another. */
export interface OrderChange {
  /** batches in which any task has another place */
  readonly batches: number;
  /** tasks that have another place */
  readonly tasks: number;
}

export function compareOrders(a: readonly Uint32Array[], b: readonly Uint32Array[]): OrderChange {
  let batches = 0;
  let tasks = 0;
  for (const [i, places] of a.entries()) {
    const moved = places.reduce((sum, place, row) => sum + (place === b[i][row] ? 0 : 1), 0);
    tasks += moved;
    if (moved > 0) batches++;
  }
  return { batches, tasks };
}
