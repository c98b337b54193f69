// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Waits until it is true; a test that waits for ever says for what. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const start = performance.now(); !isTrue(); await sleep(5))
    if (performance.now() - start > LIMIT_MS) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
}
