// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import {
  type Explanation,
  type ExplanationAnswer,
  NODE_API_PATHS,
  type ToldWorkload,
  type WorkloadsAnswer,
} from '@gthulhu/contracts';
import type { NodeConnection } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatTable } from '../table.ts';
import { NODE_OPTIONS, note, print, UsageError, withNode, withUsage } from './connect.ts';
import { explainRows } from './explain-rows.ts';
import { dataText } from './output.ts';
import { showOrWatch } from './watch.ts';
import { workloadHeads, workloadRows } from './workload-rows.ts';
import { listWorkloads } from './workloads.ts';

/** Of one pod: somebody reads them. */
const MOST_PROCESSES = 20;
const SHORTEST_ID = 8;

async function explainPid(node: NodeConnection, pid: number): Promise<Explanation> {
  const path = `${NODE_API_PATHS.explain}?pid=${pid}`;
  return ((await node.call({ method: 'GET', path })) as ExplanationAnswer).data;
}

/** `name`, `namespace/name`, the uid, or the beginning of a container's id. */
export function findWorkloads(all: readonly ToldWorkload[], wanted: string): ToldWorkload[] {
  const byName = all.filter(
    ({ uid, namespace, name }) => wanted === uid || wanted === name || wanted === `${namespace}/${name}`,
  );
  if (byName.length > 0 || wanted.length < SHORTEST_ID) return byName;
  return all.filter(({ containers }) => containers.some(({ id }) => id.startsWith(wanted)));
}

interface ExplainedWorkload {
  readonly workload: ToldWorkload;
  readonly processes: readonly Explanation[];
}

async function explainWorkload(node: NodeConnection, workload: ToldWorkload): Promise<ExplainedWorkload> {
  const path = `${NODE_API_PATHS.workloads}?processes=1&uid=${encodeURIComponent(workload.uid)}`;
  const { workloads } = ((await node.call({ method: 'GET', path })) as WorkloadsAnswer).data;
  const pids = workloads[0]?.pids ?? [];
  if (pids.length > MOST_PROCESSES)
    note(`gthulhu: ${pids.length} processes; the first ${MOST_PROCESSES} are explained\n`);
  const processes: Explanation[] = [];
  for (const pid of pids.slice(0, MOST_PROCESSES)) {
    try {
      processes.push(await explainPid(node, pid));
    } catch (error) {
      // It has ended meanwhile.
      if ((error as { kind?: string }).kind !== 'missing') throw error;
    }
  }
  return { workload, processes };
}

const pageOf = (explanation: Explanation, wide: boolean): string =>
  formatTable(['WHAT', 'STATE'], explainRows(explanation, wide));

const codeOf = (explanations: readonly Explanation[]): number =>
  explanations.every(({ agree }) => agree === true) ? EXIT.ok : EXIT.degraded;

async function ask(node: NodeConnection, wanted: string, output: string): Promise<{ text: string; code: number }> {
  const wide = output === 'wide';
  if (/^[1-9]\d{0,6}$/.test(wanted)) {
    const found = await explainPid(node, Number(wanted));
    return { text: dataText(output, found) ?? pageOf(found, wide), code: codeOf([found]) };
  }
  const found = findWorkloads((await listWorkloads(node)).workloads, wanted);
  if (found.length === 0) {
    note(`gthulhu: there is no workload ${wanted} on this node; \`gthulhu workloads list\` tells them\n`);
    return { text: '', code: EXIT.notFound };
  }
  if (found.length > 1)
    throw new UsageError(
      `${found.length} workloads are called ${wanted}: ${found
        .slice(0, 10)
        .map(({ namespace, name }) => `${namespace}/${name}`)
        .join(', ')}; name one of these`,
    );
  const told = await explainWorkload(node, found[0]);
  if (told.processes.length === 0) note('gthulhu: no process runs in it now\n');
  const pages = told.processes.map((process) => `\n${pageOf(process, wide)}`);
  const table = formatTable(workloadHeads(wide), workloadRows([told.workload], wide)) + pages.join('');
  return { text: dataText(output, told) ?? table, code: codeOf(told.processes) };
}

/** `gthulhu explain PID|POD`: exit code 6 when the kernel has something else, or nobody can ask it. */
export const explain: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...NODE_OPTIONS, watch: { type: 'boolean', short: 'w', default: false } },
  });
  const [wanted, ...more] = positionals;
  if (wanted === undefined || wanted === '' || more.length > 0)
    throw new UsageError('explain takes the number of a process or thread, or the name of a pod or another workload');
  return withNode(values, ['workloads:read'], (node) =>
    showOrWatch(values.watch, () => ask(node, wanted, values.output), print),
  );
});
