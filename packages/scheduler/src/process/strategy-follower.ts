// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { formatProblem } from '../config/problem.ts';
import type { Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import { compile } from '../strategies/matcher.ts';
import { parseStrategies, readStrategiesText, StrategiesError } from '../strategies/parse-strategies.ts';
import type { KernelSide } from './kernel-side.ts';
import { type StrategyEnforcer, startStrategyEnforcer } from './strategy-enforcer.ts';

/** An editor writes a file in several steps; the last one counts. */
const SETTLE_MS = 50;
/** Where a file system raises no events, and as a repair for lost ones. */
const REREAD_MS = 5000;

export interface StrategyFollower {
  stop(): Promise<void>;
}

export interface StrategyFollowerOptions {
  readonly file: string;
  readonly kernel: KernelSide;
  readonly logger: Logger;
}

/** Calls `changed` when something happens to the file. The directory is watched: editors and ConfigMaps replace files. */
function watchFile(file: string, changed: () => void, failed: (reason: string) => void): FSWatcher | null {
  try {
    const watcher = watch(dirname(file), (_event, name) => {
      if (name === null || name === basename(file) || name.startsWith('..')) changed();
    });
    watcher.on('error', (error) => failed(error.message));
    return watcher;
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** Keeps what the strategies file says in force: the whole file or, when it has an error, what was in force before. */
export function startStrategyFollower({ file, kernel, logger }: StrategyFollowerOptions): StrategyFollower {
  const enforcer: StrategyEnforcer = startStrategyEnforcer(kernel, logger);
  let lastText: string | null = null;
  // Tasks keep what an earlier process gave them, until this one has read the file.
  let inForce = kernel.watchesCommands();
  let lastError = '';
  let settle: NodeJS.Timeout | undefined;

  function read(): void {
    try {
      const text = readStrategiesText(file);
      if (text === lastText) return;
      lastText = text;
      const { rules, warnings } = parseStrategies(text, file);
      for (const problem of warnings) logger.warn(formatProblem(file, problem));
      logger.log(say.strategiesUpdated(rules.length));
      enforcer.enforce(compile(rules));
      logger.log(say.strategyMapUpdated(rules.length));
      inForce = true;
      lastError = '';
    } catch (error) {
      if (!(error instanceof StrategiesError)) throw error;
      if (error.message === lastError) return;
      lastError = error.message;
      for (const line of error.message.split('\n')) logger.error(line);
      logger.warn(inForce ? 'the strategies read before stay in force' : 'no strategies are in force');
    }
  }

  read();
  const soon = (): void => {
    clearTimeout(settle);
    settle = setTimeout(read, SETTLE_MS);
  };
  const watcher = watchFile(file, soon, (reason) =>
    logger.warn(`${file} is looked at every ${REREAD_MS / 1000} s only: ${reason}`),
  );
  const reread = setInterval(read, REREAD_MS);

  return {
    async stop() {
      clearInterval(reread);
      clearTimeout(settle);
      watcher?.close();
      await enforcer.stop();
    },
  };
}
