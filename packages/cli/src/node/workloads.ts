// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { NODE_API_PATHS, type WorkloadsAnswer } from '@gthulhu/contracts';
import type { NodeConnection } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatTable, printable } from '../table.ts';
import { NODE_OPTIONS, note, print, UsageError, withNode, withUsage } from './connect.ts';
import { dataText } from './output.ts';
import { showOrWatch } from './watch.ts';
import { workloadHeads, workloadRows } from './workload-rows.ts';

export interface WorkloadFilters {
  readonly namespace?: readonly string[] | undefined;
  readonly selector?: readonly string[] | undefined;
}

export async function listWorkloads(
  node: NodeConnection,
  { namespace = [], selector = [] }: WorkloadFilters = {},
): Promise<WorkloadsAnswer['data']> {
  const query = new URLSearchParams([
    ...namespace.map((value): [string, string] => ['namespace', value]),
    ...selector.flatMap((value) => value.split(',')).map((value): [string, string] => ['label', value]),
  ]);
  const path = query.size === 0 ? NODE_API_PATHS.workloads : `${NODE_API_PATHS.workloads}?${query}`;
  return ((await node.call({ method: 'GET', path })) as WorkloadsAnswer).data;
}

/** `gthulhu workloads list` */
export const workloads: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...NODE_OPTIONS,
      namespace: { type: 'string', short: 'n', multiple: true },
      selector: { type: 'string', short: 'l', multiple: true },
      watch: { type: 'boolean', short: 'w', default: false },
    },
  });
  const [verb, extra] = positionals;
  if (verb !== 'list')
    throw new UsageError(`workloads takes the command list${verb === undefined ? '' : `, not ${verb}`}`);
  if (extra !== undefined) throw new UsageError('workloads list takes options only: -n NAMESPACE, -l KEY=VALUE');
  return withNode(values, ['workloads:read'], (node) =>
    showOrWatch(
      values.watch,
      async () => {
        const found = await listWorkloads(node, values);
        if (found.note !== '') note(`gthulhu: ${printable(found.note)}\n`);
        const wide = values.output === 'wide';
        const table = formatTable(workloadHeads(wide), workloadRows(found.workloads, wide));
        return { text: dataText(values.output, found.workloads) ?? table, code: EXIT.ok };
      },
      print,
    ),
  );
});
