// SPDX-License-Identifier: Apache-2.0

/** Where a program can be had: a look there answers with the path, or null. */
export interface Places {
  /** Unpacked before, and checked. */
  readonly unpacked: () => string | null;
  /** Packed, in a folder that somebody filled. */
  readonly packed: () => string | null;
  /** Built here before. */
  readonly built: () => string | null;
}

/** `missing`: it would have to be built first. */
export type Choice = { readonly kind: keyof Places; readonly path: string } | { readonly kind: 'missing' };

/** Those that the tests were written against come first, then those that were built here. */
export function choose(places: Places): Choice {
  for (const kind of ['unpacked', 'packed', 'built'] as const) {
    const path = places[kind]();
    if (path !== null) return { kind, path };
  }
  return { kind: 'missing' };
}

/**
 * Whether to build before the tests. Nobody who runs them on a laptop is surprised with a quarter of an hour of
 * compiling: there those tests are skipped, and say what builds the programs. With CI set all tests have to run.
 */
export function buildFirst(choices: readonly Choice[], ci: boolean): boolean {
  return ci && choices.some(({ kind }) => kind === 'missing');
}
