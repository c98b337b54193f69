// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConfigMapContent } from '@gthulhu/kube';
import { readStrategies } from '../strategies/read-strategies.ts';
import type { PlainStrategy, StrategyRecord } from '../strategies/record.ts';
import { regexFaults } from '../strategies/regex-checker.ts';
import { contentId } from './content-id.ts';
import type { ReadDocument, StrategyDocument } from './read-document.ts';

/** Whose text it is, for the ids of what is in it. */
export interface TextSource {
  readonly configMap: string;
  readonly key: string;
}

/** What cannot mean the same on every node, and now as later. */
function localFault({ pid, maxDuration }: PlainStrategy): { readonly key: string; readonly why: string } | null {
  if (pid !== undefined) return { key: 'pid', why: 'means a process of one machine; use command_regex or selectors' };
  if (maxDuration !== undefined)
    return {
      key: 'maxDuration',
      why: 'has no beginning that all nodes agree on; write expiresAt, such as 2030-01-31T12:00:00Z',
    };
  return null;
}

/** So many at a time: between them others are answered. */
const TURN = 250;

/** Calls `act` with some of the list after the other, and with how many went before. */
async function inTurns<T>(list: readonly T[], act: (some: readonly T[], from: number) => void): Promise<void> {
  for (let from = 0; from < list.length; from += TURN) {
    if (from > 0) await nextTurn();
    act(list.slice(from, from + TURN), from);
  }
}

/** @throws Error that says where in the text */
async function readPlain(document: StrategyDocument): Promise<PlainStrategy[]> {
  const plain: PlainStrategy[] = [];
  await inTurns(document.strategies, (strategies, from) => {
    for (const { strategy } of readStrategies({ strategies }, from)) plain.push(strategy);
  });
  for (const [index, strategy] of plain.entries()) {
    const fault = localFault(strategy);
    if (fault !== null) throw await document.errorAt(`strategies[${index}].${fault.key}`, fault.why);
  }
  return plain;
}

async function refuseRegexes(
  strategies: readonly PlainStrategy[],
  document: StrategyDocument,
  known: ReadonlySet<string>,
): Promise<void> {
  const regexes = strategies.map(({ command_regex }) => command_regex ?? '');
  const faults = await regexFaults(regexes, known);
  if (faults === null)
    throw await document.errorAt('', 'the expressions together take too long to compile; use simpler or fewer ones');
  for (const [index, regex] of regexes.entries()) {
    const fault = faults.get(regex);
    if (fault !== undefined) throw await document.errorAt(`strategies[${index}].command_regex`, fault);
  }
}

/**
 * The strategies of a ConfigMap's text, all or none. They are as old as the ConfigMap, and among them the earlier in the
 * text the older, on every node alike.
 * @param before what the same source said before: what stays the same keeps the time of its last change
 * @throws Error that says where in the text
 */
export async function readClusterRecords(
  { text, createdAt, seenAt }: ConfigMapContent,
  { configMap, key }: TextSource,
  readDocument: ReadDocument,
  { before, known }: { before: readonly StrategyRecord[]; known: ReadonlySet<string> },
): Promise<StrategyRecord[]> {
  const document = await readDocument(text, key);
  const strategies = await readPlain(document);
  await refuseRegexes(strategies, document, known);
  const made = Date.parse(createdAt);
  const createdMs = Number.isNaN(made) ? 0 : made;
  const changed = new Map(before.map(({ id, updatedMs }) => [id, updatedMs]));
  const times = new Map<string, number>();
  const records: StrategyRecord[] = [];
  const add = (strategy: PlainStrategy, position: number): void => {
    const content = JSON.stringify(strategy);
    const nth = times.get(content) ?? 0;
    times.set(content, nth + 1);
    const id = contentId(configMap, key, content, `${nth}`);
    records.push({
      id,
      origin: 'cluster',
      position,
      createdMs: createdMs + position,
      updatedMs: changed.get(id) ?? seenAt,
      strategy,
    });
  };
  await inTurns(strategies, (some, from) => {
    for (const [index, strategy] of some.entries()) add(strategy, from + index);
  });
  return records;
}
