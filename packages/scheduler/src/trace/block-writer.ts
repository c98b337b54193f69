// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BATCH_COLUMNS, DECISION_COLUMNS, NODE_FIELDS, rowBytes } from './columns.ts';
import { BLOCK, BLOCK_HEAD_BYTES } from './format.ts';

const ROW_BYTES = rowBytes(BATCH_COLUMNS) + rowBytes(DECISION_COLUMNS);
const NODE_BYTES = 4 + 8 * NODE_FIELDS.length;

/** Bytes of a batch of so many rows. */
export const batchBytes = (rows: number): number => NODE_BYTES + rows * ROW_BYTES;

/** Gathers batches into one block, in memory that is there from the start: adding one allocates nothing. */
export class BlockWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end = BLOCK_HEAD_BYTES;
  #batches = 0;

  /** @param capacity bytes of the whole block */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get empty(): boolean {
    return this.#batches === 0;
  }

  /** False where it does not fit any more; then nothing has changed. */
  add(batch: TaskBatch, out: DecisionBatch, node: NodeView): boolean {
    const rows = batch.length;
    if (this.#end + batchBytes(rows) > this.#bytes.length) return false;
    const view = this.#view;
    let at = this.#end;
    view.setUint32(at, rows, true);
    at += 4;
    view.setFloat64(at, node.nrCpus, true);
    view.setFloat64(at + 8, node.sliceDefaultNs, true);
    view.setFloat64(at + 16, node.sliceMinNs, true);
    view.setFloat64(at + 24, node.nowNs, true);
    at += 32;
    at = putU32(view, at, batch.pid, rows);
    at = putU32(view, at, batch.tgid, rows);
    at = putU32(view, at, batch.cpu, rows);
    at = putU32(view, at, batch.weight, rows);
    at = putU32(view, at, batch.queue, rows);
    at = putU32(view, at, batch.flags, rows);
    at = putU32(view, at, batch.priority, rows);
    at = putU32(view, at, batch.nrWaiting, rows);
    at = putF64(view, at, batch.enqNs, rows);
    at = putF64(view, at, batch.key, rows);
    at = putF64(view, at, batch.vtime, rows);
    at = putF64(view, at, batch.clock, rows);
    at = putF64(view, at, batch.runtimeNs, rows);
    at = putF64(view, at, batch.burstNs, rows);
    at = putF64(view, at, batch.gen, rows);
    at = putF64(view, at, batch.sliceNs, rows);
    at = putF64(view, at, out.key, rows);
    at = putF64(view, at, out.sliceNs, rows);
    at = putF64(view, at, out.cpu, rows);
    this.#end = at;
    this.#batches++;
    return true;
  }

  /** The block, valid until the next add(); it starts anew. */
  take(): Uint8Array {
    const block = this.#bytes.subarray(0, this.#end);
    const view = this.#view;
    view.setUint32(0, BLOCK, true);
    view.setUint32(4, this.#end - BLOCK_HEAD_BYTES, true);
    view.setUint32(8, crc32(block.subarray(BLOCK_HEAD_BYTES)), true);
    view.setUint32(12, this.#batches, true);
    this.#end = BLOCK_HEAD_BYTES;
    this.#batches = 0;
    return block;
  }
}

function putU32(view: DataView, at: number, column: Float64Array, rows: number): number {
  for (let i = 0; i < rows; i++) view.setUint32(at + 4 * i, column[i], true);
  return at + 4 * rows;
}

function putF64(view: DataView, at: number, column: Float64Array, rows: number): number {
  for (let i = 0; i < rows; i++) view.setFloat64(at + 8 * i, column[i], true);
  return at + 8 * rows;
}
