// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { NODE_API_PATHS, type PreviewAnswer, type StoredStrategy, type Strategy } from '@gthulhu/contracts';
import { type NodeConnection, parseStrategies } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatTable, printable } from '../table.ts';
import { NODE_OPTIONS, type NodeArguments, note, print, UsageError, withNode, withUsage } from './connect.ts';
import { dataText } from './output.ts';
import { previewText } from './preview-rows.ts';
import { STRATEGY_HEADS, strategyRows } from './strategy-rows.ts';

interface Arguments extends NodeArguments {
  readonly file?: string | undefined;
  readonly all: boolean;
  readonly add: boolean;
}

/** As it stands in the API: `{id}` filled in. */
const strategyPath = (id: string): string => NODE_API_PATHS.strategy.replace('{id}', encodeURIComponent(id));

const isListOf = (value: unknown): value is { strategies: StoredStrategy[] } =>
  Array.isArray((value as { strategies?: unknown } | null)?.strategies);

async function list(node: NodeConnection, { output }: Arguments): Promise<number> {
  const answer = await node.call({ method: 'GET', path: NODE_API_PATHS.strategies });
  if (!isListOf(answer))
    throw new Error(`${node.base} is an API of an earlier version: it does not tell its strategies`);
  const { strategies } = answer;
  const data = dataText(output, strategies);
  if (data !== null) print(data);
  else if (strategies.length === 0) note('no strategies are stored\n');
  else print(formatTable(STRATEGY_HEADS, strategyRows(strategies)));
  return EXIT.ok;
}

async function get(node: NodeConnection, id: string, { output }: Arguments): Promise<number> {
  const { data } = (await node.call({ method: 'GET', path: strategyPath(id) })) as { data: StoredStrategy };
  print(dataText(output, data) ?? formatTable(STRATEGY_HEADS, strategyRows([data])));
  return EXIT.ok;
}

/** The strategies of a file, checked here: errors name their line. */
function readStrategies(file: string): Strategy[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`);
  }
  const strategies = parseStrategies(text, file === '-' ? 'stdin' : file).strategies;
  if (strategies.length === 0)
    throw new UsageError(
      `${file} holds no strategies; \`gthulhu strategies delete --all\` removes those that are stored`,
    );
  return [...strategies];
}

async function apply(node: NodeConnection, { file = '', output }: Arguments): Promise<number> {
  const strategies = readStrategies(file);
  const answer = (await node.call({ method: 'POST', path: NODE_API_PATHS.strategies, body: { strategies } })) as {
    warnings?: string[];
    data?: { revision: string; strategies: number };
  };
  for (const warning of answer.warnings ?? []) note(`gthulhu: warning: ${printable(warning)}\n`);
  print(
    dataText(output, answer.data ?? { strategies: strategies.length }) ??
      `${strategies.length} strategies applied; they took the place of all that were stored\n`,
  );
  return EXIT.ok;
}

/** What `apply` would do with the file, or adding its strategies to those that are stored. */
async function preview(node: NodeConnection, { file = '', output, add }: Arguments): Promise<number> {
  const body = { strategies: readStrategies(file), replace: !add };
  const answer = (await node.call({ method: 'POST', path: NODE_API_PATHS.preview, body })) as PreviewAnswer;
  for (const warning of answer.warnings ?? []) note(`gthulhu: warning: ${printable(warning)}\n`);
  print(dataText(output, answer.data) ?? previewText(answer.data));
  return EXIT.ok;
}

async function remove(node: NodeConnection, id: string | undefined, args: Arguments): Promise<number> {
  const path = id === undefined ? NODE_API_PATHS.strategies : strategyPath(id);
  const { message = '' } = (await node.call({ method: 'DELETE', path })) as { message?: string };
  // Those of the cluster stay, and the answer says so.
  const [, stay] = message.split('; ');
  const left = stay === undefined ? '' : `; ${printable(stay)}`;
  const text = id === undefined ? `all stored strategies deleted${left}\n` : `strategy ${printable(id)} deleted\n`;
  print(dataText(args.output, { deleted: id ?? 'all' }) ?? text);
  return EXIT.ok;
}

/** `gthulhu strategies list|get|preview|apply|delete` */
export const strategies: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...NODE_OPTIONS,
      file: { type: 'string', short: 'f' },
      all: { type: 'boolean', default: false },
      add: { type: 'boolean', default: false },
    },
  });
  const [verb, id, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`strategies ${verb} takes one id at most`);
  const reads = (run: (node: NodeConnection) => Promise<number>): Promise<number> =>
    withNode(values, ['strategies:read'], run);
  const writes = (run: (node: NodeConnection) => Promise<number>): Promise<number> =>
    withNode(values, ['strategies:read', 'strategies:write'], run);
  switch (verb) {
    case 'list':
      if (id !== undefined) throw new UsageError('strategies list takes no id; use strategies get ID');
      return reads((node) => list(node, values));
    case 'get':
      if (id === undefined) throw new UsageError('strategies get takes an id; strategies list tells them');
      return reads((node) => get(node, id, values));
    case 'apply':
      if (values.file === undefined || id !== undefined)
        throw new UsageError('strategies apply takes -f FILE, with - for standard input');
      return writes((node) => apply(node, values));
    case 'preview':
      if (values.file === undefined || id !== undefined)
        throw new UsageError('strategies preview takes -f FILE, with - for standard input');
      return withNode(values, ['workloads:read'], (node) => preview(node, values));
    case 'delete':
      if ((id === undefined) !== values.all) throw new UsageError('strategies delete takes an id, or --all');
      return writes((node) => remove(node, id, values));
    case undefined:
      throw new UsageError('strategies takes a command: list, get ID, preview -f FILE, apply -f FILE, delete ID');
    default:
      throw new UsageError(`there is no command strategies ${verb}; it knows list, get, preview, apply and delete`);
  }
});
