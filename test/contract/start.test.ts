// SPDX-License-Identifier: Apache-2.0
/** How the agent starts, does not start, and ends. */
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Agent, newFolder, type Settings, startAgent } from './agent.ts';

const STRATEGIES = '/api/v1/scheduling/strategies';
const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.remove();
});
async function start(settings?: Settings): Promise<Agent> {
  const agent = await startAgent(settings);
  agents.push(agent);
  return agent;
}
/** One that is not to start: its exit code and its only line. */
async function refused(settings: Settings): Promise<string> {
  const agent = new Agent(settings);
  agents.push(agent);
  expect(await agent.ended(), agent.output).toBe(1);
  expect(agent.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  return agent.log.find(({ level }) => level === 'error')?.msg ?? '';
}

const overSocket = (socketPath: string, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request({ socketPath, path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });

test('it listens on a socket that is its own, and on loopback', async () => {
  const agent = await start();
  expect(agent.log.map(({ address }) => address).filter((address) => address !== undefined)).toEqual([
    `unix:${agent.socket}`,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  ]);
  expect(statSync(agent.socket).mode & 0o777).toBe(0o600);
  expect(await overSocket(agent.socket, '/health')).toBe(200);
  expect(await overSocket(agent.socket, STRATEGIES)).toBe(401);
  expect(agent.log.filter(({ level }) => level === 'warn')).toEqual([]);
  // One that listens everywhere answers at every address of the machine, also at this one.
  const { port } = new URL(agent.url);
  await expect(fetch(`http://127.0.0.2:${port}/health`)).rejects.toThrow();
  const open = await start({ listen: '0.0.0.0:0' });
  expect((await fetch(`http://127.0.0.2:${new URL(open.url).port}/health`)).status).toBe(200);
});

test('IPv6 works, the socket alone works, and other addresses are warned about', async () => {
  expect(await (await start({ listen: '[::1]:0' })).ask('GET', '/health', { token: null })).toMatchObject({
    status: 200,
  });
  expect((await start({ listen: '' })).log.filter(({ address }) => address?.startsWith('http'))).toEqual([]);
  const open = await start({ listen: '0.0.0.0:0' });
  expect(open.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/^agent\.listen is 0\.0\.0\.0:0: everybody who reaches this machine reaches the node API/),
  ]);
});

test('strategies and keys outlive it, however it ends; a token of before stays good', async () => {
  const folder = newFolder();
  const first = await start({ folder });
  const token = await first.token();
  await first.ask('POST', STRATEGIES, { body: { strategies: [{ command_regex: 'kept', priority: 1 }] } });
  const { strategies } = (await first.ask('GET', STRATEGIES)).body as { strategies: unknown[] };
  const used = await first.assertion();
  const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: used };
  expect(await first.ask('POST', '/api/v1/auth/token', { token: null, body: exchange })).toMatchObject({ status: 200 });
  await first.stop('SIGKILL');
  expect(existsSync(first.socket)).toBe(true);
  const second = await start({ folder });
  expect((await second.ask('GET', STRATEGIES, { token })).body).toMatchObject({ strategies });
  expect(await second.ask('POST', '/api/v1/auth/token', { token: null, body: exchange })).toMatchObject({
    status: 401,
  });
  expect(await second.stop('SIGTERM')).toBe(0);
  expect(existsSync(second.socket)).toBe(false);
  expect(second.log.at(-1)?.msg).toBe('node API ended; strategies and keys stay');
  const third = await start({ folder });
  expect((await third.ask('GET', STRATEGIES, { token })).body).toMatchObject({ strategies });
});

test('a strategy that came to its end while nobody looked is told at the next start', async () => {
  const folder = newFolder();
  const first = await start({ folder });
  const body = { command_regex: 'x', priority: 1, maxDuration: '2s' };
  const { data } = (await first.ask('POST', '/api/v1/strategies', { body })).body as { data: { id: string } };
  await first.stop('SIGKILL');
  expect(first.output).not.toContain(data.id);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const second = await start({ folder });
  expect(second.log.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(new RegExp(`^strategy ${data.id} came to its end at .*, before this start; it is stored`)),
  );
});

test('it ends in the middle of streams and slow requests', async () => {
  const agent = await start();
  const headers = { authorization: `Bearer ${await agent.token()}` };
  const stream = await fetch(`${agent.url}/api/v1/scheduling/policies?watch=1`, { headers });
  const text = stream.text();
  expect(await agent.stop('SIGINT')).toBe(0);
  expect(await text).toMatch(/^event: policies\n/);
});

test('a second one in the same folder is refused in one line, and the first goes on', async () => {
  const folder = newFolder();
  const first = await start({ folder });
  expect(await refused({ folder })).toMatch(
    /^another gthulhu agent uses .*\/state; stop it first, or set agent\.stateFolder$/,
  );
  expect(await first.ask('GET', '/health', { token: null })).toMatchObject({ status: 200 });
  expect(existsSync(first.socket)).toBe(true);
});

test('a socket on which somebody answers is not taken away from them', async () => {
  const folder = newFolder();
  const first = await start({ folder });
  await first.stop();
  const other = createServer().listen(first.socket);
  await new Promise((resolve) => other.once('listening', resolve));
  expect(await refused({ folder })).toMatch(/^another gthulhu agent answers on .*api\.sock; stop it first$/);
  expect(other.listening).toBe(true);
  other.close();
});

test('what is in the way is told in one line', async () => {
  const first = await start();
  const port = new URL(first.url).port;
  expect(await refused({ listen: `127.0.0.1:${port}` })).toMatch(
    /is taken by another program; stop it, or set agent\.listen/,
  );
  expect(await refused({ listen: '192.0.2.1:80' })).toMatch(/is no address of this machine/);
  expect(await refused({ listen: '8080' })).toMatch(/^agent\.listen is "8080", must be an address and a port/);
});

test.each<[string, (agent: Agent) => void, RegExp]>([
  [
    'a loose folder',
    ({ state }) => chmodSync(state, 0o755),
    /state has mode 0755, which lets others in: chmod 0700 it/,
  ],
  [
    'a loose key',
    ({ state }) => chmodSync(join(state, 'token-ed25519.key'), 0o644),
    /token-ed25519\.key has mode 0644, which lets others in/,
  ],
  ['a broken key', ({ state }) => writeFileSync(join(state, 'token-ed25519.key'), 'x'), /is not a private key in PEM/],
  [
    'a broken store',
    ({ state }) => {
      for (const end of ['-wal', '-shm']) rmSync(join(state, `strategies.db${end}`), { force: true });
      writeFileSync(join(state, 'strategies.db'), 'x'.repeat(9_999));
    },
    /strategies\.db cannot be opened: file is not a database; put back a copy, or remove it/,
  ],
])('%s is not used', async (_, spoil, message) => {
  const folder = newFolder();
  const first = await start({ folder });
  await first.stop();
  spoil(first);
  expect(await refused({ folder })).toMatch(message);
});

test('a configuration with a mistake is refused before anything is made', async () => {
  const agent = new Agent({ auth: { legacyPublicKey: 'maybe' } });
  agents.push(agent);
  expect(await agent.ended()).toBe(1);
  expect(agent.log.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/auth\.legacyPublicKey: is the text "maybe", must be true or false/),
  ]);
  expect(existsSync(agent.state)).toBe(false);
});
