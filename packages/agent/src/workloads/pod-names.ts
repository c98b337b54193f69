// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '@gthulhu/workloads';
import type { NameOfPod } from '../pods/pods.ts';

/** Names of pods by their uid. A pod without a namespace is one that cgroups alone tell of, and its name is its uid. */
export function podNames(workloads: readonly Workload[]): NameOfPod {
  const known = new Map(
    workloads.filter(({ qosClass, namespace }) => qosClass !== null && namespace !== '').map((one) => [one.uid, one]),
  );
  return (podUid) => known.get(podUid) ?? null;
}
