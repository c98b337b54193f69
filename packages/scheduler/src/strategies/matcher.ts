// SPDX-License-Identifier: Apache-2.0
import type { Rule } from './rule.ts';

/** Who is asked about. Names as the kernel has them: at most 15 characters. */
export interface Subject {
  /** Name of the thread. */
  readonly comm: string;
  /** Name of the first thread of its process. */
  readonly leaderComm: string;
  /** Ids of the cgroups that it is in, its own and those above. Needed where a rule is bound to cgroups. */
  readonly cgroups?: readonly string[];
}

export interface Match {
  /** Place of the strategy in its file, from 0. */
  readonly index: number;
  /** Place among the rules by precedence, from 0. */
  readonly place: number;
  readonly strategy: Rule;
}

export interface Matcher {
  /** The one strategy for a thread, null for none. */
  match(subject: Subject): Match | null;
  /**
   * What a name decides wherever it runs: its match, null for none, 'exempt' for none whatever the other name of a thread
   * says. Undefined where its cgroups have a say.
   */
  byNameAlone(comm: string): Match | null | 'exempt' | undefined;
  /** Some are bound to cgroups. */
  readonly bound: boolean;
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

/** Those of a file that are about commands, by precedence. Rows about process numbers or pods match nobody here. */
export const orderedByPrecedence = (rules: readonly Rule[]): Rule[] =>
  rules.filter((rule) => rule.byCommand).sort(comparePrecedence);

/** A matcher for the strategies of a file. */
export const compile = (rules: readonly Rule[]): Matcher => compileOrdered(orderedByPrecedence(rules));

/**
 * Makes a matcher. A thread matches by its own name or by its leader's, in the cgroups that a rule is bound to; of all
 * strategies that match, the first one is the answer.
 * @param ordered by precedence
 */
export function compileOrdered(ordered: readonly Rule[]): Matcher {
  const known = new Map<string, readonly number[]>();

  /** Places of the rules that may be the answer for a name, up to the first that holds in all cgroups. */
  const placesOf = (comm: string): readonly number[] => {
    const before = known.get(comm);
    if (before !== undefined) return before;
    const places: number[] = [];
    for (const [place, rule] of ordered.entries()) {
      if (rule.pattern !== null && !rule.pattern.test(comm)) continue;
      places.push(place);
      if (rule.cgroups === null) break;
    }
    if (known.size >= REMEMBERED) known.clear();
    known.set(comm, places);
    return places;
  };

  const holds = ({ cgroups }: Rule, subject: Subject): boolean =>
    cgroups === null || (subject.cgroups?.some((id) => cgroups.has(id)) ?? false);
  const firstOf = (comm: string, subject: Subject): number =>
    placesOf(comm).find((place) => holds(ordered[place], subject)) ?? ordered.length;

  const matchAt = (place: number): Match | null => {
    const strategy = ordered[place];
    return strategy === undefined ? null : { index: strategy.index, place, strategy };
  };

  return {
    bound: ordered.some((rule) => rule.cgroups !== null),
    match(subject) {
      const { comm, leaderComm } = subject;
      if (comm === PAUSE || leaderComm === PAUSE) return null;
      return matchAt(Math.min(firstOf(comm, subject), firstOf(leaderComm, subject)));
    },
    byNameAlone(comm) {
      if (comm === PAUSE) return 'exempt';
      const [first = ordered.length] = placesOf(comm);
      return ordered[first]?.cgroups ? undefined : matchAt(first);
    },
  };
}
