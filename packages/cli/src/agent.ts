// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { runAgent } from '@gthulhu/agent';
import { configWithLog, readStrategyDocumentAside } from '@gthulhu/scheduler';
import type { Command } from './command.ts';
import { readLogFormat, wrongLogFormat } from './log-format.ts';

/** `gthulhu agent`: the node API. */
export const agent: Command = async ({ args, version, misused }) => {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: 'string' }, 'log-format': { type: 'string', default: 'plain' } },
  });
  const format = readLogFormat(values['log-format']);
  if (format === null) return misused(wrongLogFormat(values['log-format']));
  const ready = configWithLog(values.config, format, (line) => void process.stdout.write(line));
  return ready === null
    ? 1
    : runAgent({ config: ready.config, log: ready.logger, version, readDocument: readStrategyDocumentAside });
};
