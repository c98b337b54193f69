// SPDX-License-Identifier: Apache-2.0

const PAUSES_SECONDS: readonly number[] = [5, 30, 300];

/**
 * Seconds to wait before attaching again, after `attempt` attempts that failed as well (0 after the first ejection);
 * null when it is time to give up. A scheduler that is thrown out again and again hurts more than none.
 */
export const backoffSeconds = (attempt: number): number | null => PAUSES_SECONDS[Math.max(0, attempt)] ?? null;
