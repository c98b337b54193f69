// SPDX-License-Identifier: Apache-2.0
import { type NodeRule, PROTECTED_RULE_IDS } from '@gthulhu/contracts';
import type { Workload } from '../workload.ts';
import { inForceOf } from './decision.ts';
import type { Group } from './groups.ts';
import type { Matcher } from './matcher.ts';
import { comparePrecedence, specificity } from './precedence.ts';
import type { Protection } from './protection.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** Bits of specificity() that bind a strategy to workloads; without them it is about every task of the machine. */
const BOUND = 8 | 4 | 2;

export const isAboutAll = (strategy: StrategySpec): boolean => (specificity(strategy) & BOUND) === 0;

function rule(strategy: StrategySpec, cgroups: string[] | null): NodeRule {
  const { id, priority, executionTimeNs, cpus, commandRegex } = strategy;
  return { id, priority, sliceNs: executionTimeNs, cpus, commandRegex, cgroups };
}

function shield(id: string, commandRegex: string, cgroups: string[] | null): NodeRule {
  return { id, priority: null, sliceNs: 0, cpus: null, commandRegex, cgroups };
}

/** The cgroup around all containers where there is one, so that the next container is covered before it runs. */
export function cgroupIdsOf({ cgroupId, containers }: Workload): string[] {
  if (cgroupId !== null) return [cgroupId];
  return containers.flatMap((container) => (container.cgroupId === null ? [] : [container.cgroupId]));
}

const numerically = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

function cgroupIdsOfAll(groups: Iterable<Group>): string[] {
  const ids = new Set<string>();
  for (const { members } of groups)
    for (const { workload } of members) for (const id of cgroupIdsOf(workload)) ids.add(id);
  return [...ids].sort(numerically);
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/**
 * What the scheduler of the node has to put in force, the strongest first. A strategy that comes to nobody is not in
 * it. One about every task reaches also those outside of all workloads; the protected are kept from it by rules of
 * their own, which change nothing and come first.
 */
export function nodeRules(matcher: Matcher, protection: Protection): NodeRule[] {
  const bound = new Map<StrategySpec, Group[]>();
  const shielded: Group[] = [];
  for (const group of matcher.groups()) {
    if (group.protectedBy !== null) {
      shielded.push(group);
      continue;
    }
    const { policy, commands } = group.inForce;
    for (const strategy of policy === null ? commands : [...commands, policy]) {
      if (isAboutAll(strategy)) continue;
      const there = bound.get(strategy);
      if (there === undefined) bound.set(strategy, [group]);
      else there.push(group);
    }
  }
  const about = [...bound.keys()].sort(comparePrecedence);
  const aboutAll = inForceOf(matcher.strategies().filter(isAboutAll));
  const all = aboutAll.policy === null ? aboutAll.commands : [...aboutAll.commands, aboutAll.policy];
  const rules = about
    .map((strategy) => rule(strategy, cgroupIdsOfAll(bound.get(strategy) as Group[])))
    .filter(({ cgroups }) => cgroups?.length !== 0);
  const protectedIds = [...new Set([...cgroupIdsOfAll(shielded), ...protection.cgroupIds])].sort(numerically);
  const first = protectedIds.length > 0 && rules.length + all.length > 0;
  const names = protection.commands.map(literally).join('|');
  return [
    ...(first ? [shield(PROTECTED_RULE_IDS.cgroups, '', protectedIds)] : []),
    ...rules,
    ...(names !== '' && all.length > 0 ? [shield(PROTECTED_RULE_IDS.commands, `^(?:${names})$`, null)] : []),
    ...all.map((strategy) => rule(strategy, null)),
  ];
}
