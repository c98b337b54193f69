// SPDX-License-Identifier: Apache-2.0

export interface BackoffLimits {
  /** Longest rest after the first failure, milliseconds. */
  readonly firstMs: number;
  /** Longest rest at all. */
  readonly mostMs: number;
}

export const BACKOFF: BackoffLimits = { firstMs: 1_000, mostMs: 30_000 };

/** A rest that is shorter would be none. */
const LEAST_MS = 50;

/**
 * How long to rest after the nth failure in a row (from 1): any time up to a limit that doubles, so that many clients
 * of a server that comes back do not come at once ("full jitter"; M. Brooker, Exponential Backoff And Jitter, 2015).
 * A rest that the server asked for comes on top.
 * @param random from 0 to 1, 1 not included
 */
export function restMs(failures: number, random: number, askedMs = 0, limits: BackoffLimits = BACKOFF): number {
  const most = Math.min(limits.mostMs, limits.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(askedMs + Math.max(LEAST_MS, random * most));
}
