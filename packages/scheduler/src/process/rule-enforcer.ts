// SPDX-License-Identifier: Apache-2.0
import type { NodeRule } from '@gthulhu/contracts';
import type { RuleSink } from '../api/api-client.ts';
import type { Logger } from '../log/logger.ts';
import { matcherOf } from '../strategies/node-rules.ts';
import type { KernelSide } from './kernel-side.ts';
import { startStrategyEnforcer } from './strategy-enforcer.ts';

export interface RuleEnforcer extends RuleSink {
  stop(): Promise<void>;
}

/** Puts the rules of the node API in force. */
export function startRuleEnforcer(kernel: KernelSide, logger: Logger): RuleEnforcer {
  const enforcer = startStrategyEnforcer(kernel, logger);
  return {
    dirty: kernel.watchesCommands(),
    enforce(rules: readonly NodeRule[]) {
      // All of them are compiled before any is in force.
      enforcer.enforce(matcherOf(rules));
      const passedOver = rules.filter(({ cgroups, cpus }) => cgroups !== null || cpus !== null).length;
      if (passedOver > 0)
        logger.warn(`${passedOver} rules name pods or CPUs, which are not put in force yet`, { passedOver });
    },
    stop: () => enforcer.stop(),
  };
}
