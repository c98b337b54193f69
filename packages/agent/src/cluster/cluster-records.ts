// SPDX-License-Identifier: Apache-2.0
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
function refuseLocal(strategies: readonly PlainStrategy[], document: StrategyDocument): void {
  for (const [index, { pid, maxDuration }] of strategies.entries()) {
    if (pid !== undefined)
      throw document.errorAt(
        `strategies[${index}].pid`,
        'means a process of one machine; use command_regex or selectors',
      );
    if (maxDuration !== undefined)
      throw document.errorAt(
        `strategies[${index}].maxDuration`,
        'has no beginning that all nodes agree on; write expiresAt, such as 2030-01-31T12:00:00Z',
      );
  }
}

async function refuseRegexes(
  strategies: readonly PlainStrategy[],
  document: StrategyDocument,
  known: ReadonlySet<string>,
): Promise<void> {
  const regexes = strategies.map(({ command_regex }) => command_regex ?? '');
  const faults = await regexFaults(regexes, known);
  if (faults === null)
    throw document.errorAt('', 'the expressions together take too long to compile; use simpler or fewer ones');
  for (const [index, regex] of regexes.entries()) {
    const fault = faults.get(regex);
    if (fault !== undefined) throw document.errorAt(`strategies[${index}].command_regex`, fault);
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
  const document = readDocument(text, key);
  const strategies = readStrategies({ strategies: document.strategies }).map(({ strategy }) => strategy);
  refuseLocal(strategies, document);
  await refuseRegexes(strategies, document, known);
  const made = Date.parse(createdAt);
  const createdMs = Number.isNaN(made) ? 0 : made;
  const changed = new Map(before.map(({ id, updatedMs }) => [id, updatedMs]));
  const times = new Map<string, number>();
  return strategies.map((strategy, position) => {
    const content = JSON.stringify(strategy);
    const nth = times.get(content) ?? 0;
    times.set(content, nth + 1);
    const id = contentId(configMap, key, content, `${nth}`);
    return {
      id,
      origin: 'cluster',
      position,
      createdMs: createdMs + position,
      updatedMs: changed.get(id) ?? seenAt,
      strategy,
    };
  });
}
