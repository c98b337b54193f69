// SPDX-License-Identifier: Apache-2.0
/** What runs on a node (providers of workloads), and which strategy is for whom (matching). */
export { type CgroupEvent, type CgroupEvents, openCgroupEvents } from './cgroups/cgroup-events.ts';
export { type CgroupIdentity, identifyCgroup, unifiedPath } from './cgroups/cgroup-path.ts';
export { type CgroupsProviderOptions, createCgroupsProvider } from './cgroups/cgroups-provider.ts';
export { type CgroupMounts, findCgroupMounts } from './cgroups/mounts.ts';
export { openPlacedTasks, type PlacedTask, type PlacedTasks } from './cgroups/placed-tasks.ts';
export { cgroupIdOf } from './cgroups/walk.ts';
export type { Decision, InForce, Loss } from './matching/decision.ts';
export type { Group } from './matching/groups.ts';
export {
  type ContainerPolicy,
  containerPolicies,
  type MatchOptions,
  match,
  type WorkloadMatch,
} from './matching/match.ts';
export { createMatcher, type Matcher, type StrategyChange, type WorkloadChange } from './matching/matcher.ts';
export { cgroupIdsOf, createRuleMaker, isAboutAll, type RuleMaker } from './matching/node-rules.ts';
export { comparePrecedence, type DecidedBy, decidedBy, sameEffect, specificity } from './matching/precedence.ts';
export {
  type ChangePreview,
  type Preview,
  type PreviewedChange,
  type PreviewedContainer,
  type PreviewedWorkload,
  preview,
  previewChange,
  type StrategyPreview,
  type ThreadName,
  type ThreadReader,
  threadMatcher,
} from './matching/preview.ts';
export {
  DEFAULT_PROTECTION,
  type ProtectedBy,
  type Protection,
  protectedBy,
} from './matching/protection.ts';
export {
  type CommandPattern,
  checkStrategies,
  compileCommandRegex,
  endsAtMs,
  inForce,
  type LabelSelector,
  nextEndMs,
  type StrategyProblem,
  StrategySetError,
  type StrategySpec,
} from './matching/strategy-spec.ts';
export { decideForTask, type TaskDecision } from './matching/task-decision.ts';
export { createApiPods } from './pods/api-pods.ts';
export { createKubeletPods } from './pods/kubelet-pods.ts';
export { type Pod, readPod } from './pods/pod.ts';
export { createPodProvider, type PodProviderOptions } from './pods/pod-provider.ts';
export type { PodListener, PodSource, PodSourceStatus } from './pods/pod-source.ts';
export type { ProviderHealth, WorkloadChanges, WorkloadListener, WorkloadProvider } from './provider.ts';
export { readTask, readThreads, type TaskOfCgroup, type ThreadOfCgroup, type ThreadsOfCgroup } from './tasks.ts';
export { type Container, keepLabels, LABEL_LIMITS, type QosClass, sameWorkload, type Workload } from './workload.ts';
