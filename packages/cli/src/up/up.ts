// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, STATE_FILES } from '@gthulhu/contracts';
import { connectToNode, loadConfig, turnOff } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { note, print, UsageError, withUsage } from '../node/connect.ts';
import type { ProcessName } from './restart-plan.ts';
import { untilListening } from './socket-ready.ts';
import { supervise } from './supervisor.ts';

/** The scheduler starts without the API when that is not there by then. */
const API_LIMIT_MS = 30_000;
/** A signal that arrives twice within it is one wish. */
const SAME_WISH_MS = 1000;

const LABEL: Readonly<Record<ProcessName, string>> = { agent: 'agent     | ', scheduler: 'scheduler | ' };

/** The first SIGINT or SIGTERM asks for the end, a later one for the end at once. */
function wishes(say: (sentence: string) => void): { signal: AbortSignal; now: AbortSignal } {
  const first = new AbortController();
  const second = new AbortController();
  let at = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (first.signal.aborted) {
        if (performance.now() - at > SAME_WISH_MS) second.abort();
        return;
      }
      at = performance.now();
      say('ending; once more ends at once');
      first.abort();
    });
  return { signal: first.signal, now: second.signal };
}

/** Makes folder and keys, so that their places can be told before anything runs. */
async function makeKeys(config: Config, say: (sentence: string) => void): Promise<void> {
  const { stateFolder, listen } = config.agent;
  const node = await connectToNode({ stateFolder, ensure: true });
  node.close();
  say(`state folder ${stateFolder}: stored strategies and keys are there, and stay`);
  const keys = [STATE_FILES.cliKey, STATE_FILES.schedulerKey, STATE_FILES.tokenKey].map((name) =>
    join(stateFolder, name),
  );
  say(`keys, each made at its first use: ${keys.join(', ')}`);
  say(`node API at ${node.base}${listen === '' ? '' : ` and http://${listen}`}`);
}

/** No scheduler of ours stays in force where its pins would keep it. */
async function removePins(config: Config, say: (sentence: string) => void): Promise<void> {
  if (!config.scheduler.pin) return;
  const { message } = await turnOff({ pinPath: config.scheduler.pinPath });
  say(message);
}

/** `gthulhu up`: node API and scheduler together, until Ctrl-C. */
export const up: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: 'string' } },
  });
  if (positionals.length > 0) throw new UsageError(`up takes options only, not ${positionals[0]}`);
  const say = (sentence: string): void => note(`gthulhu up: ${sentence}\n`);
  let config: Config;
  try {
    // As the scheduler will read it: a mistake is told once, before anything runs.
    ({ config } = loadConfig(values.config, { api: { enabled: true } }));
    await makeKeys(config, say);
  } catch (error) {
    for (const line of (error as Error).message.split('\n')) say(line);
    return EXIT.failed;
  }
  const { signal, now } = wishes(say);
  const { stateFolder } = config.agent;
  const file = values.config === undefined ? [] : ['--config', values.config];
  const code = await supervise({
    processes: [
      { name: 'agent', args: file },
      { name: 'scheduler', args: [...file, '--api'] },
    ],
    ready: (name, over) =>
      name === 'agent'
        ? untilListening(join(stateFolder, STATE_FILES.apiSocket), API_LIMIT_MS, over)
        : Promise.resolve(),
    onLine: (name, line) => print(`${LABEL[name]}${line}\n`),
    say,
    signal,
    now,
  });
  await removePins(config, say);
  say(`ended; strategies and keys stay in ${stateFolder}`);
  return code;
});
