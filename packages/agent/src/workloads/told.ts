// SPDX-License-Identifier: Apache-2.0
import type { ToldLoss, ToldWorkload } from '@gthulhu/contracts';
import type { InForce, Loss, Workload } from '@gthulhu/workloads';
import type { NodeMatching } from './node-matching.ts';

export const toldLoss = ({ strategy, to, because }: Loss): ToldLoss => ({
  strategyId: strategy.id,
  origin: strategy.origin,
  to: to.id,
  toOrigin: to.origin,
  because,
});

export const toldInForce = ({ policy, commands }: InForce) => ({
  strategyId: policy?.id ?? null,
  commandStrategyIds: commands.map(({ id }) => id),
});

export function toldWorkload(workload: Workload, matching: NodeMatching): ToldWorkload {
  const decision = matching.decisionOf(workload.uid);
  const { uid, namespace, name, labels, qosClass, cgroupPath, cgroupId, containers } = workload;
  return {
    uid,
    namespace,
    name,
    labels: { ...labels },
    qosClass,
    cgroupPath,
    cgroupId,
    containers: [...containers],
    ...toldInForce(decision ?? { policy: null, commands: [] }),
    protectedBy: decision?.protectedBy ?? null,
  };
}
