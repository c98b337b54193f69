// SPDX-License-Identifier: Apache-2.0

/**
 * A number in [0, 1) that depends on the seed, the index and the purpose, and on nothing that was drawn before: so fault
 * 700 can be replayed without 699 others. The mixing is the finalizer of MurmurHash3 (A. Appleby, public domain).
 */
export function draw(seed: number, index: number, purpose: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (const word of [index, purpose]) {
    h = Math.imul(h ^ word, 0xcc9e2d51);
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return (h >>> 0) / 2 ** 32;
}

export function pick<T>(from: readonly T[], drawn: number): T {
  return from[Math.floor(drawn * from.length)];
}
