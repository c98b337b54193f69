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

export interface StrategyPreview {
  readonly strategy: StrategySpec;
  /** Of all that it means. */
  readonly counts: Readonly<Record<PreviewedWorkload['outcome'], number>>;
  /** The first ones, by namespace, name and uid. */
  readonly matches: readonly PreviewedWorkload[];
}

/** What would come of a change of the strategies. */
export interface ChangePreview {
  /** For each strategy that is put, in their order, what it means. Threads are not looked at. */
  readonly strategies: readonly StrategyPreview[];
  readonly changes: readonly PreviewedChange[];
  readonly conflicts: readonly Loss[];
}

/** Whether the command of a strategy matches a thread. */
export function threadMatcher(strategy: StrategySpec): (thread: ThreadName) => boolean {
  const pattern = compileCommandRegex(strategy.commandRegex);
  return ({ comm, leaderComm }) => pattern.test(comm) || pattern.test(leaderComm);
}

/**
 * What would come of some strategies more, or of other versions of those that are there, without doing anything.
 * @param most matches of each strategy that are kept; all are counted
 * @throws StrategySetError as putting them in force would
 */
export function previewChange(
  strategies: readonly StrategySpec[],
  { put, removedIds = [] }: { readonly put: readonly StrategySpec[]; readonly removedIds?: readonly string[] },
  workloads: readonly Workload[],
  { nowMs, protection = DEFAULT_PROTECTION }: MatchOptions,
  most = Number.POSITIVE_INFINITY,
): ChangePreview {
  const matcher = createMatcher(protectedBy(protection));
  matcher.changeStrategies({ put: inForce(strategies, nowMs) });
  matcher.changeWorkloads({ put: workloads });
  const before = decisions(matcher);
  // One that has ended takes its earlier version out of force and means nobody.
  matcher.changeStrategies({ put: inForce(put, nowMs), removedIds: [...removedIds, ...put.map(({ id }) => id)] });

  const found = new Map(
    put.map((strategy) => [
      strategy,
      { strategy, counts: { applies: 0, commands: 0, loses: 0, protected: 0 }, matches: [] as PreviewedWorkload[] },
    ]),
  );
  const changes: PreviewedChange[] = [];
  const conflicts = new Map<string, Loss>();
  /** Workloads of a group share their decision. */
  const lossesOf = new Map<Decision, ReadonlyMap<StrategySpec, Loss>>();
  for (const { workload, decision: after } of [...decisions(matcher).values()].sort(order)) {
    const was = before.get(workload.uid)?.decision as Decision;
    if (differs(was, after)) changes.push({ workload, before: was, after });
    let losses = lossesOf.get(after);
    if (losses === undefined) {
      losses = new Map(after.losses.map((loss) => [loss.strategy, loss]));
      lossesOf.set(after, losses);
      for (const conflict of after.conflicts)
        if (found.has(conflict.strategy) || found.has(conflict.to))
          conflicts.set(`${conflict.strategy.id}\n${conflict.to.id}`, conflict);
    }
    for (const strategy of matcher.candidatesOf(workload.uid)) {
      const told = found.get(strategy);
      if (told === undefined) continue;
      const loss = losses.get(strategy) ?? null;
      const given = after.policy === strategy ? 'applies' : 'commands';
      const outcome = after.protectedBy !== null ? 'protected' : loss !== null ? 'loses' : given;
      told.counts[outcome]++;
      if (told.matches.length >= most) continue;
      told.matches.push({
        workload,
        outcome,
        loss,
        protectedBy: after.protectedBy,
        containers: workload.containers.map((container) => ({ container, threads: null, matchingThreads: null })),
      });
    }
  }
  return { strategies: [...found.values()], changes, conflicts: [...conflicts.values()] };
}

/**
 * The same for one strategy, with the threads that it would come to.
 * @param threadsOf asked once for each container that the strategy means
 * @throws StrategySetError as putting it in force would
 */
export function preview(
  strategies: readonly StrategySpec[],
  candidate: StrategySpec,
  workloads: readonly Workload[],
  options: MatchOptions,
  threadsOf: ThreadReader = () => null,
): Preview {
  const change = previewChange(strategies, { put: [candidate] }, workloads, options);
  const matching = threadMatcher(candidate);
  const matches = change.strategies[0].matches.map((match) => ({
    ...match,
    containers: match.containers.map(({ container }) => {
      const threads = threadsOf(container);
      const matchingThreads = threads?.filter(matching).length ?? null;
      return { container, threads: threads?.length ?? null, matchingThreads };
    }),
  }));
  return { matches, changes: change.changes, conflicts: change.conflicts };
}
