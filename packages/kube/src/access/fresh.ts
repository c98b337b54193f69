// SPDX-License-Identifier: Apache-2.0
import type { Credentials } from './access.ts';

export interface Made {
  readonly credentials: Credentials;
  /** How long they serve without a look at their source, milliseconds. */
  readonly goodForMs: number;
}

export interface Fresh {
  get(): Promise<Credentials>;
  refuse(credentials: Credentials): void;
}

const same = (a: Credentials, b: Credentials): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Keeps credentials until they are stale or refused. When their source fails for a while, those there are go on
 * serving, unless the server refused them.
 * @param nowMs a clock that is never set
 */
export function keepFresh(make: () => Promise<Made>, nowMs: () => number = () => performance.now()): Fresh {
  let kept: Credentials | undefined;
  let staleAt = 0;
  let refused = false;
  let making: Promise<Credentials> | undefined;
  const remake = async (): Promise<Credentials> => {
    try {
      const { credentials, goodForMs } = await make();
      if (kept === undefined || !same(kept, credentials)) kept = credentials;
      staleAt = nowMs() + goodForMs;
      refused = false;
      return kept;
    } catch (error) {
      if (kept === undefined || refused) throw error;
      return kept;
    } finally {
      making = undefined;
    }
  };
  return {
    get() {
      if (kept !== undefined && !refused && nowMs() < staleAt) return Promise.resolve(kept);
      making ??= remake();
      return making;
    },
    refuse(credentials) {
      // Two requests may be refused for the same ones; those made since are not meant.
      if (credentials === kept) refused = true;
    },
  };
}
