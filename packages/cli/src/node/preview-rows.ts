// SPDX-License-Identifier: Apache-2.0
import type { PreviewAnswer, PreviewedStrategy } from '@gthulhu/contracts';
import { formatTable } from '../table.ts';
import { withOrigin } from './explain-rows.ts';

type Preview = PreviewAnswer['data'];

const NONE = '-';
const HEADS = ['STRATEGY', 'MATCHES', 'APPLIES', 'BY COMMAND', 'LOSES', 'PROTECTED', 'PROCESSES'] as const;
const MATCH_HEADS = ['STRATEGY', 'NAMESPACE', 'NAME', 'CONTAINER', 'THREADS', 'MATCHING', 'OUTCOME'] as const;
const CHANGE_HEADS = ['NAMESPACE', 'NAME', 'BEFORE', 'AFTER'] as const;

const count = (number: number | null): string => (number === null ? NONE : `${number}`);

function processText({ processes, protectedProcesses }: PreviewedStrategy): string {
  if (processes === null) return NONE;
  return (protectedProcesses ?? 0) > 0 ? `${processes}, ${protectedProcesses} protected` : `${processes}`;
}

type Match = PreviewedStrategy['matches'][number];

function outcomeText({ outcome, loss, protectedBy }: Match): string {
  if (loss !== null) return `loses to ${withOrigin(loss.to, loss.toOrigin)} by ${loss.because}`;
  if (protectedBy !== null) return `protected: ${protectedBy}`;
  return outcome === 'commands' ? 'applies to matching commands' : outcome;
}

function matchRows(id: string, match: Match): string[][] {
  const { namespace, name, containers } = match;
  const row = (container: string, threads: number | null, matching: number | null): string[] => [
    id,
    namespace || NONE,
    name,
    container,
    count(threads),
    count(matching),
    outcomeText(match),
  ];
  if (containers.length === 0) return [row(NONE, null, null)];
  return containers.map((container) => row(container.name || NONE, container.threads, container.matchingThreads));
}

const inForceText = ({ strategyId, commandStrategyIds }: Preview['changes'][number]['before']): string =>
  [...commandStrategyIds.map((id) => `${id} (command)`), ...(strategyId === null ? [] : [strategyId])].join(', ') ||
  NONE;

/** What would come of it, as tables: a summary, what is meant, what changes, what is in dispute. */
export function previewText({ strategies, changed, changes, conflicts, truncated }: Preview): string {
  const summary = strategies.map((strategy) => {
    const { id, matched, applies, commands, loses, protected: kept } = strategy;
    return [id, `${matched}`, `${applies}`, `${commands}`, `${loses}`, `${kept}`, processText(strategy)];
  });
  const parts = [formatTable(HEADS, summary)];
  const matches = strategies.flatMap(({ id, matches }) => matches.flatMap((match) => matchRows(id, match)));
  if (matches.length > 0) parts.push(formatTable(MATCH_HEADS, matches));
  parts.push(
    changed === 0
      ? 'nothing would be different for any workload\n'
      : formatTable(
          CHANGE_HEADS,
          changes.map(({ namespace, name, before, after }) => [
            namespace || NONE,
            name,
            inForceText(before),
            inForceText(after),
          ]),
        ),
  );
  if (conflicts.length > 0) {
    const rows = conflicts.map(({ strategyId, origin, to, toOrigin, because }) => [
      withOrigin(strategyId, origin),
      withOrigin(to, toOrigin),
      because,
    ]);
    parts.push(formatTable(['IN CONFLICT', 'LOSES TO', 'BY'], rows));
  }
  if (truncated) parts.push('the lists are longer; -o json tells how many there are\n');
  return parts.join('\n');
}
