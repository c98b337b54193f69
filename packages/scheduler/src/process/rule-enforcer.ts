// SPDX-License-Identifier: Apache-2.0
import type { NodeRule, TaskExplanation } from '@gthulhu/contracts';
import type { RuleSink } from '../api/api-client.ts';
import type { Logger } from '../log/logger.ts';
import { type RuleSet, ruleSetOfNode } from '../strategies/node-rules.ts';
import type { KernelSide } from './kernel-side.ts';
import { startStrategyEnforcer } from './strategy-enforcer.ts';

export interface RuleEnforcer extends RuleSink {
  /** @param pid as the node's /proc has it. Null where there is no such task, or none that is scheduled here. */
  explain(pid: number): TaskExplanation | null;
  stop(): Promise<void>;
}

/** Puts the rules of the node API in force. */
export function startRuleEnforcer(kernel: KernelSide, logger: Logger): RuleEnforcer {
  const enforcer = startStrategyEnforcer(kernel, logger);
  let last: RuleSet | null = null;
  return {
    dirty: kernel.hasPolicies(),
    enforce(rules: readonly NodeRule[]) {
      // All of them are compiled before any is in force.
      const next = ruleSetOfNode(rules, last);
      enforcer.enforce(next);
      last = next;
    },
    explain: (pid) => enforcer.explain(pid),
    stop: () => enforcer.stop(),
  };
}
