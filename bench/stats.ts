// SPDX-License-Identifier: Apache-2.0

/** Linear interpolation between the closest ranks; `q` from 0 to 1. NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

export interface Spread {
  readonly median: number;
  /** first and third quartile */
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), low: quantile(values, 0.25), high: quantile(values, 0.75), n: values.length };
}

/** Each pair's own ratio: what drifts over a run is in both halves of a pair. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, i) => value / theirs[i]);
}

/** `median unit [quartile..quartile]`. */
export function show(spread: Spread, digits: number, unit = ''): string {
  if (spread.n === 0) return '-';
  const number = (value: number): string => value.toFixed(digits);
  const interval = spread.n > 1 ? ` [${number(spread.low)}..${number(spread.high)}]` : '';
  return `${number(spread.median)}${unit && ` ${unit}`}${interval}`;
}
