// SPDX-License-Identifier: Apache-2.0
/** The built node API as users start it, in a state folder of its own, and a client that was registered there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JWT_BEARER_GRANT, NODE_API_AUDIENCE, NODE_API_PATHS, type TokenAnswer } from '@gthulhu/contracts';
import { SignJWT } from 'jose';
import { expect } from 'vitest';
import { answerFaults, type OpenApi } from './openapi.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const START_MS = 40_000;
const CLIENT = 'contract';

export interface Settings {
  readonly listen?: string;
  readonly compat?: 'current' | '2025-09';
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Commands that strategies about everybody pass by; none where it is not said. */
  readonly protectedCommands?: readonly string[];
  /** More of that section, and the section about the API server. */
  readonly workloads?: Readonly<Record<string, unknown>>;
  readonly kubernetes?: Readonly<Record<string, unknown>>;
  /** Of an agent before; a new one where it is not said. */
  readonly folder?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
}

/** A folder with nothing in it, for one agent after the other. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'gthulhu-agent.'));

export class Agent {
  readonly folder: string;
  readonly state: string;
  readonly process: ChildProcess;
  output = '';
  #token: Promise<string> | undefined;
  #api: Promise<OpenApi> | undefined;

  constructor({
    listen = '127.0.0.1:0',
    compat = 'current',
    auth = {},
    environment = {},
    protectedCommands = [],
    workloads = {},
    kubernetes = {},
    folder,
  }: Settings = {}) {
    this.folder = folder ?? newFolder();
    this.state = join(this.folder, 'state');
    const config = join(this.folder, 'config.yaml');
    // JSON is YAML.
    writeFileSync(
      config,
      JSON.stringify({
        agent: { listen, stateFolder: this.state },
        auth,
        api: { compat },
        workloads: { ...workloads, protected: { commands: protectedCommands } },
        kubernetes,
      }),
    );
    this.process = spawn(join(root, 'bin/gthulhu'), ['agent', '--config', config, '--log-format', 'json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  /** Lines of its log. */
  get log(): { level: string; msg: string; address?: string }[] {
    return this.output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  }

  /** When it answers. */
  async started(): Promise<this> {
    const end = Date.now() + START_MS;
    while (!this.log.some(({ msg }) => msg.startsWith('strategies stored'))) {
      if (this.process.exitCode !== null || Date.now() > end)
        throw new Error(`the agent did not start:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  /** Its exit code. */
  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
    return this.process.exitCode;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.process.kill(signal);
    return this.ended();
  }

  /** Ends it and removes what it has written. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  get url(): string {
    const address = this.log.find(({ address }) => address?.startsWith('http'))?.address;
    if (address === undefined) throw new Error(`no TCP address in the log:\n${this.output}`);
    return address;
  }

  get socket(): string {
    return join(this.state, 'api.sock');
  }

  /** Puts the public key of a client where the agent looks for it. */
  register(client = CLIENT): void {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    mkdirSync(join(this.state, 'clients'), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.folder, `${client}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    writeFileSync(
      join(this.state, 'clients', `${client}.pem`),
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      { mode: 0o644 },
    );
  }

  assertion(claims: Record<string, unknown> = {}, client = CLIENT): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({
      ...{ iss: client, sub: client, aud: NODE_API_AUDIENCE, jti: randomUUID(), iat: now, exp: now + 60 },
      ...claims,
    })
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(createPrivateKey(readFileSync(join(this.folder, `${client}.key`), 'utf8')));
  }

  /** For all scopes, or those named. */
  async token(scope?: string): Promise<string> {
    if (scope === undefined && this.#token !== undefined) return this.#token;
    const ask = async (): Promise<string> => {
      this.register();
      const body = { grant_type: JWT_BEARER_GRANT, assertion: await this.assertion(), ...(scope && { scope }) };
      const answer = await this.ask('POST', NODE_API_PATHS.token, { body, token: null });
      expect(answer, this.output).toMatchObject({ status: 200 });
      return (answer.body as TokenAnswer).token;
    };
    const token = ask();
    if (scope === undefined) this.#token = token;
    return token;
  }

  /** Its description, as it gives it. */
  api(): Promise<OpenApi> {
    this.#api ??= fetch(`${this.url}${NODE_API_PATHS.openapi}`).then(
      async (answer) => (await answer.json()) as OpenApi,
    );
    return this.#api;
  }

  /**
   * One request, and its answer, which is held against the agent's own description. A body that is no text is sent as
   * JSON. @param options.token null for none; a token for everything where it is not said
   */
  async ask(
    method: string,
    path: string,
    options: { body?: unknown; token?: string | null; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { body, token = await this.token(), headers = {} } = options;
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    const told: Answer = { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
    expect(answerFaults(await this.api(), method, path, told), `${method} ${path}: ${text.slice(0, 500)}`).toEqual([]);
    return told;
  }
}

/** A started agent. */
export const startAgent = (settings?: Settings): Promise<Agent> => new Agent(settings).started();

/** As every answer has it: RFC 3339, UTC, whole seconds. */
export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
