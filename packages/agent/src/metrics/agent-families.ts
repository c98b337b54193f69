// SPDX-License-Identifier: Apache-2.0
import { BSS_ORDER_2025, BssCountersSchema } from '@gthulhu/contracts';
import type { Surroundings } from '../routes/about.ts';
import type { Family } from './prometheus.ts';
import type { SchedulerCounters } from './scheduler-counters.ts';

/** Dashboards of existing installations know the counters by their own names, and this one by another. */
const RENAMED: Readonly<Record<string, string>> = { usersched_last_run_at: 'user_sched_last_run_at' };

/** The counters of the scheduler, as it posted them last. None before the first. */
export function schedulerFamilies({ last }: SchedulerCounters, machineId: string): Family[] {
  if (last === null) return [];
  const labels = { machine_id: machineId };
  const counters = BSS_ORDER_2025.map(
    (name): Family => ({
      name: RENAMED[name] ?? name,
      type: 'gauge',
      help: `${(BssCountersSchema.properties[name] as { description?: string }).description}.`,
      samples: [{ labels, value: last.counters[name] }],
    }),
  );
  return [
    ...counters,
    {
      name: 'gthulhu_scheduler_counters_received_timestamp_seconds',
      type: 'gauge',
      help: 'When the scheduler posted these counters, seconds since 1970.',
      samples: [{ labels, value: last.receivedMs / 1_000 }],
    },
  ];
}

/** How old what is known from elsewhere is; no sample where nobody can say. */
export function surroundingsFamilies({ workloads, clusterStrategies }: Surroundings): Family[] {
  const known = [
    { labels: { of: 'workloads', source: workloads.source }, value: workloads.ageSeconds },
    ...(clusterStrategies === null
      ? []
      : [{ labels: { of: 'strategies', source: 'configmap' }, value: clusterStrategies.ageSeconds }]),
  ];
  const refused = clusterStrategies?.state === 'refused' ? 1 : 0;
  return [
    {
      name: 'gthulhu_agent_state_age_seconds',
      type: 'gauge',
      help: 'Since when what is in force has not been heard from its source; 0 while changes arrive.',
      samples: known.flatMap(({ labels, value }) => (value === null ? [] : [{ labels, value }])),
    },
    {
      name: 'gthulhu_agent_state_current',
      type: 'gauge',
      help: 'Whether what is in force is of now: 1 while changes arrive from its source.',
      samples: known
        .filter(({ labels }) => labels.source !== 'none')
        .map(({ labels, value }) => ({ labels, value: value === 0 ? 1 : 0 })),
    },
    {
      name: 'gthulhu_agent_cluster_strategies_refused',
      type: 'gauge',
      help: 'Whether the text in the ConfigMap cannot be used, and the last good one is in force.',
      samples: clusterStrategies === null ? [] : [{ value: refused }],
    },
  ];
}

/** Answers by method, path of the route and status. */
export class AnswerCount {
  readonly #counts = new Map<string, { labels: Record<string, string>; value: number }>();

  count(method: string, path: string, status: number): void {
    const key = `${method} ${path} ${status}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.value++;
    else this.#counts.set(key, { labels: { method, path, status: String(status) }, value: 1 });
  }

  family(): Family {
    return {
      name: 'gthulhu_agent_http_requests_total',
      type: 'counter',
      help: 'Answers of the node API.',
      samples: [...this.#counts.values()],
    };
  }
}
