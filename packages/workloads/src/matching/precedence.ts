// SPDX-License-Identifier: Apache-2.0
import type { StrategySpec } from './strategy-spec.ts';

/** What a strategy that goes before another one has over it: the first of these in which they differ. */
export type DecidedBy = 'name' | 'labels' | 'namespace' | 'command' | 'origin' | 'priority' | 'age' | 'id';

/** A priority that is not set is weaker than every one that is. */
const NO_PRIORITY = 21;

const BITS = [
  ['name', 8],
  ['labels', 4],
  ['namespace', 2],
  ['command', 1],
] as const;

/**
 * How narrowly it says whom it means, 0..15. Each criterion outweighs all after it: a name, then labels, then
 * namespaces, then a command. How many labels or namespaces there are does not count.
 */
export function specificity(strategy: StrategySpec): number {
  return (
    (strategy.name !== null ? 8 : 0) +
    (strategy.selectors.length > 0 ? 4 : 0) +
    (strategy.namespaces.length > 0 ? 2 : 0) +
    (strategy.commandRegex !== '' ? 1 : 0)
  );
}

/** Negative when `a` goes before `b`. Total: 0 only for the same id. */
export function comparePrecedence(a: StrategySpec, b: StrategySpec): number {
  const specific = specificity(b) - specificity(a);
  if (specific !== 0) return specific;
  // What is said for all nodes holds on each, unless somebody says more narrowly whom they mean.
  if (a.origin !== b.origin) return a.origin === 'cluster' ? -1 : 1;
  const stronger = (a.priority ?? NO_PRIORITY) - (b.priority ?? NO_PRIORITY);
  if (stronger !== 0) return stronger;
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Where it stands, or would stand, among some that are ordered. */
export function placeOf(ordered: readonly StrategySpec[], strategy: StrategySpec): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePrecedence(ordered[middle], strategy) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Why `winner` goes before `loser`. */
export function decidedBy(winner: StrategySpec, loser: StrategySpec): DecidedBy {
  const differ = specificity(winner) ^ specificity(loser);
  for (const [criterion, bit] of BITS) if ((differ & bit) !== 0) return criterion;
  if (winner.origin !== loser.origin) return 'origin';
  if ((winner.priority ?? NO_PRIORITY) !== (loser.priority ?? NO_PRIORITY)) return 'priority';
  return winner.createdAtMs !== loser.createdAtMs ? 'age' : 'id';
}

/** Whether both give a task the same. */
export function sameEffect(a: StrategySpec, b: StrategySpec): boolean {
  return a.priority === b.priority && a.executionTimeNs === b.executionTimeNs && a.cpus === b.cpus;
}
