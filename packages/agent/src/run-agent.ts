// SPDX-License-Identifier: Apache-2.0
import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import { AgentError } from './agent-error.ts';

/** A signal to a process group arrives twice where somebody passes it on: that is one wish. */
const SAME_WISH_MS = 1_000;

/** Resolves with the first SIGINT or SIGTERM; a second one, later, ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | null = null;
    const onSignal = (name: NodeJS.Signals): void => {
      if (first !== null && performance.now() - first > SAME_WISH_MS) process.exit(1);
      first ??= performance.now();
      resolve(name);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/**
 * `gthulhu agent`: the node API in the foreground, until SIGINT or SIGTERM.
 * @returns the exit code: 0 ended as asked, 1 an error
 */
export async function runAgent(options: AgentOptions): Promise<number> {
  const { log } = options;
  // What it writes is its own: keys, store and socket.
  process.umask(0o077);
  const asked = untilSignal();
  let agent: Agent;
  try {
    agent = await startAgent(options);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log.error(error.message);
    return 1;
  }
  log.info(`received ${await asked}, ending`);
  await agent.close();
  log.info('node API ended; strategies and keys stay', { stateFolder: options.config.agent.stateFolder });
  return 0;
}
