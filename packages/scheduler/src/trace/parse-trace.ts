// SPDX-License-Identifier: Apache-2.0
import { crc32 } from 'node:zlib';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BATCH_COLUMNS, type Column, DECISION_COLUMNS, NODE_FIELDS, rowBytes } from './columns.ts';
import {
  BATCH_HEAD_BYTES,
  BLOCK,
  BLOCK_HEAD_BYTES,
  FILE_HEAD_BYTES,
  HEADER_MAX_BYTES,
  MAGIC,
  type TraceHeader,
  VERSION,
} from './format.ts';

/** One batch as it was: what the policy was asked, and what it answered. */
export interface RecordedBatch {
  readonly batch: TaskBatch;
  readonly decisions: DecisionBatch;
  readonly node: NodeView;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly batches: readonly RecordedBatch[];
  /** What is wrong from some place on; the batches before it are good. Null where nothing is. */
  readonly damage: string | null;
}

/** It cannot be read as a recording at all. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

const isColumn = (value: unknown): value is Column => {
  const { name, type } = (value ?? {}) as { name?: unknown; type?: unknown };
  return typeof name === 'string' && (type === 'u32' || type === 'f64');
};

function parseHeader(text: string, name: string): TraceHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TraceError(`${name}: its header is damaged`, { cause });
  }
  const { batch, decisions, node, policy } = (value ?? {}) as Record<string, unknown>;
  const good =
    [batch, decisions].every((columns) => Array.isArray(columns) && columns.every(isColumn)) &&
    Array.isArray(node) &&
    node.every((field) => typeof field === 'string') &&
    typeof policy === 'string';
  if (!good) throw new TraceError(`${name}: its header is damaged`);
  const header = value as TraceHeader;
  const missing = [
    ...BATCH_COLUMNS.filter(({ name }) => !header.batch.some((column) => column.name === name)).map(({ name }) => name),
    ...DECISION_COLUMNS.filter(({ name }) => !header.decisions.some((column) => column.name === name)).map(
      ({ name }) => `decision ${name}`,
    ),
    ...NODE_FIELDS.filter((field) => !header.node.includes(field)),
  ];
  if (missing.length > 0)
    throw new TraceError(
      `${name}: it was recorded by another version and lacks ${missing.join(', ')}; record anew with this one`,
    );
  return header;
}

/** Reads batches out of the content of a block. */
class BatchReader {
  readonly #view: DataView;
  readonly #header: TraceHeader;
  readonly #rowBytes: number;
  #at = 0;

  constructor(content: Uint8Array, header: TraceHeader) {
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    this.#header = header;
    this.#rowBytes = rowBytes(header.batch) + rowBytes(header.decisions);
  }

  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  /** Null where the content does not hold what it says. */
  next(): RecordedBatch | null {
    const nodeBytes = 8 * this.#header.node.length;
    if (this.left < BATCH_HEAD_BYTES + nodeBytes) return null;
    const rows = this.#view.getUint32(this.#at, true);
    this.#at += BATCH_HEAD_BYTES;
    if (rows * this.#rowBytes > this.left - nodeBytes) return null;
    const node: Record<string, number> = {};
    for (const field of this.#header.node) {
      node[field] = this.#view.getFloat64(this.#at, true);
      this.#at += 8;
    }
    const batch = this.#columns(this.#header.batch, rows);
    const decisions = this.#columns(this.#header.decisions, rows);
    return {
      batch: { ...batch, length: rows } as unknown as TaskBatch,
      decisions: decisions as unknown as DecisionBatch,
      node: node as unknown as NodeView,
    };
  }

  #columns(columns: readonly Column[], rows: number): Record<string, Float64Array> {
    const read: Record<string, Float64Array> = {};
    for (const { name, type } of columns) {
      const column = new Float64Array(rows);
      if (type === 'f64') for (let i = 0; i < rows; i++) column[i] = this.#view.getFloat64(this.#at + 8 * i, true);
      else for (let i = 0; i < rows; i++) column[i] = this.#view.getUint32(this.#at + 4 * i, true);
      this.#at += rows * (type === 'f64' ? 8 : 4);
      read[name] = column;
    }
    return read;
  }
}

/** The batches of one block; null where it does not hold what it says. */
function parseBlock(content: Uint8Array, count: number, header: TraceHeader): RecordedBatch[] | null {
  const reader = new BatchReader(content, header);
  const batches: RecordedBatch[] = [];
  while (batches.length < count) {
    const batch = reader.next();
    if (batch === null) return null;
    batches.push(batch);
  }
  return reader.left === 0 ? batches : null;
}

/**
 * Reads a recording out of its bytes. What follows a damaged place is left out, and `damage` says so.
 * @param name for messages
 * @throws TraceError where the bytes are no recording, or one of another version
 */
export function parseTrace(bytes: Uint8Array, name: string): Trace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new TraceError(`${name}: is no recording of a scheduler`);
  if (bytes.length < FILE_HEAD_BYTES) throw new TraceError(`${name}: is cut off in its header`);
  const version = view.getUint32(8, true);
  if (version !== VERSION)
    throw new TraceError(`${name}: is a recording of version ${version}; this program reads version ${VERSION}`);
  const headerBytes = view.getUint32(12, true);
  if (headerBytes > HEADER_MAX_BYTES) throw new TraceError(`${name}: its header is damaged`);
  if (FILE_HEAD_BYTES + headerBytes > bytes.length) throw new TraceError(`${name}: is cut off in its header`);
  const text = new TextDecoder().decode(bytes.subarray(FILE_HEAD_BYTES, FILE_HEAD_BYTES + headerBytes));
  const header = parseHeader(text, name);

  const batches: RecordedBatch[] = [];
  const end = (damage: string | null): Trace => ({ header, batches, damage });
  for (let at = FILE_HEAD_BYTES + headerBytes; at < bytes.length; ) {
    const cutOff = `${name}: is cut off at byte ${at}; the ${batches.length} batches before it are good`;
    const damaged = `${name}: is damaged at byte ${at}; the ${batches.length} batches before it are good`;
    if (bytes.length - at < BLOCK_HEAD_BYTES) return end(cutOff);
    if (view.getUint32(at, true) !== BLOCK) return end(damaged);
    const content = bytes.subarray(at + BLOCK_HEAD_BYTES, at + BLOCK_HEAD_BYTES + view.getUint32(at + 4, true));
    if (content.length < view.getUint32(at + 4, true)) return end(cutOff);
    if (crc32(content) !== view.getUint32(at + 8, true)) return end(damaged);
    const block = parseBlock(content, view.getUint32(at + 12, true), header);
    if (block === null) return end(damaged);
    batches.push(...block);
    at += BLOCK_HEAD_BYTES + content.length;
  }
  return end(null);
}
