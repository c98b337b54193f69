// SPDX-License-Identifier: Apache-2.0
export type { ProviderHealth, WorkloadChanges, WorkloadListener, WorkloadProvider } from './provider.ts';
export {
  type Container,
  keepLabels,
  LABEL_LIMITS,
  type QosClass,
  sameWorkload,
  type Workload,
} from './workload.ts';
