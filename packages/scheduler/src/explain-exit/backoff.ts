// SPDX-License-Identifier: Apache-2.0

const PAUSES_SECONDS: readonly number[] = [5, 30, 300];

/**
 * Seconds to wait before attempt number `attempt` (from 1) to attach again; null when it is time to give up. A
 * scheduler that is thrown out again and again hurts more than none.
 */
export function backoff(attempt: number): number | null {
  return PAUSES_SECONDS[Math.max(1, Math.trunc(attempt)) - 1] ?? null;
}
