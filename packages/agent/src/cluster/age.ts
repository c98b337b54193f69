// SPDX-License-Identifier: Apache-2.0

/** Whole seconds, at least one for what is not of now. */
export const inSeconds = (ms: number | null): number | null =>
  ms === null ? null : ms === 0 ? 0 : Math.max(1, Math.round(ms / 1_000));
