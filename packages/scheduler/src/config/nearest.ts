// SPDX-License-Identifier: Apache-2.0

/**
 * Edit distance with insertion, deletion, replacement and exchange of neighbours, each costing 1 (optimal string
 * alignment). Memory and time are |a| x |b|: callers give keys, not texts.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Spelling without case and separators, so that `sliceNsDefault` finds `slice_ns_default`. */
const plain = (key: string): string => key.toLowerCase().replaceAll(/[_-]/g, '');

/** The candidate most like `key`, or null when none is near: a third of its letters may differ, at least two. */
export function nearest(key: string, candidates: readonly string[]): string | null {
  if (key.length > 100) return null;
  let found: string | null = null;
  let best = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(plain(key), plain(candidate));
    const allowed = Math.min(Math.max(2, Math.floor(candidate.length / 3)), candidate.length - 1);
    if (distance <= allowed && distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}
