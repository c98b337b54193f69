// SPDX-License-Identifier: Apache-2.0
/** The node API: strategies in, rules for the scheduler out, tokens, counters, pods. */
import './http/caller.ts';

export { type Agent, type AgentOptions, startAgent } from './agent.ts';
export { AgentError } from './agent-error.ts';
export type { AgentLog } from './agent-log.ts';
export { runAgent } from './run-agent.ts';
export type { PlainStrategy } from './strategies/record.ts';
