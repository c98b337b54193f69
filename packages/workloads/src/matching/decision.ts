// SPDX-License-Identifier: Apache-2.0
import { type DecidedBy, decidedBy, sameEffect, specificity } from './precedence.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** A strategy that means a workload and does not come to it. */
export interface Loss {
  readonly strategy: StrategySpec;
  /** The one that goes before it. */
  readonly to: StrategySpec;
  readonly because: DecidedBy;
}

/** What comes of all strategies for one workload. The same for each of its containers. */
export interface Decision {
  /** For tasks that no rule about commands matches; null is the machine's default. */
  readonly policy: StrategySpec | null;
  /** What the policy has over the next one without a command; null when it is the only one. */
  readonly because: DecidedBy | null;
  /** For tasks whose command matches: all go before `policy`, the strongest first. */
  readonly commands: readonly StrategySpec[];
  /** Why no strategy comes to it, whatever matches; null when it is not protected. */
  readonly protectedBy: string | null;
  /** Every strategy that means it and is in none of the fields above, the strongest first. */
  readonly losses: readonly Loss[];
  /** Losses of strategies that say as narrowly whom they mean and give something else: somebody should decide. */
  readonly conflicts: readonly Loss[];
}

const NOTHING: readonly never[] = Object.freeze([]);

/** What is in force: the part of a decision that the scheduler hears of. */
export interface InForce {
  readonly policy: StrategySpec | null;
  readonly commands: readonly StrategySpec[];
}

/** @param candidates all that mean the workload, the strongest first */
export function inForceOf(candidates: readonly StrategySpec[]): InForce {
  const commands: StrategySpec[] = [];
  const seen = new Set<string>();
  for (const strategy of candidates) {
    if (strategy.commandRegex === '') return { policy: strategy, commands };
    if (seen.has(strategy.commandRegex)) continue;
    seen.add(strategy.commandRegex);
    commands.push(strategy);
  }
  return { policy: null, commands };
}

/**
 * @param candidates all that mean the workload, the strongest first
 * @param protectedBy why none may come to it, else null
 */
export function decide(candidates: readonly StrategySpec[], protectedBy: string | null): Decision {
  if (protectedBy !== null)
    return { policy: null, because: null, commands: NOTHING, protectedBy, losses: NOTHING, conflicts: NOTHING };
  const { policy, commands } = inForceOf(candidates);
  const byRegex = new Map(commands.map((strategy) => [strategy.commandRegex, strategy]));
  const losses: Loss[] = [];
  let because: DecidedBy | null = null;
  for (const strategy of candidates) {
    const rival = byRegex.get(strategy.commandRegex);
    if (strategy === policy || strategy === rival) continue;
    // One with the same expression beats it for every command; else the policy does, which goes before it.
    const to = rival ?? (policy as StrategySpec);
    const loss = { strategy, to, because: decidedBy(to, strategy) };
    losses.push(loss);
    if (because === null && strategy.commandRegex === '') because = loss.because;
  }
  const conflicts = losses.filter(
    ({ strategy, to }) => specificity(strategy) === specificity(to) && !sameEffect(strategy, to),
  );
  return { policy, because, commands, protectedBy: null, losses, conflicts };
}
