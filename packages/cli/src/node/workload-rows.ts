// SPDX-License-Identifier: Apache-2.0
import type { ToldWorkload } from '@gthulhu/contracts';

const NONE = '-';
const HEADS = ['NAMESPACE', 'NAME', 'QOS', 'CONTAINERS', 'STRATEGY'] as const;
const WIDE_HEADS = [...HEADS, 'COMMANDS', 'LABELS', 'CGROUP'] as const;

export const workloadHeads = (wide: boolean): readonly string[] => (wide ? WIDE_HEADS : HEADS);

const labelText = (labels: ToldWorkload['labels']): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || NONE;

function strategyText({ strategyId, commandStrategyIds, protectedBy }: ToldWorkload): string {
  if (protectedBy !== null) return 'protected';
  const more = commandStrategyIds.length === 0 ? '' : `${commandStrategyIds.length} by command`;
  return [strategyId, more].filter((text) => text !== null && text !== '').join(', ') || NONE;
}

export const workloadRows = (workloads: readonly ToldWorkload[], wide: boolean): string[][] =>
  workloads.map((workload) => {
    const { namespace, name, qosClass, containers, commandStrategyIds, labels, cgroupPath } = workload;
    const row = [namespace || NONE, name, qosClass ?? NONE, `${containers.length}`, strategyText(workload)];
    return wide ? [...row, commandStrategyIds.join(',') || NONE, labelText(labels), cgroupPath ?? NONE] : row;
  });
