// SPDX-License-Identifier: Apache-2.0
import { NODE_RULE_LIMITS, type NodeRule, UNIT_LIMITS } from '@gthulhu/contracts';

export interface BoundRules {
  readonly rules: readonly NodeRule[];
  /** Cgroups that rules mean and that are not in them, because there is no room. */
  readonly leftOut: number;
}

/** Units that there is no room for are known a moment later, by their cgroups. */
function withBoundUnits(rules: readonly NodeRule[]): readonly NodeRule[] {
  if (rules.reduce((sum, { units }) => sum + (units?.length ?? 0), 0) <= UNIT_LIMITS.units) return rules;
  let left: number = UNIT_LIMITS.units;
  return rules.map((rule) => {
    const { units, ...others } = rule;
    left -= units?.length ?? 0;
    return left >= 0 ? rule : others;
  });
}

/**
 * The rules with no more cgroups than the scheduler has room for. The strongest keep theirs: one cgroup too many would
 * otherwise make it refuse all of them. Those about commands need no room in the kernel.
 * @param all the strongest first
 */
export function boundRules(all: readonly NodeRule[], most: number = NODE_RULE_LIMITS.cgroups): BoundRules {
  const rules = withBoundUnits(all);
  const told = rules.reduce((sum, { cgroups }) => sum + (cgroups?.length ?? 0), 0);
  if (told <= most) return { rules, leftOut: 0 };
  const kept = new Set<string>();
  const dropped = new Set<string>();
  const bound = rules.map((rule) => {
    if (rule.cgroups === null || rule.commandRegex !== '') return rule;
    const cgroups = rule.cgroups.filter((id) => {
      if (kept.has(id)) return true;
      if (kept.size < most) kept.add(id);
      else dropped.add(id);
      return kept.has(id);
    });
    return cgroups.length === rule.cgroups.length ? rule : { ...rule, cgroups };
  });
  return { rules: bound, leftOut: dropped.size };
}
