// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BATCH_COLUMNS, DECISION_COLUMNS, NODE_FIELDS, rowBytes } from './columns.ts';
import { BATCH_HEAD_BYTES, BLOCK, BLOCK_HEAD_BYTES } from './format.ts';

const ROW_BYTES = rowBytes(BATCH_COLUMNS) + rowBytes(DECISION_COLUMNS);
const HEAD_BYTES = BATCH_HEAD_BYTES + 8 * NODE_FIELDS.length;

/** Bytes of a batch of so many rows. */
export const batchBytes = (rows: number): number => HEAD_BYTES + rows * ROW_BYTES;

/** Gathers batches into one block, in memory that is there from the start: adding one allocates nothing. */
export class BlockWriter {
  readonly #bytes: Uint8Array;
  /** The same memory as numbers. Every column starts at a multiple of 8 bytes. */
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  #end = BLOCK_HEAD_BYTES;
  #batches = 0;

  /** @param capacity bytes of the whole block, a multiple of 8 */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#u32 = new Uint32Array(this.#bytes.buffer);
    this.#f64 = new Float64Array(this.#bytes.buffer);
  }

  get empty(): boolean {
    return this.#batches === 0;
  }

  /** False where it does not fit any more; then nothing has changed. */
  add(batch: TaskBatch, out: DecisionBatch, node: NodeView): boolean {
    const rows = batch.length;
    if (this.#end + batchBytes(rows) > this.#bytes.length) return false;
    const u32 = this.#u32;
    const f64 = this.#f64;
    let word = this.#end / 4;
    u32[word] = rows;
    u32[word + 1] = 0;
    let at = this.#end / 8 + 1;
    f64[at] = node.nrCpus;
    f64[at + 1] = node.sliceDefaultNs;
    f64[at + 2] = node.sliceMinNs;
    f64[at + 3] = node.nowNs;
    word = 2 * (at + 4);
    word = put(u32, word, batch.pid, rows);
    word = put(u32, word, batch.tgid, rows);
    word = put(u32, word, batch.cpu, rows);
    word = put(u32, word, batch.weight, rows);
    word = put(u32, word, batch.queue, rows);
    word = put(u32, word, batch.flags, rows);
    word = put(u32, word, batch.priority, rows);
    word = put(u32, word, batch.nrWaiting, rows);
    at = word / 2;
    at = copy(f64, at, batch.enqNs, rows);
    at = copy(f64, at, batch.key, rows);
    at = copy(f64, at, batch.vtime, rows);
    at = copy(f64, at, batch.clock, rows);
    at = copy(f64, at, batch.runtimeNs, rows);
    at = copy(f64, at, batch.burstNs, rows);
    at = copy(f64, at, batch.gen, rows);
    at = copy(f64, at, batch.sliceNs, rows);
    at = copy(f64, at, out.key, rows);
    at = copy(f64, at, out.sliceNs, rows);
    at = copy(f64, at, out.cpu, rows);
    this.#end = 8 * at;
    this.#batches++;
    return true;
  }

  /** The block, valid until the next add(); it starts anew. */
  take(): Uint8Array {
    const block = this.#bytes.subarray(0, this.#end);
    this.#u32[0] = BLOCK;
    this.#u32[1] = this.#end - BLOCK_HEAD_BYTES;
    this.#u32[2] = crc32(block.subarray(BLOCK_HEAD_BYTES));
    this.#u32[3] = this.#batches;
    this.#end = BLOCK_HEAD_BYTES;
    this.#batches = 0;
    return block;
  }
}

function put(to: Uint32Array, at: number, column: Float64Array, rows: number): number {
  for (let i = 0; i < rows; i++) to[at + i] = column[i];
  return at + rows;
}

function copy(to: Float64Array, at: number, column: Float64Array, rows: number): number {
  for (let i = 0; i < rows; i++) to[at + i] = column[i];
  return at + rows;
}
