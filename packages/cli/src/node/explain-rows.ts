// SPDX-License-Identifier: Apache-2.0
import type { Explanation } from '@gthulhu/contracts';
import { formatSlice } from './strategy-rows.ts';

const NONE = '-';

interface Given {
  readonly priority: number | null;
  readonly sliceNs: number;
  readonly cpus: string | null;
}

function effect({ priority, sliceNs, cpus }: Given): string {
  const parts = [
    priority === null ? '' : `priority ${priority}`,
    sliceNs === 0 ? '' : `slice ${formatSlice(sliceNs)}`,
    cpus === null ? '' : `cpus ${cpus}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no change' : parts.join(', ');
}

function kernelText({ kernel, kernelMissing, kernelSince }: Explanation): string {
  if (kernel === null) return `not known: ${kernelMissing}`;
  if (kernel.exempt) return 'takes no strategy: a kernel thread, or the scheduler itself';
  if (kernel.source === 'none') return 'no strategy';
  const by = kernel.source === 'task' ? 'by its command' : `by cgroup ${kernel.entryCgroup ?? 'unknown'}`;
  const since = kernelSince === null ? 'from its next turn on' : `since ${kernelSince}`;
  return `${effect(kernel)}, ${by}, ${since}`;
}

/** The one of this node goes without saying. */
export const withOrigin = (id: string, origin: string | null | undefined): string =>
  origin === 'cluster' ? `${id} (cluster)` : id;

function strategyText({ strategyId, origin, protectedBy }: Explanation['matching']): string {
  if (strategyId !== null) return withOrigin(strategyId, origin);
  return protectedBy === null ? 'none' : 'protected';
}

const AGREE = new Map<boolean | null, string>([
  [true, 'yes'],
  [false, 'no: a change is on its way, or the scheduler refused it; its log says so'],
  [null, 'not known'],
]);

/** One task, a line for each fact. */
export function explainRows(explanation: Explanation, wide: boolean): string[][] {
  const { task, workload, matching, agree } = explanation;
  const who = task.command === task.processCommand ? task.command : `${task.command} of ${task.processCommand}`;
  const rows = [
    ['task', `${task.pid} ${who}${task.process === task.pid ? '' : `, thread of ${task.process}`}`],
    ['cgroup', task.cgroupPath ?? NONE],
    ['workload', workload === null ? 'none' : `${workload.namespace || NONE}/${workload.name}`],
    ['strategy', strategyText(matching)],
    ['gives', matching.strategyId === null ? NONE : effect(matching)],
    ['why', matching.reason],
    ['since', matching.since ?? NONE],
    ['kernel', kernelText(explanation)],
    ['in force', AGREE.get(agree) as string],
  ];
  const losers = wide ? matching.losers : matching.losers.slice(0, 5);
  for (const { strategyId, origin, because } of losers)
    rows.push(['loses', `${withOrigin(strategyId, origin)}, by ${because}`]);
  const left = matching.losers.length - losers.length;
  return left > 0 ? [...rows, ['loses', `and ${left} more; -o wide shows them`]] : rows;
}
