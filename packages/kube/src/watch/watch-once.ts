// SPDX-License-Identifier: Apache-2.0
import type { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { KubeError, messageOf } from '../kube-error.ts';
import type { Client, Query } from '../rest/client.ts';
import type { BackoffLimits } from './backoff.ts';
import { splitLines } from './lines.ts';
import { SILENT } from './resume.ts';
import { readWatchEvent, type WatchEvent } from './watch-event.ts';

export interface WatchTiming {
  /** The server is asked to end the watch after some time between these: so not all clients come again at once. */
  readonly shortestSeconds: number;
  readonly longestSeconds: number;
  /**
   * After so long without one whole event the connection is given up. The server sends a bookmark about every minute,
   * so this is a connection that died without a word.
   */
  readonly idleMs: number;
  readonly backoff: BackoffLimits;
}

const TIMING = { shortestSeconds: 300, longestSeconds: 600, idleMs: 150_000 };
/** Objects end at 1.5 MiB in etcd; as JSON they are somewhat larger. */
const MAX_LINE_BYTES = 4 * 1_048_576;

export interface WatchHandlers {
  readonly onOpen: () => void;
  readonly onEvent: (event: WatchEvent) => void;
}

function read(
  answer: IncomingMessage,
  idleMs: number,
  path: string,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const idle = setTimeout(() => {
      const message = `${path}: the watch was silent for ${idleMs / 1000} s`;
      fail(new KubeError('ERR_KUBE_TIMEOUT', message, { reason: SILENT }));
    }, idleMs);
    const fail = (error: unknown): void => {
      clearTimeout(idle);
      reject(error);
      answer.destroy();
    };
    const lines = splitLines(MAX_LINE_BYTES, (line) => {
      idle.refresh();
      onEvent(readWatchEvent(line));
    });
    answer.on('data', (chunk: Buffer) => {
      // What was in flight when it was given up.
      if (answer.destroyed) return;
      try {
        lines.push(chunk);
      } catch (error) {
        fail(error);
      }
    });
    answer.on('error', (cause: Error) => {
      fail(new KubeError('ERR_KUBE_CONNECTION', `${path}: the watch broke: ${messageOf(cause)}`, { cause }));
    });
    answer.on('end', () => {
      clearTimeout(idle);
      if (lines.pending === 0) resolve();
      else reject(new KubeError('ERR_KUBE_CONNECTION', `${path}: the watch ended in the middle of a line`));
    });
    answer.on('close', () => fail(new KubeError('ERR_KUBE_CONNECTION', `${path}: the watch was cut`)));
  });
}

/**
 * One watch, from its request to its end. Returns when the server ended it as was asked.
 * @throws KubeError
 */
export async function watchOnce(
  client: Client,
  path: string,
  query: Query,
  signal: AbortSignal,
  timing: Partial<WatchTiming> = {},
  random: () => number,
  { onOpen, onEvent }: WatchHandlers,
): Promise<void> {
  const { shortestSeconds, longestSeconds, idleMs } = { ...TIMING, ...timing };
  const timeoutSeconds = Math.round(shortestSeconds + random() * (longestSeconds - shortestSeconds));
  const answer = await client.open(path, {
    query: { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds },
    signal,
  });
  onOpen();
  await read(answer, idleMs, path, onEvent);
}
