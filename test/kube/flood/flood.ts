// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeAuthority, makeLeaf } from '../rig/certificates.ts';
import type { FloodResult } from './result.ts';

export interface Flood {
  readonly pods: number;
  readonly events: number;
  /** a second; 0 as many as are read */
  readonly rate: number;
}

/** The flags that bin/gthulhu starts processes with, and its variable below. */
const FLAGS = ['--single-threaded-gc', '--v8-pool-size=1', '--max-semi-space-size=1'];

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Lets a process of its own read a flood that another one makes. */
export async function readFlood({ pods, events, rate }: Flood): Promise<FloodResult> {
  const folder = mkdtempSync(join(tmpdir(), 'gthulhu-flood-'));
  const authority = makeAuthority(folder, 'authority');
  const pair = makeLeaf(folder, authority, { name: 'server', commonName: 'server', names: 'IP:127.0.0.1' });
  const args = [script('server.ts'), pair.certificate, pair.key, ...[pods, events, rate].map(String)];
  const server = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [port] = await once(server.stdout.setEncoding('utf8'), 'data');
    const cluster = {
      server: `https://127.0.0.1:${String(port).trim()}`,
      'certificate-authority': authority.certificate,
    };
    const config = {
      clusters: [{ name: 'c', cluster }],
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
      'current-context': 'c',
    };
    const file = join(folder, 'config');
    writeFileSync(file, JSON.stringify(config));
    const run = promisify(execFile);
    // Node's own reader of types is a WebAssembly program, which would be measured with it.
    const code = stripTypeScriptTypes(readFileSync(script('reader.ts'), 'utf8'));
    const reader = [...FLAGS, '--expose-gc', '--input-type=module', '--eval', code, file, String(events)];
    const { stdout } = await run(process.execPath, reader, {
      cwd: script('.'),
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    return JSON.parse(stdout) as FloodResult;
  } finally {
    server.stdin.end();
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true });
  }
}
