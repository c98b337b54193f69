// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { configWithLog, LOG_FORMATS, type LogFormat } from '@gthulhu/scheduler';

/** `gthulhu agent`: the node API. @param usage says what is wrong with a command line, and gives the exit code */
export async function agent(
  args: readonly string[],
  version: string,
  usage: (message: string) => number,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      'log-format': { type: 'string', default: 'plain' },
    },
  });
  if (positionals.length > 0) return usage(`agent takes options only, not ${positionals[0]}`);
  const format = values['log-format'];
  if (!LOG_FORMATS.includes(format as LogFormat))
    return usage(`--log-format takes ${LOG_FORMATS.join(' or ')}, not ${format}`);
  const ready = configWithLog(values.config, format as LogFormat, (line) => void process.stdout.write(line));
  if (ready === null) return 1;
  // Loaded when it is asked for: a scheduler starts without it.
  const { runAgent } = await import('@gthulhu/agent');
  return runAgent({ config: ready.config, log: ready.logger, version });
}
