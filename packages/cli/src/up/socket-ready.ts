// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TRY_EVERY_MS = 100;

const listens = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Waits until somebody listens at a unix socket, no longer than `limitMs`. */
export async function untilListening(path: string, limitMs: number, signal: AbortSignal): Promise<void> {
  for (const start = performance.now(); performance.now() - start < limitMs && !signal.aborted; ) {
    if (await listens(path)) return;
    await sleep(TRY_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
