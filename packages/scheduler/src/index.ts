// SPDX-License-Identifier: Apache-2.0
/** The scheduler process: configuration, policies, and what joins them to the kernel. */
import type { TestPolicyOptions } from './trial/test-policy-options.ts';

export { effectTable, explainConfig } from './config/explain-config.ts';
export { type KernelParams, toKernelParams } from './config/kernel-params.ts';
export { type ParsedConfig, parseConfig } from './config/parse-config.ts';
export { createLogger, LOG_FORMATS, type LogFormat } from './log/logger.ts';
export type { DecisionBatch, NodeView, Policy, TaskBatch } from './policies/policy.ts';
export { createPolicy } from './policies/registry.ts';
export { readHotplugSeq, topologyVariables } from './process/kernel-side.ts';
export { loadKernelSide } from './process/load-kernel-side.ts';
export { type OffReport, turnOff } from './process/off.ts';
export { startRuleEnforcer } from './process/rule-enforcer.ts';
export { runScheduler, type SchedulerOptions } from './process/scheduler.ts';
export { parseStrategies } from './strategies/parse-strategies.ts';
export { readTopology } from './topology/read-topology.ts';
export { parseTrace, type RecordedBatch, type Trace, TraceError } from './trace/parse-trace.ts';
export { readTrace } from './trace/read-trace.ts';
export { type Recorder, type RecorderOptions, startRecorder } from './trace/recorder.ts';
export { type TestPolicyOptions, TRIAL_OUTPUTS, type TrialOutput } from './trial/test-policy-options.ts';

/** `gthulhu policy test`. Loaded when it is called: a scheduler starts without it. */
export const testPolicy = async (options: TestPolicyOptions): Promise<number> =>
  (await import('./trial/test-policy.ts')).testPolicy(options);
