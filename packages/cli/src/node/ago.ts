// SPDX-License-Identifier: Apache-2.0

/** `of 12 min ago`: how old something is. */
export function agoWords(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return 'of an unknown time';
  if (seconds < 120) return `of ${seconds} s ago`;
  if (seconds < 7_200) return `of ${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `of ${Math.round(seconds / 3_600)} h ago` : `of ${Math.round(seconds / 86_400)} d ago`;
}
