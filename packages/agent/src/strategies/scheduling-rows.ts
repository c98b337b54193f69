// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ApiCompat, NodeRule, SchedulingRow } from '@gthulhu/contracts';
import { RE2JS } from 're2js';
import type { NodeProcess } from '../pods/process-table.ts';
import type { PlainStrategy, StrategyRecord } from './record.ts';

/** The container that only holds a pod's namespaces. */
const PAUSE = 'pause';
/** Where a row must have a number, the one that changes least: 20 shortens the deadline by a twentieth. */
const WEAKEST = 20;
/** Matching gives way to other requests after so long. */
const TURN_MS = 5;

function toRow(
  strategy: PlainStrategy,
  pid: number,
  compat: ApiCompat,
  more: Partial<SchedulingRow> = {},
): SchedulingRow {
  return {
    priority: compat === '2025-09' ? strategy.priority !== undefined : (strategy.priority ?? WEAKEST),
    execution_time: strategy.execution_time ?? 0,
    pid,
    ...more,
  };
}

interface Circle {
  /** Null for a rule of our own, which keeps the protected from all that come after it. */
  readonly strategy: PlainStrategy | null;
  readonly pattern: RE2JS | null;
  /** Null for the whole node. */
  readonly cgroups: ReadonlySet<string> | null;
}

/** Rules that say whom they mean, the strongest first. */
function circles(records: readonly StrategyRecord[], rules: readonly NodeRule[]): Circle[] {
  const byId = new Map(records.map((record) => [record.id, record.strategy]));
  return rules
    .filter(({ cgroups, commandRegex }) => cgroups !== null || commandRegex !== '')
    .map(({ id, cgroups, commandRegex }) => ({
      strategy: byId.get(id) ?? null,
      pattern: commandRegex === '' ? null : RE2JS.compile(commandRegex),
      cgroups: cgroups === null ? null : new Set(cgroups),
    }));
}

/**
 * What a scheduler of 2025 or 2026 expects of `GET /api/v1/scheduling/strategies`: a row for each process. Strategies
 * that name a process number come first and unchanged, then one row for each other process that a strategy means, the
 * strongest one. Those that say nothing about whom they mean have no row, as before.
 * @param rules of the node, which know the workloads
 */
export async function schedulingRows(
  records: readonly StrategyRecord[],
  rules: readonly NodeRule[],
  processes: readonly NodeProcess[],
  compat: ApiCompat,
): Promise<SchedulingRow[]> {
  const byNumber = records.flatMap(({ strategy: { pid, ...strategy } }) => {
    const { command_regex, selectors } = strategy;
    const more = { ...(selectors && { selectors }), ...(command_regex !== undefined && { command_regex }) };
    return pid === undefined ? [] : [toRow(strategy, pid, compat, more)];
  });
  const strongestFirst = circles(records, rules);
  if (strongestFirst.length === 0) return byNumber;

  const named = new Set(byNumber.map(({ pid }) => pid));
  /** Commands of a node repeat. */
  const indexes = new Map<string, number[]>();
  const rows: SchedulingRow[] = [];
  let turn = performance.now();
  for (const process of processes) {
    if (process.command === PAUSE || named.has(process.pid)) continue;
    let meant = indexes.get(process.command);
    if (meant === undefined) {
      meant = [];
      for (const [index, { pattern }] of strongestFirst.entries()) {
        if (performance.now() - turn > TURN_MS) {
          await nextTurn();
          turn = performance.now();
        }
        if (pattern !== null && !pattern.test(process.command)) continue;
        meant.push(index);
        // Weaker ones have no say in any process of this name.
        if (strongestFirst[index].cgroups === null) break;
      }
      indexes.set(process.command, meant);
    }
    const index = meant.find((index) => {
      const { cgroups } = strongestFirst[index];
      return cgroups === null || process.cgroups().some((id) => cgroups.has(id));
    });
    if (index === undefined) continue;
    const { strategy } = strongestFirst[index];
    if (strategy === null) continue;
    const regex = strategy.command_regex;
    rows.push(
      toRow(strategy, process.pid, compat, {
        ...(compat === 'current' && strategy.selectors && { selectors: strategy.selectors }),
        ...(compat === 'current' && regex !== undefined && { command_regex: regex }),
      }),
    );
  }
  return [...byNumber, ...rows];
}
