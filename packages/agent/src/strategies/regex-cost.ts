// SPDX-License-Identifier: Apache-2.0

/** Instructions that one expression may compile to, about. Real ones have twenty. */
export const REGEX_MAX_COST = 4_000;
/** The same for all expressions of one request together: seconds of compiling. */
export const REGEX_MAX_TOTAL_COST = 500_000;

/**
 * About how many instructions an expression compiles to, without compiling it. RE2 bounds the time of matching, but
 * copies what is repeated: a kilobyte of text can become a million instructions. Counts every character, and what stands
 * before `{n,m}` m times.
 */
export function regexCost(regex: string): number {
  /** Cost of each open group, and before it of the whole. */
  const open = [0];
  /** Of the last thing that a repetition would repeat; it is in the sum already. */
  let last = 0;
  const add = (cost: number): void => {
    open[open.length - 1] += cost;
    last = cost;
  };
  for (let at = 0; at < regex.length; at++) {
    const char = regex[at];
    if (char === '\\') {
      // \x{10FFFF} and \p{Greek} are one character each.
      const braced = /^[xpP]\{[^}]*\}/.exec(regex.slice(at + 1, at + 64));
      at += braced === null ? 1 : braced[0].length;
      add(1);
    } else if (char === '[') {
      const end = regex.indexOf(']', at + 2);
      at = end === -1 ? regex.length : end;
      add(1);
    } else if (char === '(') {
      open.push(0);
      // `?:`, `?i:`, `?P<name>` are no characters of their own.
      at += /^\?(?:P?<\w*>|[a-zA-Z-]*:)/.exec(regex.slice(at + 1, at + 64))?.[0].length ?? 0;
    } else if (char === ')') {
      const group = open.length > 1 ? (open.pop() ?? 0) : 0;
      add(group + 2);
    } else if (char === '{') {
      const times = /^\{(\d{1,5})(?:,(\d{0,5}))?\}/.exec(regex.slice(at, at + 14));
      if (times === null) {
        add(1);
        continue;
      }
      const most = Math.max(Number(times[1]) + 1, Number(times[2] ?? 0));
      add(last * (most - 1));
      last *= most;
      at += times[0].length - 1;
    } else {
      add(1);
    }
  }
  return open.reduce((sum, cost) => sum + cost, 0);
}
