// SPDX-License-Identifier: Apache-2.0
import type { Container, Workload } from '../workload.ts';
import type { Decision, Loss } from './decision.ts';
import type { MatchOptions } from './match.ts';
import { createMatcher, type Matcher } from './matcher.ts';
import { sameEffect } from './precedence.ts';
import { DEFAULT_PROTECTION, protectedBy } from './protection.ts';
import { compileCommandRegex, inForce, type StrategySpec } from './strategy-spec.ts';

/** A thread as the kernel names it: 15 characters at most. */
export interface ThreadName {
  readonly comm: string;
  readonly leaderComm: string;
}

/** Who runs in a container now, descendants included; null when nobody can tell. */
export type ThreadReader = (container: Container) => readonly ThreadName[] | null;

export interface PreviewedContainer {
  readonly container: Container;
  /** Null when nobody can tell. */
  readonly threads: number | null;
  /** Of them, those that the command of the strategy matches. */
  readonly matchingThreads: number | null;
}

/** What would become of the strategy for one workload that it means. */
export interface PreviewedWorkload {
  readonly workload: Workload;
  /**
   * `applies`: to all its tasks, but for those that a rule about commands takes. `commands`: to tasks with a matching
   * command. `loses`: another one goes before it. `protected`: nobody may.
   */
  readonly outcome: 'applies' | 'commands' | 'loses' | 'protected';
  /** Which goes before it, and why; null unless it loses. */
  readonly loss: Loss | null;
  /** Why it is protected; null when it is not. */
  readonly protectedBy: string | null;
  readonly containers: readonly PreviewedContainer[];
}

/** A workload for which something would be different. */
export interface PreviewedChange {
  readonly workload: Workload;
  readonly before: Decision;
  readonly after: Decision;
}

export interface Preview {
  /** All that the strategy means, by namespace, name and uid. */
  readonly matches: readonly PreviewedWorkload[];
  /** Also those that an earlier version of it meant and it does not. In the same order. */
  readonly changes: readonly PreviewedChange[];
  /** New with it, each once: who would lose to it or win over it while saying as narrowly whom is meant. */
  readonly conflicts: readonly Loss[];
}

const order = (a: { readonly workload: Workload }, b: { readonly workload: Workload }): number => {
  for (const key of ['namespace', 'name', 'uid'] as const) {
    const [x, y] = [a.workload[key], b.workload[key]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
};

function same(a: StrategySpec | null, b: StrategySpec | null): boolean {
  return (
    a === b || (a !== null && b !== null && a.id === b.id && a.commandRegex === b.commandRegex && sameEffect(a, b))
  );
}

function differs(before: Decision, after: Decision): boolean {
  return (
    !same(before.policy, after.policy) ||
    before.commands.length !== after.commands.length ||
    before.commands.some((strategy, i) => !same(strategy, after.commands[i]))
  );
}

function decisions(matcher: Matcher): Map<string, { workload: Workload; decision: Decision }> {
  const found = new Map<string, { workload: Workload; decision: Decision }>();
  for (const { members, decision } of matcher.groups())
    for (const { workload } of members) found.set(workload.uid, { workload, decision });
  return found;
}

/**
 * What would come of one strategy more, or of another version of one that is there, without doing anything.
 * @param threadsOf asked once for each container that the strategy means
 * @throws StrategySetError as putting it in force would
 */
export function preview(
  strategies: readonly StrategySpec[],
  candidate: StrategySpec,
  workloads: readonly Workload[],
  { nowMs, protection = DEFAULT_PROTECTION }: MatchOptions,
  threadsOf: ThreadReader = () => null,
): Preview {
  const matcher = createMatcher(protectedBy(protection));
  matcher.changeStrategies({ put: inForce(strategies, nowMs) });
  matcher.changeWorkloads({ put: workloads });
  const before = decisions(matcher);
  // An ended candidate takes its earlier version out of force and means nobody.
  matcher.changeStrategies({ put: inForce([candidate], nowMs), removedIds: [candidate.id] });

  const pattern = compileCommandRegex(candidate.commandRegex);
  const matching = ({ comm, leaderComm }: ThreadName): boolean => pattern.test(comm) || pattern.test(leaderComm);
  const matches: PreviewedWorkload[] = [];
  const changes: PreviewedChange[] = [];
  const conflicts = new Map<string, Loss>();
  for (const [uid, { workload, decision: after }] of decisions(matcher)) {
    const was = before.get(uid)?.decision as Decision;
    if (differs(was, after)) changes.push({ workload, before: was, after });
    if (!matcher.candidatesOf(uid).includes(candidate)) continue;
    for (const conflict of after.conflicts)
      if (conflict.strategy === candidate || conflict.to === candidate)
        conflicts.set(`${conflict.strategy.id}\n${conflict.to.id}`, conflict);
    const loss = after.losses.find(({ strategy }) => strategy === candidate) ?? null;
    const given = after.policy === candidate ? 'applies' : 'commands';
    matches.push({
      workload,
      outcome: after.protectedBy !== null ? 'protected' : loss !== null ? 'loses' : given,
      loss,
      protectedBy: after.protectedBy,
      containers: workload.containers.map((container) => {
        const threads = threadsOf(container);
        return {
          container,
          threads: threads?.length ?? null,
          matchingThreads: threads?.filter(matching).length ?? null,
        };
      }),
    });
  }
  return { matches: matches.sort(order), changes: changes.sort(order), conflicts: [...conflicts.values()] };
}
