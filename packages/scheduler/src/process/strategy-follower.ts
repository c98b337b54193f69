// SPDX-License-Identifier: Apache-2.0
import { formatProblem } from '../config/problem.ts';
import type { Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import { NodeRuleError, ruleSetOfFile } from '../strategies/node-rules.ts';
import { parseStrategies, readStrategiesText, StrategiesError } from '../strategies/parse-strategies.ts';
import type { KernelSide } from './kernel-side.ts';
import { type StrategyEnforcer, startStrategyEnforcer } from './strategy-enforcer.ts';
import { watchFile } from './watch-file.ts';

export interface StrategyFollower {
  stop(): Promise<void>;
}

export interface StrategyFollowerOptions {
  readonly file: string;
  readonly kernel: KernelSide;
  readonly logger: Logger;
}

/** Keeps what the strategies file says in force: the whole file or, when it has an error, what was in force before. */
export function startStrategyFollower({ file, kernel, logger }: StrategyFollowerOptions): StrategyFollower {
  const enforcer: StrategyEnforcer = startStrategyEnforcer(kernel, logger);
  let lastText: string | null = null;
  // Tasks keep what an earlier process gave them, until this one has read the file.
  let inForce = kernel.hasPolicies();
  let lastError = '';

  function read(): void {
    try {
      const text = readStrategiesText(file);
      if (text === lastText) return;
      lastText = text;
      const { rules, warnings } = parseStrategies(text, file);
      for (const problem of warnings) logger.warn(formatProblem(file, problem));
      logger.log(say.strategiesUpdated(rules.length));
      enforcer.enforce(ruleSetOfFile(rules));
      logger.log(say.strategyMapUpdated(rules.length));
      inForce = true;
      lastError = '';
    } catch (error) {
      if (!(error instanceof StrategiesError || error instanceof NodeRuleError)) throw error;
      if (error.message === lastError) return;
      lastError = error.message;
      for (const line of error.message.split('\n')) logger.error(line);
      logger.warn(inForce ? 'the strategies read before stay in force' : 'no strategies are in force');
    }
  }

  read();
  const watched = watchFile(file, { onChange: read, onUnwatched: (sentence) => logger.warn(sentence) });

  return {
    async stop() {
      watched.stop();
      await enforcer.stop();
    },
  };
}
