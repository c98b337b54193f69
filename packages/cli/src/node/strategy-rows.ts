// SPDX-License-Identifier: Apache-2.0
import type { StoredStrategy } from '@gthulhu/contracts';

export const STRATEGY_HEADS = [
  'ID',
  'ORIGIN',
  'PRIORITY',
  'SLICE',
  'COMMAND',
  'SELECTORS',
  'NAMESPACES',
  'CPUS',
  'UPDATED',
  'ENDS',
] as const;

const NONE = '-';

/** Nanoseconds as people write them: 20ms, 500us. */
export function formatSlice(ns: number | undefined): string {
  if (ns === undefined || ns === 0) return NONE;
  if (ns % 1e6 === 0) return `${ns / 1e6}ms`;
  return ns % 1e3 === 0 ? `${ns / 1e3}us` : `${ns}ns`;
}

/** Earlier versions of the node API know no other origin. */
const originText = ({ origin }: Partial<Pick<StoredStrategy, 'origin'>>): string => origin ?? 'node';

const joined = (parts: readonly string[] | undefined): string =>
  parts === undefined || parts.length === 0 ? NONE : parts.join(',');

function endText(endsAt: string | undefined, nowMs: number): string {
  if (endsAt === undefined) return NONE;
  return Date.parse(endsAt) <= nowMs ? `ended ${endsAt}` : endsAt;
}

export const strategyRows = (strategies: readonly StoredStrategy[], nowMs = Date.now()): string[][] =>
  strategies.map((strategy) => [
    strategy.id,
    originText(strategy),
    strategy.priority === undefined ? NONE : String(strategy.priority),
    formatSlice(strategy.execution_time),
    strategy.pid === undefined ? strategy.command_regex || NONE : `pid ${strategy.pid}`,
    joined(strategy.selectors?.map(({ key, value }) => `${key}=${value}`)),
    joined(strategy.namespaces),
    strategy.cpus ?? NONE,
    strategy.updatedAt,
    endText(strategy.endsAt, nowMs),
  ]);
