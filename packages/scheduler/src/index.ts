// SPDX-License-Identifier: Apache-2.0
/** The scheduler process: configuration, policies, and what joins them to the kernel. */
import type { Config } from '@gthulhu/contracts';
import type { ApiClient, ApiTiming } from './api/api-client.ts';
import type { NodeConnection, NodeConnectionOptions } from './api/node-connection.ts';
import type { Logger } from './log/logger.ts';
import type { TestPolicyOptions } from './trial/test-policy-options.ts';

export type { ApiClient, ApiTiming, RuleSink } from './api/api-client.ts';
export type { NodeConnection, NodeConnectionOptions, NodeFailure, NodeFailureKind } from './api/node-connection.ts';
export { loadConfig } from './config/config-file.ts';
export { type ConfigWithLog, configWithLog } from './config/config-with-log.ts';
export { effectTable, explainConfig } from './config/explain-config.ts';
export { type KernelParams, toKernelParams } from './config/kernel-params.ts';
export { type ParsedConfig, parseConfig } from './config/parse-config.ts';
export { createLogger, LOG_FORMATS, type LogFormat } from './log/logger.ts';
export type { DecisionBatch, NodeView, Policy, TaskBatch } from './policies/policy.ts';
export { createPolicy } from './policies/registry.ts';
export { onlineVariables, topologyVariables } from './process/kernel-side.ts';
export { loadKernelSide } from './process/load-kernel-side.ts';
export { type OffReport, turnOff } from './process/off.ts';
export { startRuleEnforcer } from './process/rule-enforcer.ts';
export { readSchedExtState } from './process/sched-ext-support.ts';
export { runScheduler, type SchedulerOptions } from './process/scheduler.ts';
export { parseStrategies } from './strategies/parse-strategies.ts';
export { type AsideDocument, readStrategyDocumentAside } from './strategies/read-aside.ts';
export { readTopology } from './topology/read-topology.ts';
export { parseTrace, type RecordedBatch, type Trace, TraceError } from './trace/parse-trace.ts';
export { readTrace } from './trace/read-trace.ts';
export { type Recorder, type RecorderOptions, startRecorder } from './trace/recorder.ts';
export { type TestPolicyOptions, TRIAL_OUTPUTS, type TrialOutput } from './trial/test-policy-options.ts';

/** `gthulhu policy test`. Loaded when it is called: a scheduler starts without it. */
export const testPolicy = async (options: TestPolicyOptions): Promise<number> =>
  (await import('./trial/test-policy.ts')).testPolicy(options);

/** A way to the node API for people. Loaded when it is called, as above. @throws NodeFailure */
export const connectToNode = async (options: NodeConnectionOptions): Promise<NodeConnection> =>
  (await import('./api/node-connection.ts')).openNodeConnection(options);

/** The scheduler's side of the node API, for whatever puts rules in force. Null when its keys cannot be had. */
export const startApiClient = async (config: Config, logger: Logger, timing?: ApiTiming): Promise<ApiClient | null> =>
  (await import('./api/api-client.ts')).startApiClient(config, logger, timing);
