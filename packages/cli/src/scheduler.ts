// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { explainConfig, runScheduler } from '@gthulhu/scheduler';
import type { Command } from './command.ts';
import { readLogFormat, wrongLogFormat } from './log-format.ts';

/** `gthulhu scheduler`: the CPU scheduler of this machine. */
export const scheduler: Command = async ({ args, misused }) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string' },
      'log-format': { type: 'string', default: 'plain' },
      api: { type: 'boolean', default: false },
      explain: { type: 'boolean', default: false },
    },
  });
  if (values.explain) {
    process.stdout.write(explainConfig());
    return 0;
  }
  const logFormat = readLogFormat(values['log-format']);
  if (logFormat === null) return misused(wrongLogFormat(values['log-format']));
  return runScheduler({ config: values.config, logFormat, api: values.api });
};
