// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { Patience } from './patience.ts';

/**
 * Looks again and again until there is something.
 * @param look null: not yet
 * @param seen what was there instead, for whoever reads why it failed
 */
export async function until<T>(
  what: string,
  limitMs: number,
  everyMs: number,
  look: () => T | null | Promise<T | null>,
  seen: () => unknown = () => '',
): Promise<T> {
  for (const patience = new Patience(limitMs); !patience.isOver(); await sleep(everyMs)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what}: not within ${limitMs / 1000} s; seen instead: ${JSON.stringify(seen())}`);
}
