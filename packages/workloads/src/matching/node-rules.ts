// SPDX-License-Identifier: Apache-2.0
import { type ComingUnit, type NodeRule, PROTECTED_RULE_IDS } from '@gthulhu/contracts';
import type { Workload } from '../workload.ts';
import { comingUnits } from './coming-units.ts';
import { inForceOf } from './decision.ts';
import type { Group } from './groups.ts';
import type { Matcher } from './matcher.ts';
import { specificity } from './precedence.ts';
import type { Protection } from './protection.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** Bits of specificity() that bind a strategy to workloads; without them it is about every task of the machine. */
const BOUND = 8 | 4 | 2;

/** In the place of a strategy: the cgroups of the protected. */
const SHIELDED = Symbol('shielded');

export const isAboutAll = (strategy: StrategySpec): boolean => (specificity(strategy) & BOUND) === 0;

function rule(strategy: StrategySpec, cgroups: string[] | null, units: ComingUnit[] = []): NodeRule {
  const { id, priority, executionTimeNs, cpus, commandRegex } = strategy;
  return { id, priority, sliceNs: executionTimeNs, cpus, commandRegex, cgroups, ...(units.length > 0 && { units }) };
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

interface KnownRule {
  readonly groups: readonly Group[];
  readonly versions: readonly number[];
  readonly rule: NodeRule;
}

const isSame = ({ groups, versions }: KnownRule, now: readonly Group[]): boolean =>
  groups.length === now.length && now.every((group, i) => group === groups[i] && group.version === versions[i]);

/**
 * Rules of one matcher, one set after the other. A rule that has stayed the same is the same object: who follows sees
 * by it what is different.
 */
export interface RuleMaker {
  /** The strongest first. */
  rules(): NodeRule[];
}

/** @param units whether units that are still to come are known by their names: not where there are no workloads at all */
export function createRuleMaker(
  matcher: Matcher,
  protection: Protection,
  { units: withUnits = true }: { readonly units?: boolean } = {},
): RuleMaker {
  let known = new Map<StrategySpec | typeof SHIELDED, KnownRule>();
  let commandShield: NodeRule | null = null;
  const coming = new WeakMap<StrategySpec, ComingUnit[]>();
  const unitsOf = (strategy: StrategySpec): ComingUnit[] => {
    const made = coming.get(strategy);
    if (made !== undefined) return made;
    const units = withUnits ? comingUnits(strategy, protection) : [];
    coming.set(strategy, units);
    return units;
  };

  function collect(): { bound: Map<StrategySpec, Group[]>; shielded: Group[] } {
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
    return { bound, shielded };
  }

  function rules(): NodeRule[] {
    const next: typeof known = new Map();
    const once = (of: StrategySpec | typeof SHIELDED, groups: readonly Group[], make: () => NodeRule): NodeRule => {
      const before = known.get(of);
      const kept =
        before !== undefined && isSame(before, groups)
          ? before
          : { groups, versions: groups.map(({ version }) => version), rule: make() };
      next.set(of, kept);
      return kept.rule;
    };
    const { bound, shielded } = collect();
    const about = matcher.strategies().filter((strategy) => bound.has(strategy) || unitsOf(strategy).length > 0);
    const aboutAll = inForceOf(matcher.aboutAll());
    const all = aboutAll.policy === null ? aboutAll.commands : [...aboutAll.commands, aboutAll.policy];
    const boundRules = about
      .map((strategy) => {
        const groups = bound.get(strategy) ?? [];
        return once(strategy, groups, () => rule(strategy, cgroupIdsOfAll(groups), unitsOf(strategy)));
      })
      .filter(({ cgroups, units }) => cgroups?.length !== 0 || units !== undefined);
    const shieldRule = once(SHIELDED, shielded, () => {
      const ids = new Set([...cgroupIdsOfAll(shielded), ...protection.cgroupIds]);
      return shield(PROTECTED_RULE_IDS.cgroups, '', [...ids].sort(numerically));
    });
    const first = shieldRule.cgroups?.length !== 0 && boundRules.length + all.length > 0;
    const names = protection.commands.map(literally).join('|');
    commandShield ??= shield(PROTECTED_RULE_IDS.commands, `^(?:${names})$`, null);
    const made = [
      ...(first ? [shieldRule] : []),
      ...boundRules,
      ...(names !== '' && all.length > 0 ? [commandShield] : []),
      ...all.map((strategy) => once(strategy, [], () => rule(strategy, null))),
    ];
    known = next;
    return made;
  }

  return { rules };
}

/**
 * What the scheduler of the node has to put in force, the strongest first. A strategy that comes to nobody is not in
 * it, unless it names units that may come. One about every task reaches also those outside of all workloads; the protected are kept from it by rules of
 * their own, which change nothing and come first.
 */
export const nodeRules = (matcher: Matcher, protection: Protection): NodeRule[] =>
  createRuleMaker(matcher, protection).rules();
