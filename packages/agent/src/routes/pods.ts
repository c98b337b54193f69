// SPDX-License-Identifier: Apache-2.0
import { type ApiCompat, NODE_API_PATHS, type PodsAnswer, PodsAnswerSchema } from '@gthulhu/contracts';
import { Failure } from '../http/failure.ts';
import { type Route, succeeded } from '../http/route.ts';
import { groupByPod, type NameOfPod } from '../pods/pods.ts';
import type { NodeProcess } from '../pods/process-table.ts';

export function podsRoutes(
  readProcesses: () => Promise<readonly NodeProcess[]>,
  nodeName: string,
  compat: ApiCompat,
  names: () => NameOfPod,
): Route[] {
  return [
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.pids,
        summary: 'Processes and threads of the pods of this node, by their cgroups',
        scope: 'workloads:read',
        answers: { 200: { description: 'All pods that have a process', schema: PodsAnswerSchema } },
      },
      handle: async (): Promise<PodsAnswer> => {
        let processes: readonly NodeProcess[];
        try {
          processes = await readProcesses();
        } catch (cause) {
          const reason = (cause as Error).message;
          throw new Failure(500, `Failed to get pod-pid mappings: ${reason}`, {}, { cause });
        }
        const pods = groupByPod(processes, names());
        const answer = succeeded('Pod-PID mappings retrieved successfully');
        return {
          ...answer,
          pods: pods.length === 0 && compat === '2025-09' ? null : pods,
          data: { pods, timestamp: answer.timestamp, node_name: nodeName },
        };
      },
    },
  ];
}
