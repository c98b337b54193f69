// SPDX-License-Identifier: Apache-2.0
import { type DecisionBatch, NO_PRIORITY, type NodeView, type TaskBatch } from './policy.ts';

export type Row = Partial<Record<Exclude<keyof TaskBatch, 'length'>, number>>;

export const node: NodeView = { nrCpus: 1, sliceDefaultNs: 5_000_000, sliceMinNs: 500_000, nowNs: 1e12 };

const defaults: Required<Row> = {
  pid: 100,
  tgid: 100,
  cpu: 0,
  weight: 100,
  queue: 0,
  flags: 0,
  priority: NO_PRIORITY,
  nrWaiting: 1,
  enqNs: 1e12,
  key: 1e9,
  vtime: 1e9,
  clock: 1e9,
  runtimeNs: 0,
  burstNs: 0,
  gen: 1,
  sliceNs: node.sliceDefaultNs,
};

/** A batch of the rows given, in columns longer than the batch as the live ones are. */
export function batchOf(rows: readonly Row[]): TaskBatch {
  const columns = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const column = new Float64Array(rows.length + 3).fill(Number.NaN);
      rows.forEach((row, i) => {
        column[i] = row[name as keyof Row] ?? value;
      });
      return [name, column];
    }),
  ) as Record<keyof Row, Float64Array>;
  return { ...columns, length: rows.length };
}

/** Decisions prefilled with "no opinion", as the process prefills them. */
export function decisionsFor(batch: TaskBatch): DecisionBatch {
  return {
    key: batch.key.slice(),
    sliceNs: new Float64Array(batch.key.length),
    cpu: new Float64Array(batch.key.length).fill(-1),
  };
}
