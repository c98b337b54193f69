// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND = `${root}bin/gthulhu`;
const START_LIMIT_MS = 20_000;

/** Why a real agent cannot be started here; null where it can. */
export const whyNoAgent = (): string | null =>
  existsSync(`${root}build/cli/main.js`) ? null : 'the built command is missing: build/cli/main.js; run make build';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `gthulhu agent`, which a test ends, freezes and starts again. */
export class AgentProcess {
  readonly stateFolder: string;
  readonly #file: string;
  port = 0;
  #child: ChildProcess | null = null;

  constructor(folder: string) {
    this.stateFolder = `${folder}/state`;
    this.#file = `${folder}/agent.yaml`;
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    writeFileSync(
      this.#file,
      JSON.stringify({
        agent: { listen: `127.0.0.1:${this.port}`, stateFolder: this.stateFolder },
        // What is counted here is what was sent.
        workloads: { protected: { commands: [] } },
      }),
    );
    const child = spawn(COMMAND, ['agent', '--config', this.#file], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let text = '';
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the agent does not listen:\n${text}`)), START_LIMIT_MS);
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk) => {
          text += chunk;
          if (!text.includes(`listens on http://127.0.0.1:${this.port}`)) return;
          clearTimeout(late);
          resolve();
        });
      child.on('exit', (code) => reject(new Error(`the agent ended with ${code}:\n${text}`)));
    });
    child.removeAllListeners('exit');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it has in memory (RSS). */
  memoryBytes(): number {
    const kb = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kb) * 1024;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }
}
