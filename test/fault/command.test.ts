// SPDX-License-Identifier: Apache-2.0
/** The commands of a person at a machine, as they are run, against a real agent. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentProcess, whyNoAgent } from './agent-process.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const COMMAND = fileURLToPath(new URL('../../bin/gthulhu', import.meta.url));
const why = whyNoAgent();
const skipped = why !== null && !process.env.CI;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(COMMAND, args, { env: { ...process.env, ...env } }, (error, out, err) => {
      const code = error === null ? 0 : Number(error.code ?? -1);
      resolve({ code, out, err });
    });
    child.stdin?.end(input);
  });
}

describe.skipIf(skipped)('strategies, token, status', () => {
  let folder: string;
  let agent: AgentProcess;
  let here: string[];
  beforeAll(async () => {
    expect(why).toBeNull();
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-command-'));
    agent = new AgentProcess(folder);
    await agent.start();
    here = ['--state-folder', agent.stateFolder];
  });
  afterAll(async () => {
    await agent?.kill();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });
  const file = (text: string): string => {
    const path = join(folder, 'strategies.yaml');
    writeFileSync(path, text);
    return path;
  };

  test('apply, list, get, delete', async () => {
    const path = file(
      'strategies:\n  - {command_regex: ^web, priority: 2, execution_time: 2000000}\n  - {command_regex: rsync, priority: 15}\n',
    );
    const applied = await run(['strategies', 'apply', '-f', path, ...here]);
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('2 strategies applied') });
    const listed = await run(['strategies', 'list', ...here]);
    expect(listed.out).toMatch(
      /^ID +ORIGIN +PRIORITY +SLICE +COMMAND .*\n\S+ +node +2 +2ms +\^web .*\n\S+ +node +15 +- +rsync .*\n$/,
    );
    const all = JSON.parse((await run(['strategies', 'list', '-o', 'json', ...here])).out);
    expect(all).toMatchObject([{ command_regex: '^web', priority: 2 }, { command_regex: 'rsync' }]);
    const one = await run(['strategies', 'get', all[0].id, '-o', 'json', ...here]);
    expect(JSON.parse(one.out)).toEqual(all[0]);
    expect(await run(['strategies', 'delete', all[0].id, ...here])).toMatchObject({ code: 0 });
    expect(JSON.parse((await run(['strategies', 'list', '-o', 'json', ...here])).out)).toEqual([all[1]]);
    expect(await run(['strategies', 'delete', '--all', ...here])).toMatchObject({ code: 0 });
    expect(await run(['strategies', 'list', ...here])).toMatchObject({
      code: 0,
      out: '',
      err: 'no strategies are stored\n',
    });
  });

  test('apply from standard input', async () => {
    const { code } = await run(['strategies', 'apply', '-f', '-', ...here], {}, '[{"command_regex":"x","priority":3}]');
    expect(code).toBe(0);
  });

  test.each([
    [
      'a mistake in the file',
      'strategies:\n  - priority: 99\n',
      1,
      /strategies\.yaml:2:15: strategies\[0\]\.priority: /,
    ],
    ['an expression that is none', 'strategies:\n  - command_regex: "("\n    priority: 1\n', 1, /strategies\.yaml:2:/],
    ['nothing in it', 'strategies: []\n', 2, /holds no strategies.*delete --all/],
  ])('%s changes nothing', async (_name, text, code, says) => {
    const before = (await run(['strategies', 'list', '-o', 'json', ...here])).out;
    const result = await run(['strategies', 'apply', '-f', file(text), ...here]);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(says);
    expect((await run(['strategies', 'list', '-o', 'json', ...here])).out).toBe(before);
  });

  test.each([
    [['strategies', 'get', 'nope'], 3, /there is no strategy nope/],
    [['strategies', 'delete', '../../auth/token'], 3, /./],
    [['strategies', 'delete'], 2, /takes an id, or --all/],
    [['strategies', 'delete', 'x', '--all'], 2, /takes an id, or --all/],
    [['strategies', 'apply'], 2, /takes -f FILE/],
    [['strategies', 'apply', '-f', '/nonexistent'], 2, /cannot be read/],
    [['strategies', 'mend'], 2, /there is no command strategies mend/],
    [['strategies'], 2, /takes a command/],
    [['strategies', 'list', '-o', 'xml'], 2, /-o takes table, wide, json, yaml, not xml/],
    [['token', '--scope', 'everything'], 2, /there is no "everything"/],
    [['strategies', 'list', '--token', 'x'], 4, /the token is not accepted/],
    [['strategies', 'list', '--url', 'nonsense'], 2, /--url is "nonsense"/],
    [['strategies', 'list', '--url', 'http://127.0.0.1:1'], 1, /dial tcp 127\.0\.0\.1:1: connect: connection refused/],
  ])('%j ends with %i', async (args, code, says) => {
    const result = await run([...args, ...here]);
    expect(result.err).toMatch(says);
    expect(result.code).toBe(code);
    expect(result.out).toBe('');
  });

  test('a folder that is not there is not made', async () => {
    const result = await run(['strategies', 'list', '--state-folder', join(folder, 'other')]);
    expect(result).toMatchObject({ code: 4, err: expect.stringContaining('there is no state folder') });
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  test('a token has the scopes that were asked for, and works elsewhere', async () => {
    const { out } = await run(['token', '--scope', 'strategies:read', ...here]);
    const token = out.trim();
    const url = `http://127.0.0.1:${agent.port}`;
    const given = ['--url', url, '--token', token];
    expect(await run(['strategies', 'list', ...given])).toMatchObject({ code: 0 });
    expect(await run(['strategies', 'delete', '--all', ...given])).toMatchObject({
      code: 4,
      err: expect.stringContaining('strategies:write'),
    });
    expect(await run(['strategies', 'list', '--url', url], { GTHULHU_TOKEN: token })).toMatchObject({ code: 0 });
    const { expiresAt } = JSON.parse((await run(['token', '-o', 'json', ...here])).out);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
  });

  test('variables that name a proxy are not looked at', async () => {
    const nobody = 'http://127.0.0.1:1';
    const proxies = { HTTP_PROXY: nobody, http_proxy: nobody, ALL_PROXY: nobody, NODE_USE_ENV_PROXY: '1' };
    const token = (await run(['token', ...here], proxies)).out.trim();
    const url = `http://127.0.0.1:${agent.port}`;
    expect(await run(['strategies', 'list', '--url', url, '--token', token], proxies)).toMatchObject({
      code: 0,
      err: '',
    });
  });

  test('status tells what is missing', async () => {
    const { code, out } = await run(['status', '-o', 'json', ...here]);
    expect(code).toBe(6);
    expect(JSON.parse(out)).toMatchObject({ ok: false, api: { status: 'healthy' }, counters: null });
    expect((await run(['status', ...here])).out).toMatch(/^WHAT +STATE\nnode API +healthy, /);
  });

  test('what another server says does not command the terminal', async () => {
    const server = createServer((_request, response) =>
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: '\u001b[2Jgone\nError: x' })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await run(['strategies', 'list', '--url', url, '--token', 'a.b.c']);
    server.close();
    expect(code).toBe(3);
    expect(err).not.toContain('\u001b');
  });
});

describe.skipIf(skipped)('up', () => {
  let folder: string;
  let up: ChildProcess;
  let text = '';
  const pidsOf = (words: string): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
          return argv.includes(folder) && argv.includes(words);
        } catch {
          return false;
        }
      })
      .map(Number);
  async function until(what: string, isTrue: () => boolean): Promise<void> {
    for (const start = performance.now(); !isTrue(); await sleep(20))
      if (performance.now() - start > 30_000) throw new Error(`not within 30 s: ${what}\n${text}`);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-up-'));
    const file = join(folder, 'gthulhu.yaml');
    // Nothing is attached to the machine that runs the tests.
    writeFileSync(
      file,
      JSON.stringify({ scheduler: { mode: 'none' }, agent: { listen: '', stateFolder: join(folder, 'state') } }),
    );
    text = '';
    up = spawn(COMMAND, ['up', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [up.stdout, up.stderr])
      stream?.on('data', (chunk) => {
        text += chunk;
      });
    await until('both run', () => /monitor-only/.test(text));
  });
  afterEach(async () => {
    up.kill('SIGKILL');
    await until('nothing is left', () => pidsOf(' agent ').length + pidsOf(' scheduler ').length === 0);
    rmSync(folder, { recursive: true });
  });

  test('says where keys and strategies are, and ends without leaving a process', async () => {
    expect(text).toContain(`state folder ${join(folder, 'state')}`);
    expect(text).toContain(join(folder, 'state/cli.key'));
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    expect(text).toMatch(/^agent {5}\| .* node API listens on unix:/m);
    const ended = new Promise((resolve) => up.on('exit', resolve));
    up.kill('SIGINT');
    expect(await ended).toBe(0);
    expect([...pidsOf(' agent '), ...pidsOf(' scheduler ')]).toEqual([]);
    expect(text).toContain(`ended; strategies and keys stay in ${join(folder, 'state')}`);
    expect(existsSync(join(folder, 'state/strategies.db'))).toBe(true);
  });

  test('an agent that is killed is started again', async () => {
    const [pid] = pidsOf(' agent ');
    process.kill(pid, 'SIGKILL');
    await until('another one', () => pidsOf(' agent ').some((other) => other !== pid));
    expect(text).toContain('the agent has ended by SIGKILL; it is started again in 1 s');
    await until('it listens', () => (text.match(/node API listens on unix:/g) ?? []).length === 2);
  });

  test('killed outright, it leaves nothing', async () => {
    up.kill('SIGKILL');
    await until('both are gone', () => pidsOf(' agent ').length + pidsOf(' scheduler ').length === 0);
  });
});
