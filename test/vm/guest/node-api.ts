// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Program } from './lines.ts';
import { FOLDER } from './scheduler.ts';
import type { Stage } from './stage.ts';

const COMMAND = fileURLToPath(new URL('../../../bin/gthulhu', import.meta.url));
export const STATE = `${FOLDER}/state`;
export const PORT = 8080;
const START_LIMIT_MS = 90_000;

/** Sections of the configuration for both processes. */
export const sections = (api: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  agent: { listen: `127.0.0.1:${PORT}`, stateFolder: STATE },
  api: { enabled: true, url: `http://127.0.0.1:${PORT}`, ...api },
  debug: true,
});

/** The node API of a state folder that is new with the first of a scenario. */
export async function startAgent(stage: Stage): Promise<Program> {
  const file = `${FOLDER}/agent.yaml`;
  writeFileSync(file, JSON.stringify(sections({})));
  const agent = stage.run(COMMAND, 'agent', '--config', file);
  await agent.line((line) => line.includes(`listens on http://127.0.0.1:${PORT}`), START_LIMIT_MS);
  return agent;
}

export function freshState(): void {
  rmSync(STATE, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
}

export async function getToken(): Promise<string> {
  const { stdout } = await promisify(execFile)(COMMAND, ['token', '--state-folder', STATE]);
  return stdout.trim();
}

const connections = new Agent({ keepAlive: true });

/** One request. Resolves with what is answered, if that is a success. */
export function ask(token: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent: connections,
        host: '127.0.0.1',
        port: PORT,
        method,
        path,
        headers: {
          authorization: `Bearer ${token}`,
          ...(text !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (answer) => {
        let heard = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          heard += chunk;
        });
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(heard));
          else reject(new Error(`${method} ${path} answered ${answer.statusCode}: ${heard}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Puts strategies in the place of all. Resolves when they are stored. */
export const post = async (token: string, strategies: readonly object[]): Promise<void> =>
  void (await ask(token, 'POST', '/api/v1/scheduling/strategies', { strategies }));

/** A proxy in front of the API that can cut streams, those there are and those that come. */
export class StreamCutter {
  streamsCut = 0;
  #cuts = false;
  readonly #streams = new Set<Socket>();

  listen(stage: Stage, port: number): Promise<void> {
    const server = createServer((client) => {
      const api = connect(PORT, '127.0.0.1');
      const both = [client, api];
      for (const socket of both) {
        // Else small pieces wait for the acknowledgement of those before, which the other side puts off.
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => {
          for (const other of both) other.destroy();
          this.#streams.delete(client);
        });
      }
      client.once('data', (head) => {
        if (!String(head).includes('watch=1')) return;
        this.#streams.add(client);
        if (this.#cuts) this.#cut(client);
      });
      client.pipe(api);
      api.pipe(client);
    });
    stage.atEnd(() => void server.close());
    return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  #cut(stream: Socket): void {
    this.streamsCut++;
    stream.destroy();
  }

  cutStreams(): void {
    this.#cuts = true;
    for (const stream of this.#streams) this.#cut(stream);
  }
}
