// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import {
  type HealthAnswer,
  isProtecting,
  NODE_API_PATHS,
  type NodePolicies,
  type WorkloadsAnswer,
} from '@gthulhu/contracts';
import { type NodeConnection, type NodeFailure, readSchedExtState } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { formatTable } from '../table.ts';
import { NODE_OPTIONS, print, UsageError, withNode, withUsage } from './connect.ts';
import { dataText } from './output.ts';
import { statusRows } from './status-rows.ts';

/** What `gthulhu status -o json` prints. */
export interface Status {
  /** Everything that should be there is. */
  readonly ok: boolean;
  readonly api: { readonly url: string; readonly status: string };
  readonly strategies: {
    readonly stored: number;
    /** Of these and the cluster's, those that come to somebody on this node, or would. */
    readonly used: number;
    /** With those that keep strategies from the protected. */
    readonly rules: number;
    readonly revision: string;
  };
  /** Null where none are asked for, or the API is an older one. */
  readonly clusterStrategies: HealthAnswer['clusterStrategies'];
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

/** Whether what is known from elsewhere is of now, and could be used. */
function isCurrent({ workloads, clusterStrategies }: Partial<HealthAnswer>): boolean {
  const podsOld = ['kubernetes', 'kubelet'].includes(workloads?.source ?? '') && workloads?.ageSeconds !== 0;
  if (podsOld) return false;
  if (clusterStrategies === null || clusterStrategies === undefined) return true;
  return clusterStrategies.ageSeconds === 0 && clusterStrategies.state !== 'refused';
}

async function ask(node: NodeConnection): Promise<Status> {
  const health = (await node.callOpenly({ method: 'GET', path: NODE_API_PATHS.health })) as Partial<HealthAnswer>;
  const policies = (await node.call({ method: 'GET', path: NODE_API_PATHS.policies })) as NodePolicies;
  const metrics = (await node.call({ method: 'GET', path: NODE_API_PATHS.metrics })) as MetricsBody;
  const kernel = node.base.startsWith('unix:') ? readSchedExtState() : null;
  const status = health.status ?? 'unknown';
  const clusterStrategies = health.clusterStrategies ?? null;
  const stored = policies.strategies - (clusterStrategies?.strategies ?? 0);
  return {
    ok:
      status === 'healthy' &&
      metrics.success === true &&
      (kernel === null || kernel.ops.startsWith('gthulhu')) &&
      isCurrent(health),
    api: { url: node.base, status },
    clusterStrategies,
    strategies: {
      stored,
      // One that names a unit is a rule before the unit comes.
      used: policies.rules.filter(({ id, cgroups }) => !isProtecting(id) && cgroups?.length !== 0).length,
      rules: policies.rules.length,
      revision: policies.revision,
    },
    workloads: await askWorkloads(node),
    counters: metrics.success === true ? (metrics.data ?? null) : null,
    countersAt: metrics.metrics_timestamp ?? null,
    kernel: kernel === null ? null : { schedExt: kernel.supported, state: kernel.state, scheduler: kernel.ops },
  };
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
