// SPDX-License-Identifier: Apache-2.0
import type { StrategySpec } from '@gthulhu/workloads';
import { boundsOf, type StrategyRecord } from '../strategies/record.ts';

/**
 * A stored strategy as the matching takes it; null for one that names a process number: the kernel gives the number to
 * somebody else once the process has ended.
 */
export function toSpec({ id, origin, createdMs, strategy }: Omit<StrategyRecord, 'position'>): StrategySpec | null {
  if (strategy.pid !== undefined) return null;
  return {
    id,
    origin,
    createdAtMs: createdMs,
    namespaces: strategy.namespaces ?? [],
    selectors: strategy.selectors ?? [],
    name: null,
    commandRegex: strategy.command_regex ?? '',
    priority: strategy.priority ?? null,
    executionTimeNs: strategy.execution_time ?? 0,
    cpus: strategy.cpus ?? null,
    ...boundsOf(strategy),
  };
}
