// SPDX-License-Identifier: Apache-2.0
/**
 * A recording: what a policy was asked and what it answered, batch by batch. Little endian throughout.
 *
 *   file    = magic (8 bytes) | version u32 | bytes of the header u32 | header (JSON, UTF-8) | block ...
 *   block   = BLOCK u32 | bytes of its content u32 | CRC-32 of its content u32 | batches u32 | batch ...
 *   batch   = rows u32 | 0 u32 | each field of the node f64 | each column of the batch | each column of the decisions
 *   column  = rows times u32 or f64
 *
 * The header names columns and types in the order in which they are written, so that a reader of another version knows
 * what it has. A block is what is written at once: a file that was cut off loses its last block only.
 */
import type { Column } from './columns.ts';

export const MAGIC = 'GTHTRACE';
export const VERSION = 1;
/** `BLCK` */
export const BLOCK = 0x4b434c42;
export const BLOCK_HEAD_BYTES = 16;
export const FILE_HEAD_BYTES = 16;
export const BATCH_HEAD_BYTES = 8;
/** Longer headers are no headers. */
export const HEADER_MAX_BYTES = 64 * 1024;

export interface TraceHeader {
  readonly batch: readonly Column[];
  readonly decisions: readonly Column[];
  readonly node: readonly string[];
  /** Which policy decided. */
  readonly policy: string;
}

/** What stands at the start of a file. */
export function encodeHeader(header: TraceHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(FILE_HEAD_BYTES + json.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, json.length, true);
  bytes.set(json, FILE_HEAD_BYTES);
  return bytes;
}
