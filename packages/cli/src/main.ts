// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { OWN_COMMAND } from '@gthulhu/contracts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';
import { endWithStdin } from './up/follow-stdin.ts';

const VERSION = '0.1.0';

const USAGE = `usage: gthulhu COMMAND [options]

  up [--config FILE]
            node API and scheduler together, until Ctrl-C
  scheduler [--config FILE] [--log-format plain|json] [--api]
            become the CPU scheduler of this machine, until Ctrl-C; --api takes strategies from the node API (api.enabled)
  scheduler --explain
            what each key of the configuration means
  agent [--config FILE] [--log-format plain|json]
            the node API: strategies, tokens and counters, until Ctrl-C
  strategies list | get ID | apply -f FILE | delete ID | delete --all
            what the node API has stored; apply puts those of FILE in the place of all
  strategies preview -f FILE [--add]
            what those of FILE would match and change in the place of all, or beside them (--add); nothing is stored
  workloads list [-n NAMESPACE] [-l KEY=VALUE] [--watch]
            pods, services and containers of this node, and the strategies that come to them
  explain PID|POD [--watch]
            which strategy is for a task or a workload, why, since when, and whether the kernel has it
  token [--scope "strategies:read ..."]
            a token for other programs, such as curl
  status    whether API, scheduler and strategies are there
  policy test FILE [--trace FILE] [-o table|json]
            run a policy of your own on recorded batches, without any kernel, and say what it would have done
  off [--pin-path P] [-o json]
            end a scheduler that is pinned (scheduler.pin), with or without its process

  --help, -h, help
            this text
  --version what is installed

strategies, workloads, explain, token and status talk to the node API of this machine through its state folder, as root. They take --url URL,
--token TOKEN (or GTHULHU_TOKEN), --state-folder DIR, --config FILE and -o table|wide|json|yaml.

Exit codes: 0 ended as asked, 1 failed (also a policy that does not pass its test), 2 wrong usage, 3 there is no such
strategy or task, 4 no token or not allowed, 5 changed meanwhile, 6 something that should be there is not (status, explain), 78 this kernel
has no sched_ext.
`;

/** Each is loaded when it is called: none carries the memory of the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up/up.ts')).up,
  scheduler: async () => (await import('./scheduler.ts')).scheduler,
  agent: async () => (await import('./agent.ts')).agent,
  strategies: async () => (await import('./node/strategies.ts')).strategies,
  workloads: async () => (await import('./node/workloads.ts')).workloads,
  explain: async () => (await import('./node/explain.ts')).explain,
  token: async () => (await import('./node/token.ts')).token,
  status: async () => (await import('./node/status.ts')).status,
  policy: async () => (await import('./policy.ts')).policy,
  off: async () => (await import('./off.ts')).off,
};

const HELP: readonly string[] = ['help', '-h', '-help', '--help'];

function misused(message: string): number {
  process.stderr.write(`gthulhu: ${message}\n\n${USAGE}`);
  return EXIT.usage;
}

/** Older command lines write their options with one dash. */
const modern = (args: readonly string[]): string[] =>
  args.map((arg) => (/^-(config|explain|help)(=|$)/.test(arg) ? `-${arg}` : arg));

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined) return misused('a command is missing');
  if (name === '--version') {
    process.stdout.write(`gthulhu ${VERSION}\n`);
    return 0;
  }
  const args = modern(rest);
  const known = Object.hasOwn(COMMANDS, name);
  if (HELP.includes(name) || (known && args.some((arg) => arg === '-h' || arg === '--help'))) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!known) return misused(`there is no command ${name}`);
  try {
    const command = await COMMANDS[name]();
    return await command({ args, version: VERSION, misused });
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      return misused(error.message);
    throw error;
  }
}

/**
 * In place of the interpreter's name: people find it in `ps`, and strategies by their commands pass it by. The command
 * line stays as it is.
 */
function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', OWN_COMMAND);
  } catch {
    // Without /proc it has the name of Node.
  }
}

nameProcess();
endWithStdin();
// Unless it gets to its end: one that stops half-way has not succeeded.
process.exitCode = EXIT.failed;
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
