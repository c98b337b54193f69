// SPDX-License-Identifier: Apache-2.0

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` characters for `most`, to an eighth of a character; something that is not nothing shows. */
export function bar(value: number, most: number, width: number): string {
  const eighths = Math.min(width * 8, Math.max(value > 0 ? 1 : 0, Math.round((value / most) * width * 8)));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

export function microseconds(us: number): string {
  return us < 1000 ? `${us.toFixed(0)} us` : `${(us / 1000).toFixed(2)} ms`;
}
