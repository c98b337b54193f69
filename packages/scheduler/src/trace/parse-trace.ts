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
  /** How many batches were recorded; `batches` has the last of them where not all were asked for. */
  readonly recorded: number;
  /** What is wrong from some place on; the batches before it are good. Null where nothing is. */
  readonly damage: string | null;
}

/** How much of a recording is wanted: its last batches, so many at most, from blocks of so many bytes together. */
export interface Latest {
  readonly batches: number;
  readonly bytes: number;
}

export const ALL: Latest = { batches: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

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

interface Block {
  /** byte of the file */
  readonly at: number;
  readonly content: Uint8Array;
  /** batches */
  readonly count: number;
}

/** The blocks of a file up to the first that is cut off or damaged, without what is in them; and what is wrong there. */
function findBlocks(bytes: Uint8Array, from: number): { blocks: Block[]; wrong: string | null } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Block[] = [];
  for (let at = from; at < bytes.length; ) {
    if (bytes.length - at < BLOCK_HEAD_BYTES) return { blocks, wrong: `is cut off at byte ${at}` };
    if (view.getUint32(at, true) !== BLOCK) return { blocks, wrong: `is damaged at byte ${at}` };
    const length = view.getUint32(at + 4, true);
    const content = bytes.subarray(at + BLOCK_HEAD_BYTES, at + BLOCK_HEAD_BYTES + length);
    if (content.length < length) return { blocks, wrong: `is cut off at byte ${at}` };
    if (crc32(content) !== view.getUint32(at + 8, true)) return { blocks, wrong: `is damaged at byte ${at}` };
    blocks.push({ at, content, count: view.getUint32(at + 12, true) });
    at += BLOCK_HEAD_BYTES + content.length;
  }
  return { blocks, wrong: null };
}

/** The first of the last blocks that are enough; at least one is taken of a recording that has any. */
function firstWanted(blocks: readonly Block[], latest: Latest): number {
  let first = blocks.length;
  for (let { batches, bytes } = latest; first > 0 && batches > 0; ) {
    const { content, count } = blocks[first - 1];
    if (content.length > bytes && first < blocks.length) break;
    batches -= count;
    bytes -= content.length;
    first--;
  }
  return first;
}

/**
 * Reads a recording out of its bytes. What follows a damaged place is left out, and `damage` says so.
 * @param name for messages
 * @param latest how much of it is read; the blocks before it are checked for damage only
 * @throws TraceError where the bytes are no recording, or one of another version
 */
export function parseTrace(bytes: Uint8Array, name: string, latest = ALL): Trace {
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

  const { blocks, wrong } = findBlocks(bytes, FILE_HEAD_BYTES + headerBytes);
  const first = firstWanted(blocks, latest);
  let recorded = blocks.slice(0, first).reduce((sum, { count }) => sum + count, 0);
  const batches: RecordedBatch[] = [];
  const end = (what: string | null): Trace => ({
    header,
    batches: batches.length > latest.batches ? batches.slice(batches.length - latest.batches) : batches,
    recorded,
    damage: what === null ? null : `${name}: ${what}; the ${recorded} batches before it are good`,
  });
  for (const { at, content, count } of blocks.slice(first)) {
    const block = parseBlock(content, count, header);
    if (block === null) return end(`is damaged at byte ${at}`);
    for (const batch of block) batches.push(batch);
    recorded += count;
  }
  return end(wrong);
}
