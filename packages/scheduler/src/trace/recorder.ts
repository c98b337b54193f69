// SPDX-License-Identifier: Apache-2.0
import { endianness } from 'node:os';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BlockWriter, batchBytes } from './block-writer.ts';
import { BATCH_COLUMNS, DECISION_COLUMNS, NODE_FIELDS } from './columns.ts';
import { BLOCK_HEAD_BYTES, encodeHeader } from './format.ts';
import { openSegments, type Segments } from './segments.ts';

/** Most batches are small: one system call for many of them. */
const BLOCK_BYTES = 128 * 1024;

export interface RecorderOptions {
  readonly path: string;
  readonly maxBytes: number;
  /** Rows of the largest batch. */
  readonly capacity: number;
  readonly policy: string;
  /** Recording has ended, and why. The policy goes on. */
  readonly onFailed: (reason: string) => void;
}

/** Records batches. Never throws: a full disk must not end the policy thread. */
export interface Recorder {
  /** After the policy has decided. */
  record(batch: TaskBatch, out: DecisionBatch, node: NodeView): void;
  /** Writes what is in memory; for moments in which nobody waits. */
  flush(): void;
  close(): void;
}

/** What to do about the error of a system call, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; make it, or name another traceFile',
  ENOTDIR: 'a part of its path is no folder; name another traceFile',
  EACCES: 'this user may not write there; name another traceFile',
  EPERM: 'this user may not write there; name another traceFile',
  EROFS: 'the file system can only be read; name another traceFile',
  ENOSPC: 'the disk is full; make room, or name another traceFile',
  EDQUOT: 'the disk quota is used up; make room, or name another traceFile',
};

/** Why nothing is recorded, for people. */
function reasonOf(error: unknown, path: string): string {
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return typeof code === 'string' && Object.hasOwn(ADVICE, code) ? `${path}: ${ADVICE[code]} (${message})` : message;
}

export function startRecorder({ path, maxBytes, capacity, policy, onFailed }: RecorderOptions): Recorder {
  const block = new BlockWriter(Math.max(BLOCK_BYTES, BLOCK_HEAD_BYTES + batchBytes(capacity)));
  let segments: Segments | null = null;

  function attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      onFailed(reasonOf(error, path));
      const broken = segments;
      segments = null;
      try {
        broken?.close();
      } catch {
        // the first error says why
      }
    }
  }
  const writeOut = (): void => {
    if (segments !== null && !block.empty) segments.write(block.take());
  };

  attempt(() => {
    // Columns are written as they lie in memory.
    if (endianness() !== 'LE') throw new Error('only little-endian machines can record');
    const header = { batch: BATCH_COLUMNS, decisions: DECISION_COLUMNS, node: NODE_FIELDS, policy };
    segments = openSegments(path, encodeHeader(header), maxBytes);
  });
  return {
    record(batch, out, node) {
      if (segments === null || block.add(batch, out, node)) return;
      attempt(writeOut);
      if (segments !== null) block.add(batch, out, node);
    },
    flush() {
      if (segments !== null && !block.empty) attempt(writeOut);
    },
    close() {
      attempt(() => {
        writeOut();
        segments?.close();
        segments = null;
      });
    },
  };
}
