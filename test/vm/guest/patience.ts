// SPDX-License-Identifier: Apache-2.0
import { statSync, writeFileSync } from 'node:fs';

/** Shared with the machine outside, without a cache: what is written here has that machine's time. */
const STAMP = '/run/gthulhu-vm/now';
const GRACE_MS = 20_000;

/** The clock of the machine outside, ms; the guest's own where there is no share. */
function hostMs(): number {
  try {
    writeFileSync(STAMP, '.');
    return statSync(STAMP).mtimeMs;
  } catch {
    return performance.now();
  }
}

/**
 * When to give up waiting. A clock that counts instructions jumps from timer to timer while all wait for a file: a second
 * of a slow disk outside is minutes in here. So when the time is over in here, it still takes as long outside, 20 s at
 * most. That clock is looked at only then: looking is itself such a wait.
 */
export class Patience {
  readonly #start = performance.now();
  readonly #limitMs: number;
  #graceFrom: number | null = null;

  /** @param limitMs of the guest's clock */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#start;
  }

  isOver(): boolean {
    if (this.elapsedMs < this.#limitMs) return false;
    this.#graceFrom ??= hostMs();
    return hostMs() - this.#graceFrom >= Math.min(this.#limitMs, GRACE_MS);
  }
}
