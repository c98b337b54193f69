// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import {
  explainConfig,
  LOG_FORMATS,
  type LogFormat,
  runScheduler,
  TRIAL_OUTPUTS,
  type TrialOutput,
  testPolicy,
} from '@gthulhu/scheduler';
import { agent } from './agent.ts';
import { off } from './off.ts';

/** Exit code of a wrong command line. */
const EXIT_USAGE = 2;
const VERSION = '0.1.0';

const USAGE = `usage: gthulhu COMMAND [options]

  scheduler [--config FILE] [--log-format plain|json]
            become the CPU scheduler of this machine, until Ctrl-C
  scheduler --explain
            what each key of the configuration means
  agent [--config FILE] [--log-format plain|json]
            the node API: strategies, tokens and counters, until Ctrl-C
  policy test FILE [--trace FILE] [-o table|json]
            run a policy of your own on recorded batches, without any kernel, and say what it would have done
  off [--pin-path P] [-o json]
            end a scheduler that is pinned (scheduler.pin), with or without its process

  --help, -h, help
            this text
  --version what is installed

Exit codes: 0 ended as asked, 1 failed (also a policy that does not pass its test), 2 wrong usage, 78 this kernel has no sched_ext.
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

async function policy(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      trace: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [verb, file, ...more] = positionals;
  if (verb !== 'test')
    return fail(verb === undefined ? 'policy takes a command: policy test FILE' : `there is no command policy ${verb}`);
  if (file === undefined) return fail('policy test takes the file of a policy');
  if (more.length > 0) return fail(`policy test takes one file, not ${more.length + 1}`);
  const { output } = values;
  if (!TRIAL_OUTPUTS.includes(output as TrialOutput))
    return fail(`-o takes ${TRIAL_OUTPUTS.join(' or ')}, not ${output}`);
  return testPolicy({
    file,
    trace: values.trace,
    output: output as TrialOutput,
    write: (text) => void process.stdout.write(text),
    warn: (line) => void process.stderr.write(`gthulhu: ${line}\n`),
  });
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
      case 'agent':
        return await agent(modern(rest), VERSION, fail);
      case 'policy':
        return await policy(rest);
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
        process.stdout.write(`gthulhu ${VERSION}\n`);
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
