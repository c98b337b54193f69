// SPDX-License-Identifier: Apache-2.0
/** Both servers as processes: the built node API in a folder of its own, and the baseline. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent as Connections } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JWT_BEARER_GRANT, NODE_API_AUDIENCE, NODE_API_PATHS, type TokenAnswer } from '@gthulhu/contracts';
import { SignJWT } from 'jose';
import { send, type Target } from './load.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The same for both: what bin/gthulhu starts its commands with. */
const NODE_OPTIONS = ['--single-threaded-gc', '--v8-pool-size=1', '--max-semi-space-size=1'];

export interface Server {
  readonly target: Target;
  rssMb(): number;
  /** CPU time so far, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Waits for the port in what a process says. */
function portOf(child: ChildProcess, pattern: RegExp): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const port = pattern.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`a server ended with ${code}: ${said}`)));
  });
}

function serverOf(child: ChildProcess, target: Target, cleanUp: () => void): Server {
  const proc = `/proc/${child.pid}/`;
  return {
    target,
    rssMb: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`${proc}status`, 'utf8'))?.[1]) / 1_024,
    cpuMs: () => {
      const stat = readFileSync(`${proc}stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // utime and stime, in ticks of 10 ms (USER_HZ).
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      cleanUp();
    },
  };
}

export async function startAgent(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gthulhu-bench.'));
  const state = join(folder, 'state');
  mkdirSync(join(state, 'clients'), { recursive: true, mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(state, 'clients/bench.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const config = { agent: { listen: '127.0.0.1:0', stateFolder: state } };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(join(root, 'bin/gthulhu'), ['agent', '--config', join(folder, 'config.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await portOf(child, /listens on http:\/\/127\.0\.0\.1:(\d+)/);
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: 'bench', sub: 'bench', aud: NODE_API_AUDIENCE, jti: randomUUID(), iat: now, exp: now + 60 };
  const assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
  const body = JSON.stringify({ grant_type: JWT_BEARER_GRANT, assertion });
  const connection = new Connections();
  const answer = await send({ port, headers: {} }, { method: 'POST', path: NODE_API_PATHS.token, body }, connection);
  const { token } = JSON.parse(answer.toString()) as TokenAnswer;
  const target = { port, headers: { authorization: `Bearer ${token}` } };
  return serverOf(child, target, () => rmSync(folder, { recursive: true }));
}

/** @param listing what it answers to each GET */
export async function startBaseline(listing: Buffer): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gthulhu-bench.'));
  writeFileSync(join(folder, 'listing'), listing);
  // As JavaScript: reading TypeScript takes Node twenty megabytes.
  const source = readFileSync(join(root, 'bench/agent/baseline.ts'), 'utf8');
  writeFileSync(join(folder, 'baseline.mjs'), stripTypeScriptTypes(source));
  const node = join(root, 'node_modules/node/bin/node');
  const child = spawn(node, [...NODE_OPTIONS, join(folder, 'baseline.mjs'), join(folder, 'listing')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
  });
  const port = await portOf(child, /listens on (\d+)/);
  return serverOf(child, { port, headers: {} }, () => rmSync(folder, { recursive: true }));
}
