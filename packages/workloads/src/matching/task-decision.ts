// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { Loss } from './decision.ts';
import type { Matcher } from './matcher.ts';
import { isAboutAll } from './node-rules.ts';
import { decidedBy } from './precedence.ts';
import type { ThreadName } from './preview.ts';
import type { Protection } from './protection.ts';
import { type CommandPattern, compileCommandRegex, type StrategySpec } from './strategy-spec.ts';

/** Which strategy is for one task, and why. */
export interface TaskDecision {
  readonly strategy: StrategySpec | null;
  /** By which workload it came; null for a strategy about every task, and for none. */
  readonly workload: Workload | null;
  /** Why none may come to it, null when it is not protected. */
  readonly protectedBy: string | null;
  /** Others that mean it, the strongest first. */
  readonly losses: readonly Loss[];
}

/** A person reads no more. */
const MOST_LOSSES = 50;

/** An explanation is asked for again and again; compiling is what costs. */
const compiled = new WeakMap<StrategySpec, CommandPattern>();

function matches(strategy: StrategySpec, { comm, leaderComm }: ThreadName): boolean {
  if (strategy.commandRegex === '') return true;
  let pattern = compiled.get(strategy);
  if (pattern === undefined) {
    pattern = compileCommandRegex(strategy.commandRegex);
    compiled.set(strategy, pattern);
  }
  return pattern.test(comm) || pattern.test(leaderComm);
}

const protectedNow = (protectedBy: string, workload: Workload | null): TaskDecision => ({
  strategy: null,
  workload,
  protectedBy,
  losses: [],
});

/**
 * What the rules of the node come to for one task.
 * @param around workloads that the task is in, the nearest first
 */
export function decideForTask(
  matcher: Matcher,
  around: readonly Workload[],
  thread: ThreadName,
  protection: Protection,
): TaskDecision {
  const aboutAll = matcher.aboutAll().filter((strategy) => matches(strategy, thread));
  const lost = (winner: StrategySpec, others: readonly StrategySpec[]): Loss[] =>
    others
      .filter((strategy) => strategy !== winner)
      .slice(0, MOST_LOSSES)
      .map((strategy) => ({ strategy, to: winner, because: decidedBy(winner, strategy) }));
  for (const workload of around) {
    const reason = matcher.decisionOf(workload.uid)?.protectedBy ?? null;
    if (reason !== null) return protectedNow(reason, workload);
    const bound = matcher
      .candidatesOf(workload.uid)
      .filter((strategy) => !isAboutAll(strategy) && matches(strategy, thread));
    if (bound.length === 0) continue;
    return { strategy: bound[0], workload, protectedBy: null, losses: lost(bound[0], [...bound, ...aboutAll]) };
  }
  const name = protection.commands.find((command) => command === thread.comm || command === thread.leaderComm);
  if (name !== undefined) return protectedNow(`its command ${name} is in the list`, null);
  if (aboutAll.length === 0) return { strategy: null, workload: null, protectedBy: null, losses: [] };
  return { strategy: aboutAll[0], workload: null, protectedBy: null, losses: lost(aboutAll[0], aboutAll) };
}
