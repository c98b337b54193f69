// SPDX-License-Identifier: Apache-2.0
/** Those who send too much, too slowly, too deeply or too often. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, startAgent } from './agent.ts';

const STRATEGIES = '/api/v1/scheduling/strategies';
let agent: Agent;
beforeAll(async () => {
  agent = await startAgent();
  await agent.token();
});
afterAll(() => agent.remove());

const post = (body: unknown) => agent.ask('POST', STRATEGIES, { body });
const answers = async () => expect(await agent.ask('GET', '/health', { token: null })).toMatchObject({ status: 200 });
const count = async () =>
  ((await agent.ask('GET', '/api/v1/scheduling/policies')).body as { strategies: number }).strategies;

/** Everything that comes back, until it is over. */
function talk(say: (socket: Socket) => void): Promise<string> {
  const { hostname, port } = new URL(agent.url);
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () => say(socket));
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text;
    });
    socket.on('error', () => {}).on('close', () => resolve(heard));
  });
}

test('10,000 strategies are taken, one more is not, and the same 10,000 stay', async () => {
  const many = (n: number) => ({
    strategies: Array.from({ length: n }, (_, i) => ({ command_regex: `^svc-${i}$`, priority: 10 + (i % 11) })),
  });
  expect(await post(many(10_000))).toMatchObject({ status: 200 });
  expect(await count()).toBe(10_000);
  expect(await post(many(10_001))).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/more than 10000 items/) },
  });
  expect(await count()).toBe(10_000);
  const { scheduling, strategies } = (await agent.ask('GET', STRATEGIES)).body as {
    scheduling: unknown[];
    strategies: unknown[];
  };
  expect([scheduling.length, strategies.length]).toEqual([0, 10_000]);
  await agent.ask('DELETE', STRATEGIES);
});

test('a body of 10 MB is refused, before it is read by those without a token', async () => {
  const body = JSON.stringify({ strategies: [{ command_regex: 'x'.repeat(10_000_000) }] });
  expect(await post(body)).toMatchObject({
    status: 413,
    body: { success: false, error: expect.stringMatching(/larger than this route takes/) },
  });
  const { host } = new URL(agent.url);
  const heard = await talk((socket) => {
    socket.write(
      `POST ${STRATEGIES} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 10000000\r\nconnection: close\r\n\r\n{`,
    );
  });
  expect(heard).toMatch(/^HTTP\/1\.1 401 /);
  expect(
    await agent.ask('POST', '/api/v1/metrics', { body: `{"nr_queued":1,"x":"${'x'.repeat(70_000)}"}` }),
  ).toMatchObject({ status: 413 });
  await answers();
});

test.each([
  ['['.repeat(2_000_000)],
  [`{"strategies":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
  [`${'{"strategies":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  [`{"strategies":[{"selectors":${'[{"selectors":'.repeat(100_000)}1${'}]'.repeat(100_000)}}]}`],
  ['{"strategies":[{"__proto__":{"priority":1},"pid":1}]}'],
  ['{"strategies":[{"constructor":{"prototype":{"x":1}}}]}'],
  [`{"strategies":[{"selectors":[{"key":"${'k'.repeat(1_000_000)}","value":""}]}]}`],
  ['\u0000'],
  ['"'.repeat(1_000)],
])('JSON such as %.40s is refused, and nothing else happens', async (body) => {
  expect(await post(body)).toMatchObject({
    status: 400,
    body: { success: false, error: expect.stringMatching(/^Invalid JSON format: .{1,600}$/) },
  });
  await answers();
});

test('expressions that explode elsewhere are refused or harmless, alone and in thousands', async () => {
  const bomb = 'a{1000}'.repeat(146);
  expect(await post({ strategies: [{ command_regex: bomb }] })).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/takes too long/) },
  });
  const many = Array.from({ length: 3_900 }, (_, i) => ({ command_regex: `(a{500}b{400})${'?'.repeat(1)}${i}` }));
  expect(await post({ strategies: many })).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/together take too long/) },
  });
  const slowElsewhere = ['(a+)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*(.*)*(.*)*x'].map((command_regex) => ({
    command_regex,
    priority: 15,
  }));
  expect(await post({ strategies: slowElsewhere })).toMatchObject({ status: 200 });
  expect(await agent.ask('GET', STRATEGIES)).toMatchObject({ status: 200 });
  await agent.ask('DELETE', STRATEGIES);
});

test('while expressions are compiled, others are answered', async () => {
  const costly = Array.from({ length: 400 }, (_, i) => ({ command_regex: `(?:x${i}|y){100}`, priority: 15 }));
  let done = false;
  const posting = post({ strategies: costly }).finally(() => {
    done = true;
  });
  let between = 0;
  while (!done) {
    await answers();
    between++;
  }
  expect(await posting).toMatchObject({ status: 200 });
  expect(between).toBeGreaterThan(3);
  await agent.ask('DELETE', STRATEGIES);
});

test('1,000 connections that say nothing keep nobody out, and are let go', async () => {
  // One that no other test has fed.
  const fresh = await startAgent();
  const { hostname, port } = new URL(fresh.url);
  const alive = () => fresh.ask('GET', '/metrics', { token: null });
  const sockets = await Promise.all(
    Array.from(
      { length: 1_000 },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(Number(port), hostname, () => resolve(socket)).on('error', reject);
        }),
    ),
  );
  const text = (await alive()).body as string;
  expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeLessThan(150e6);
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on('error', () => {})
            .on('close', resolve)
            .resume(),
        ),
    ),
  );
  expect(await alive()).toMatchObject({ status: 200 });
  await fresh.remove();
}, 120_000);

test('bytes that come one by one are not waited for: neither headers nor a body', async () => {
  const drip = (head: string) =>
    talk((socket) => {
      socket.write(head);
      const timer = setInterval(() => socket.write('x'), 500);
      socket.on('close', () => clearInterval(timer));
    });
  const authorization = `authorization: Bearer ${await agent.token()}`;
  const [headers, body] = await Promise.all([
    drip('GET /health HTTP/1.1\r\nhost: x\r\nx-slow: '),
    drip(`POST ${STRATEGIES} HTTP/1.1\r\nhost: x\r\n${authorization}\r\ncontent-length: 100000\r\n\r\n`),
  ]);
  expect(headers).toMatch(/^HTTP\/1\.1 408 /);
  expect(body).toMatch(/^HTTP\/1\.1 408 |^$/);
  await answers();
}, 120_000);

test.each([
  `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
  'GET /health HTTP/1.1\r\n\r\n',
  '\u0016\u0003\u0001\u0002rubbish\r\n\r\n',
  'POST /api/v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
])('%.30j is an error of whoever sent it', async (text) => {
  expect(await talk((socket) => socket.write(text))).toMatch(/^HTTP\/1\.1 4\d\d /);
  await answers();
});
