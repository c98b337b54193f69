// SPDX-License-Identifier: Apache-2.0

export { createApiPods } from './pods/api-pods.ts';
export { createKubeletPods } from './pods/kubelet-pods.ts';
export { type Pod, readPod } from './pods/pod.ts';
export { createPodProvider, type PodProviderOptions } from './pods/pod-provider.ts';
export type { PodListener, PodSource, PodSourceStatus } from './pods/pod-source.ts';
export type { ProviderHealth, WorkloadChanges, WorkloadListener, WorkloadProvider } from './provider.ts';
export {
  type Container,
  keepLabels,
  LABEL_LIMITS,
  type QosClass,
  sameWorkload,
  type Workload,
} from './workload.ts';
