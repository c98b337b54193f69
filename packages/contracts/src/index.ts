// SPDX-License-Identifier: Apache-2.0
export {
  BSS_ORDER_2025,
  BSS_ORDER_2026,
  type BssCounterName,
  type BssCounters,
  BssCountersSchema,
} from './bss-counters.ts';
export { type Config, type ConfigKey, ConfigSchema, configKeys, defaultConfig, type SchedulerMode } from './config.ts';
export { API_COMPATS, type ApiCompat } from './config-agent.ts';
export { type ConfigMapName, parseConfigMapName } from './config-kubernetes.ts';
export { PROTECTED_COMMANDS, PROTECTED_UNITS } from './config-workloads.ts';
export { formatCpuList, parseCpuList } from './cpu-list.ts';
export type { Effect, KeyNotes, Text } from './effect.ts';
export {
  ASSERTION_SECONDS,
  type AssertionRequest,
  AssertionRequestSchema,
  type ComingUnit,
  isProtecting,
  JWT_BEARER_GRANT,
  NODE_API_AUDIENCE,
  NODE_API_PATHS,
  NODE_RULE_LIMITS,
  type NodePolicies,
  NodePoliciesSchema,
  type NodeRule,
  NodeRuleSchema,
  PROTECTED_RULE_IDS,
  type PublicKeyRequest,
  PublicKeyRequestSchema,
  SCOPES,
  type Scope,
  STATE_FILES,
  STATE_FOLDER,
  type TokenAnswer,
  TokenAnswerSchema,
  UNIT_LIMITS,
} from './node-api.ts';
export {
  type ClusterState,
  type ErrorAnswer,
  ErrorAnswerSchema,
  type HealthAnswer,
  HealthAnswerSchema,
  type MetricsAnswer,
  MetricsAnswerSchema,
  type PlainAnswer,
  PlainAnswerSchema,
  type PodPids,
  PodPidsSchema,
  type PodsAnswer,
  PodsAnswerSchema,
  type Problem,
  ProblemSchema,
  type SchedulingRow,
  SchedulingRowSchema,
  type StoredStrategy,
  StoredStrategySchema,
  type StrategiesAnswer,
  StrategiesAnswerSchema,
  type StrategiesSaved,
  StrategiesSavedSchema,
  type StrategyAnswer,
  StrategyAnswerSchema,
  VersionAnswerSchema,
} from './node-api-answers.ts';
export {
  type Explanation,
  type ExplanationAnswer,
  ExplanationAnswerSchema,
  type PreviewAnswer,
  PreviewAnswerSchema,
  type PreviewedStrategy,
  type ToldLoss,
  type ToldWorkload,
  type WorkloadsAnswer,
  WorkloadsAnswerSchema,
} from './node-api-workloads.ts';
export { OWN_COMMAND } from './own-command.ts';
export {
  applyChange,
  ChangeError,
  changeBetween,
  type PoliciesChange,
  PoliciesChangeSchema,
  sameAround,
} from './policies-change.ts';
export { SCHEDULER_API_PATHS, type TaskExplanation, TaskExplanationSchema } from './scheduler-api.ts';
export {
  durationMs,
  SelectorSchema,
  STRATEGY_KEY_ALIASES,
  STRATEGY_LIMITS,
  type StrategiesBody,
  StrategiesBodySchema,
  type Strategy,
  StrategySchema,
  strategyPriority,
} from './strategy.ts';
