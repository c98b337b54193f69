// SPDX-License-Identifier: Apache-2.0
import type { Container, Workload } from '../workload.ts';
import type { Decision } from './decision.ts';
import { createMatcher } from './matcher.ts';
import { DEFAULT_PROTECTION, type Protection, protectedBy } from './protection.ts';
import { inForce, type StrategySpec } from './strategy-spec.ts';

export interface MatchOptions {
  /** Milliseconds since 1970: strategies that have ended by then mean nobody. */
  readonly nowMs: number;
  readonly protection?: Protection;
}

export interface WorkloadMatch {
  readonly workload: Workload;
  readonly decision: Decision;
}

export interface ContainerPolicy extends WorkloadMatch {
  readonly container: Container;
}

/**
 * Which strategy is for whom: the one place where that is decided. Pure: the order of what goes in does not matter.
 * Workloads by uid, each once. @throws StrategySetError
 */
export function match(
  strategies: readonly StrategySpec[],
  workloads: readonly Workload[],
  { nowMs, protection = DEFAULT_PROTECTION }: MatchOptions,
): Map<string, WorkloadMatch> {
  const matcher = createMatcher(protectedBy(protection));
  matcher.changeStrategies({ put: inForce(strategies, nowMs) });
  matcher.changeWorkloads({ put: workloads });
  const result = new Map<string, WorkloadMatch>();
  for (const { members, decision } of matcher.groups())
    for (const { workload } of members) result.set(workload.uid, { workload, decision });
  return result;
}

/** The policy of each container. */
export function* containerPolicies(matches: Iterable<WorkloadMatch>): Generator<ContainerPolicy> {
  for (const { workload, decision } of matches)
    for (const container of workload.containers) yield { workload, decision, container };
}
