// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';

/** u32: whole numbers of 32 bits, as the kernel's records hold them; f64: doubles, bit by bit. */
export type ColumnType = 'u32' | 'f64';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

type BatchColumn = Exclude<keyof TaskBatch, 'length'>;

const BATCH: Readonly<Record<BatchColumn, ColumnType>> = {
  pid: 'u32',
  tgid: 'u32',
  cpu: 'u32',
  weight: 'u32',
  queue: 'u32',
  flags: 'u32',
  priority: 'u32',
  nrWaiting: 'u32',
  enqNs: 'f64',
  key: 'f64',
  vtime: 'f64',
  clock: 'f64',
  runtimeNs: 'f64',
  burstNs: 'f64',
  gen: 'f64',
  sliceNs: 'f64',
};

/** What a policy may answer is not limited to what the kernel takes. */
const DECISIONS: Readonly<Record<keyof DecisionBatch, ColumnType>> = { key: 'f64', sliceNs: 'f64', cpu: 'f64' };

const NODE: readonly (keyof NodeView)[] = ['nrCpus', 'sliceDefaultNs', 'sliceMinNs', 'nowNs'];

const columnsOf = <Name extends string>(types: Readonly<Record<Name, ColumnType>>) =>
  (Object.keys(types) as Name[]).map((name) => ({ name, type: types[name] }));

/** What a policy is asked with, what it answered, and the view of the node, in the order in which they are written. */
export const BATCH_COLUMNS = columnsOf(BATCH);
export const DECISION_COLUMNS = columnsOf(DECISIONS);
export const NODE_FIELDS = NODE;

export const BYTES_OF: Readonly<Record<ColumnType, number>> = { u32: 4, f64: 8 };

/** Bytes a row of these columns. */
export const rowBytes = (columns: readonly Column[]): number =>
  columns.reduce((sum, { type }) => sum + BYTES_OF[type], 0);
