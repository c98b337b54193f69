// SPDX-License-Identifier: Apache-2.0
/** What the node API has answered with success is there after its machine was ended hard, in the middle of writes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  JWT_BEARER_GRANT,
  NODE_API_AUDIENCE,
  NODE_API_PATHS,
  type StrategiesAnswer,
  type TokenAnswer,
} from '@gthulhu/contracts';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, whyNoMachines } from './machine.ts';

const obstacle = whyNoMachines();
const PORT = 8_080;
const CLIENT = 'durability';
/** Boots of an emulated machine, and of Node in it. */
const START_MS = 300_000;
/** Each ends the machine after another number of answers: in the middle of the next change. */
const KILLED_AFTER = [3, 17, 40] as const;

/** Of all processes below one, those of QEMU. */
function emulatorsBelow(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended.
    }
  }
  const below = (child: number): boolean => {
    for (let at = parents.get(child); at !== undefined && at > 1; at = parents.get(at)) if (at === pid) return true;
    return false;
  };
  return [...parents.keys()].filter(
    (child) => below(child) && readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('qemu-system'),
  );
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
      .on('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
  });

class MachineWithAgent {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #key: KeyObject;
  #token = '';
  output = '';

  constructor(folder: string, port: number, key: KeyObject) {
    this.#url = `http://127.0.0.1:${port}`;
    this.#key = key;
    this.#child = spawn(
      join(root, 'scripts/vm'),
      [
        ...['--kernel', '7', '--cpus', '1', '--memory', '1024', '--timeout', '900'],
        ...['--disk', join(folder, 'disk.img'), '--net', `${port}:${PORT}`, '--'],
        ...[join(root, 'test/vm/guest/agent-on-disk.sh'), join(root, 'bin/gthulhu')],
        ...[join(folder, 'config.yaml'), join(folder, 'client.pem')],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
  }

  /** The last number behind a mark in its output; NaN for none. */
  told(mark: string): number {
    return Number([...this.output.matchAll(new RegExp(`^${mark} (\\d+)$`, 'gm'))].at(-1)?.[1]);
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  async started(): Promise<void> {
    const end = Date.now() + START_MS;
    for (;;) {
      const health = await this.ask('GET', NODE_API_PATHS.health).catch(() => null);
      if (health?.status === 200) break;
      if (this.#child.exitCode !== null || Date.now() > end) throw new Error(`no agent came up:\n${this.output}`);
      await sleep(300);
    }
    // By the clock of the guest, which nobody has set.
    const date = (await fetch(`${this.#url}${NODE_API_PATHS.health}`)).headers.get('date') as string;
    const now = Math.floor(Date.parse(date) / 1_000);
    const claims = { iss: CLIENT, sub: CLIENT, aud: NODE_API_AUDIENCE, jti: randomUUID(), iat: now, exp: now + 200 };
    const assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).sign(this.#key);
    const { status, body } = await this.ask('POST', NODE_API_PATHS.token, { grant_type: JWT_BEARER_GRANT, assertion });
    expect(status, JSON.stringify(body)).toBe(200);
    this.#token = (body as TokenAnswer).token;
  }

  /** As if the power had gone: nobody in it is asked. */
  async endHard(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    for (const pid of emulatorsBelow(this.#child.pid as number)) process.kill(pid, 'SIGKILL');
    await ended;
  }

  /** For the end of the test, however it went. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }
}

describe.skipIf(obstacle !== null && !process.env.CI)('strategies on a disk', () => {
  let folder: string;
  const machines: MachineWithAgent[] = [];
  beforeAll(() => {
    expect(obstacle).toBeNull();
    // Where the machine sees it: its own /tmp is empty.
    mkdirSync(join(root, 'build/vm'), { recursive: true });
    folder = mkdtempSync(join(root, 'build/vm/disk.'));
  });
  afterAll(() => {
    for (const machine of machines) machine.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are there when the machine was ended hard after they were answered', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(folder, 'client.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const config = { agent: { listen: `0.0.0.0:${PORT}`, stateFolder: '/run/disk/state' } };
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    execFileSync('truncate', ['-s', '64M', join(folder, 'disk.img')]);
    execFileSync('mkfs.ext4', ['-q', '-F', join(folder, 'disk.img')]);
    const port = await freePort();
    const boot = async (): Promise<MachineWithAgent> => {
      const machine = new MachineWithAgent(folder, port, privateKey);
      machines.push(machine);
      await machine.started();
      return machine;
    };
    const commandsOf = async (machine: MachineWithAgent): Promise<string[]> => {
      const { status, body } = await machine.ask('GET', NODE_API_PATHS.strategies);
      expect(status).toBe(200);
      return (body as StrategiesAnswer).strategies.map(({ command_regex }) => command_regex ?? '');
    };

    let machine = await boot();
    let answered: string[] = [];
    let asked: string[] = [];
    let next = 0;
    for (const changes of KILLED_AFTER) {
      const killed = next + changes;
      let ending: Promise<void> | null = null;
      let unsynced = 0;
      for (;;) {
        // Lists that grow and shrink, so that rows are added and removed.
        asked = [...answered.slice(next % 3 === 0 ? 1 : 0), `^change-${next}$`];
        const request = machine.ask('POST', NODE_API_PATHS.strategies, {
          strategies: asked.map((command_regex) => ({ command_regex, priority: 15 })),
        });
        if (next === killed) {
          // Between the request's way in and its answer's way out.
          await sleep(20);
          unsynced = machine.told('@unsynced');
          ending = machine.endHard();
        }
        const answer = await request.catch(() => null);
        if (answer !== null) {
          expect(answer.status, JSON.stringify(answer.body)).toBe(200);
          answered = asked;
        }
        next++;
        if (ending !== null) break;
      }
      await ending;
      machine = await boot();
      // That of the last answer, or the change that was under way.
      expect([answered, asked]).toContainEqual(await commandsOf(machine));
      answered = await commandsOf(machine);
      // What nobody had synced is not all there: the machine did lose what it had in memory.
      expect(machine.told('@found')).toBeLessThan(unsynced);
    }
    await machine.endHard();
  }, 1_800_000);
});
