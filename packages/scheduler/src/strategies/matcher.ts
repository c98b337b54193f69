// SPDX-License-Identifier: Apache-2.0
import type { Rule } from './rule.ts';

/** Who is asked about. Names as the kernel has them: at most 15 characters. */
export interface Subject {
  /** Name of the thread. */
  readonly comm: string;
  /** Name of the first thread of its process. */
  readonly leaderComm: string;
}

export interface Match {
  /** Place of the strategy in its file, from 0. */
  readonly index: number;
  readonly strategy: Rule;
}

export interface Matcher {
  /** The one strategy for a thread, null for none. */
  match(subject: Subject): Match | null;
  /** Slices that it can give, ns; 0 is none. */
  readonly slicesNs: readonly number[];
}

/** The container that only holds a pod's namespaces. It never wants the CPU, and an empty expression would match it. */
const PAUSE = 'pause';

/** Names on a node repeat, and most execs are of a few commands. Beyond this many the memory is not worth it. */
const REMEMBERED = 4_096;

/** A priority that is not set is weaker than every one that is. */
const NO_PRIORITY = 21;

/** Negative when `a` goes before `b`: the more specific, then the stronger, then the one earlier in the file. */
export function comparePrecedence(a: Rule, b: Rule): number {
  const specific = Number(a.pattern === null) - Number(b.pattern === null);
  if (specific !== 0) return specific;
  const stronger = (a.priority ?? NO_PRIORITY) - (b.priority ?? NO_PRIORITY);
  return stronger !== 0 ? stronger : a.index - b.index;
}

/** A matcher for the strategies of a file. Rows about process numbers or pods never match here. */
export const compile = (rules: readonly Rule[]): Matcher =>
  compileOrdered(rules.filter((rule) => rule.byCommand).sort(comparePrecedence));

/**
 * Makes a matcher. A thread matches by its own name or by its leader's; of all strategies that match, the first one is
 * the answer.
 * @param ordered by precedence
 */
export function compileOrdered(ordered: readonly Rule[]): Matcher {
  const ranks = new Map<string, number>();

  /** Place in `ordered` of the first rule for a name, its length for none. */
  const rankOf = (comm: string): number => {
    const known = ranks.get(comm);
    if (known !== undefined) return known;
    const found = ordered.findIndex((rule) => rule.pattern === null || rule.pattern.test(comm));
    const rank = found === -1 ? ordered.length : found;
    if (ranks.size >= REMEMBERED) ranks.clear();
    ranks.set(comm, rank);
    return rank;
  };

  return {
    slicesNs: ordered.map((rule) => rule.sliceNs),
    match({ comm, leaderComm }) {
      if (comm === PAUSE || leaderComm === PAUSE) return null;
      const strategy = ordered[Math.min(rankOf(comm), rankOf(leaderComm))];
      return strategy === undefined ? null : { index: strategy.index, strategy };
    },
  };
}
