// SPDX-License-Identifier: Apache-2.0
import type { Config } from '@gthulhu/contracts';
import { createLogger, type LogFormat, type Logger } from '../log/logger.ts';
import { loadConfig } from './config-file.ts';
import { ConfigError, formatProblem } from './problem.ts';

export interface ConfigWithLog {
  readonly config: Config;
  /** As verbose as the configuration wants it. */
  readonly logger: Logger;
}

/** The configuration of a process and its log, in which the warnings are told. Null when it cannot be used: why is told too. */
export function configWithLog(
  path: string | undefined,
  format: LogFormat,
  write: (line: string) => void,
): ConfigWithLog | null {
  try {
    const { config, warnings } = loadConfig(path);
    const logger = createLogger({ format, write, debug: config.debug });
    for (const problem of warnings) logger.warn(formatProblem(path ?? '', problem));
    return { config, logger };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const logger = createLogger({ format, write });
    for (const line of error.message.split('\n')) logger.error(line);
    return null;
  }
}
