// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { explainConfig, LOG_FORMATS, type LogFormat, runScheduler } from '@gthulhu/scheduler';
import { off } from './off.ts';

/** Exit code of a wrong command line. */
const EXIT_USAGE = 2;

const USAGE = `usage: gthulhu COMMAND [options]

  scheduler [--config FILE] [--log-format plain|json]
            become the CPU scheduler of this machine, until Ctrl-C
  scheduler --explain
            what each key of the configuration means
  off [--pin-path P] [-o json]
            end a scheduler that is pinned (scheduler.pin), with or without its process

  --help, -h, help
            this text
  --version what is installed

Exit codes: 0 ended as asked, 1 failed, 2 wrong usage, 78 this kernel has no sched_ext.
`;

function fail(message: string): number {
  process.stderr.write(`gthulhu: ${message}\n\n${USAGE}`);
  return EXIT_USAGE;
}

async function scheduler(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string' },
      'log-format': { type: 'string', default: 'plain' },
      explain: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.explain) {
    process.stdout.write(explainConfig());
    return 0;
  }
  const format = values['log-format'];
  if (!LOG_FORMATS.includes(format as LogFormat))
    return fail(`--log-format takes ${LOG_FORMATS.join(' or ')}, not ${format}`);
  return runScheduler({ config: values.config, logFormat: format as LogFormat });
}

/** Older command lines write their options with one dash. */
const modern = (args: readonly string[]): string[] =>
  args.map((arg) => (/^-(config|explain|help)(=|$)/.test(arg) ? `-${arg}` : arg));

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  try {
    switch (command) {
      case 'scheduler':
        return await scheduler(modern(rest));
      case 'off':
        return await off(rest, fail);
      case undefined:
        return fail('a command is missing');
      case 'help':
      case '-h':
      case '-help':
      case '--help':
        process.stdout.write(USAGE);
        return 0;
      case '--version':
        process.stdout.write('gthulhu 0.1.0\n');
        return 0;
      default:
        return fail(`there is no command ${command}`);
    }
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      return fail(error.message);
    throw error;
  }
}

process.exitCode = await main(process.argv.slice(2));
