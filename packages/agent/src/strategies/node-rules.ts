// SPDX-License-Identifier: Apache-2.0
import type { NodeRule } from '@gthulhu/contracts';
import type { PlainStrategy, StrategyRecord } from './record.ts';
import type { WorkloadSource } from './workload-source.ts';

/** A priority that is not set is weaker than every one that is. */
const NO_PRIORITY = 21;

const has = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

/** Whether it is about workloads: its selectors and namespaces have to be met, not the command alone. */
export const namesWorkloads = ({ selectors, namespaces }: PlainStrategy): boolean => has(selectors) || has(namespaces);

/** How narrow the circle is: labels, then namespaces, then the whole node; with an expression before without. */
function breadth(strategy: PlainStrategy): number {
  const scope = has(strategy.selectors) ? 0 : has(strategy.namespaces) ? 2 : 4;
  return scope + (strategy.command_regex === undefined ? 1 : 0);
}

/** Negative when `a` goes before `b`: the more specific, then the stronger priority, then the one earlier in the list. */
export function comparePrecedence(a: StrategyRecord, b: StrategyRecord): number {
  return (
    breadth(a.strategy) - breadth(b.strategy) ||
    (a.strategy.priority ?? NO_PRIORITY) - (b.strategy.priority ?? NO_PRIORITY) ||
    a.position - b.position
  );
}

/**
 * What the scheduler of this node has to put in force, the strongest first. Strategies that name a process number are
 * left out: the kernel gives the number to somebody else once the process has ended.
 */
export function nodeRules(records: readonly StrategyRecord[], workloads: WorkloadSource): NodeRule[] {
  return records
    .filter(({ strategy }) => strategy.pid === undefined)
    .sort(comparePrecedence)
    .map(({ id, strategy }) => ({
      id,
      priority: strategy.priority ?? null,
      sliceNs: strategy.execution_time ?? 0,
      cpus: strategy.cpus ?? null,
      commandRegex: strategy.command_regex ?? '',
      cgroups: namesWorkloads(strategy) ? [...workloads.cgroupsOf(strategy)] : null,
    }));
}
