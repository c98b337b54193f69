// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { NODE_API_PATHS, type NodePolicies, type WorkloadsAnswer } from '@gthulhu/contracts';
import { type NodeConnection, type NodeFailure, readSchedExtState } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatTable } from '../table.ts';
import { NODE_OPTIONS, print, UsageError, withNode, withUsage } from './connect.ts';
import { dataText } from './output.ts';

/** What `gthulhu status -o json` prints. */
export interface Status {
  /** Everything that should be there is. */
  readonly ok: boolean;
  readonly api: { readonly url: string; readonly status: string };
  readonly strategies: { readonly stored: number; readonly rules: number; readonly revision: string };
  /** Null when the token is not for it, or the API is an older one. */
  readonly workloads: Omit<WorkloadsAnswer['data'], 'workloads'> | null;
  /** The counters that a scheduler has posted last; null when none has yet. */
  readonly counters: Readonly<Record<string, number>> | null;
  readonly countersAt: string | null;
  /** Of this machine's kernel; null when the API was asked over TCP, which may be another machine's. */
  readonly kernel: { readonly schedExt: boolean; readonly state: string; readonly scheduler: string } | null;
}

interface MetricsBody {
  readonly success?: boolean;
  readonly data?: Record<string, number>;
  readonly metrics_timestamp?: string;
}

async function askWorkloads(node: NodeConnection): Promise<Status['workloads']> {
  try {
    const path = `${NODE_API_PATHS.workloads}?limit=0`;
    const { workloads: _, ...rest } = ((await node.call({ method: 'GET', path })) as WorkloadsAnswer).data;
    return rest;
  } catch (error) {
    if (['refused', 'missing'].includes((error as NodeFailure).kind)) return null;
    throw error;
  }
}

async function ask(node: NodeConnection): Promise<Status> {
  const health = (await node.callOpenly({ method: 'GET', path: NODE_API_PATHS.health })) as { status?: string };
  const policies = (await node.call({ method: 'GET', path: NODE_API_PATHS.policies })) as NodePolicies;
  const metrics = (await node.call({ method: 'GET', path: NODE_API_PATHS.metrics })) as MetricsBody;
  const kernel = node.base.startsWith('unix:') ? readSchedExtState() : null;
  const status = health.status ?? 'unknown';
  return {
    ok: status === 'healthy' && metrics.success === true && (kernel === null || kernel.ops.startsWith('gthulhu')),
    api: { url: node.base, status },
    strategies: { stored: policies.strategies, rules: policies.rules.length, revision: policies.revision },
    workloads: await askWorkloads(node),
    counters: metrics.success === true ? (metrics.data ?? null) : null,
    countersAt: metrics.metrics_timestamp ?? null,
    kernel: kernel === null ? null : { schedExt: kernel.supported, state: kernel.state, scheduler: kernel.ops },
  };
}

function kernelWords(kernel: Status['kernel']): string {
  if (kernel === null) return 'not asked: the API may be on another machine';
  if (!kernel.schedExt) return 'this kernel has no sched_ext';
  return kernel.scheduler === '' ? `no scheduler in force (${kernel.state})` : `${kernel.scheduler} (${kernel.state})`;
}

function workloadWords(workloads: Status['workloads']): string {
  if (workloads === null) return 'not told';
  const { total, source, state, note, cgroupsLeftOut } = workloads;
  const left = cgroupsLeftOut === 0 ? '' : `; no room for ${cgroupsLeftOut} cgroups of strategies`;
  return `${total}, from ${source} (${state})${note === '' ? '' : `: ${note}`}${left}`;
}

function limitWords(workloads: Status['workloads']): string {
  if (workloads === null) return 'not told';
  const { cpuMax, cpuWeight } = workloads.unenforcedLimits;
  if (cpuMax + cpuWeight === 0) return 'no workload has cpu.max or cpu.weight';
  return `nobody enforces them under sched_ext: cpu.max of ${cpuMax} workloads, cpu.weight of ${cpuWeight}`;
}

function statusRows(status: Status): string[][] {
  const { api, strategies, counters, countersAt, kernel } = status;
  const dispatches =
    counters === null
      ? ''
      : `, ${counters.nr_user_dispatches} user, ${counters.nr_kernel_dispatches} kernel dispatches`;
  return [
    ['node API', `${api.status}, ${api.url}`],
    ['strategies', `${strategies.stored} stored, ${strategies.rules} rules for this node`],
    ['workloads', workloadWords(status.workloads)],
    ['CPU limits', limitWords(status.workloads)],
    ['kernel', kernelWords(kernel)],
    ['counters', counters === null ? 'none were posted yet' : `of ${countersAt ?? 'an unknown time'}${dispatches}`],
  ];
}

/** `gthulhu status`: exit code 6 when something is missing. */
export const status: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: NODE_OPTIONS });
  if (positionals.length > 0) throw new UsageError(`status takes options only, not ${positionals[0]}`);
  return withNode(values, ['strategies:read', 'metrics:read', 'workloads:read'], async (node) => {
    const found = await ask(node);
    print(dataText(values.output, found) ?? formatTable(['WHAT', 'STATE'], statusRows(found)));
    return found.ok ? EXIT.ok : EXIT.degraded;
  });
});
