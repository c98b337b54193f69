// SPDX-License-Identifier: Apache-2.0
/** What schedulers of 2026 send to the API of their node and what they read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent, TIME } from './agent.ts';

const STRATEGIES = '/api/v1/scheduling/strategies';
let agent: Agent;
beforeAll(async () => {
  agent = await startAgent({
    auth: { legacyPublicKey: true, algorithm: 'RS256', tokenSeconds: 600 },
    environment: { MACHINE_ID: 'machine-7', NODE_NAME: 'node-7' },
  });
});
afterAll(() => agent.remove());

test('a token under data, with its end in seconds, for a client that names itself', async () => {
  const public_key = readFileSync(join(agent.state, 'token-rsa.pub.pem'), 'utf8');
  const request = { public_key, client_id: 'scheduler-7', expired_at: 0 };
  const { status, body } = await agent.ask('POST', '/api/v1/auth/token', { token: null, body: request });
  expect(status).toBe(200);
  const { token, data } = body as { token: string; data: { token: string; expired_at: number } };
  expect(data.token).toBe(token);
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  expect(claims).toMatchObject({ client_id: 'scheduler-7', sub: 'scheduler-7', exp: data.expired_at });
  expect(claims.exp - claims.iat).toBe(600);
  expect(JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString()).alg).toBe('RS256');
  expect(await agent.ask('GET', STRATEGIES, { token: data.token })).toMatchObject({ status: 200 });
});

describe('rows', () => {
  test('none is an empty list', async () => {
    expect((await agent.ask('GET', STRATEGIES)).body).toMatchObject({
      success: true,
      message: 'Scheduling intents retrieved successfully',
      timestamp: TIME,
      scheduling: [],
    });
  });

  test('priority is a number, and a command becomes the processes that have it', async () => {
    // The name of this very process, for whatever runs the tests.
    const comm = readFileSync('/proc/self/comm', 'utf8').trim();
    const command_regex = `^${comm.replace(/\W/g, '\\$&')}$`;
    const strategies = [
      { priority: true, execution_time: 20_000_000, pid: 4_194_303 },
      { priority: 7, command_regex },
    ];
    await agent.ask('POST', STRATEGIES, { body: { strategies } });
    const { scheduling } = (await agent.ask('GET', STRATEGIES)).body as { scheduling: { pid: number }[] };
    expect(scheduling[0]).toEqual({ priority: 1, execution_time: 20_000_000, pid: 4_194_303 });
    expect(scheduling).toContainEqual({ priority: 7, execution_time: 0, pid: process.pid, command_regex });
  });
});

test('pods under data, with the node', async () => {
  const { body } = await agent.ask('GET', '/api/v1/pods/pids');
  expect(body).toMatchObject({ data: { pods: expect.any(Array), timestamp: TIME, node_name: 'node-7' } });
});

test('counters for Prometheus, labelled by the machine', async () => {
  await agent.ask('POST', '/api/v1/metrics', { body: { nr_queued: 3, usersched_last_run_at: 9 } });
  const { body, headers } = await agent.ask('GET', '/metrics', { token: null });
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const names = [
    ...['user_sched_last_run_at', 'nr_queued', 'nr_scheduled', 'nr_running', 'nr_online_cpus', 'nr_user_dispatches'],
    ...[
      'nr_kernel_dispatches',
      'nr_cancel_dispatches',
      'nr_bounce_dispatches',
      'nr_failed_dispatches',
      'nr_sched_congested',
    ],
  ];
  const found = [...(body as string).matchAll(/^(\w+)\{machine_id="machine-7"\} \d+$/gm)].map((match) => match[1]);
  expect(found.toSorted()).toEqual(names.toSorted());
  expect(body).toContain('\n# TYPE nr_queued gauge\nnr_queued{machine_id="machine-7"} 3\n');
  expect(body).toMatch(/^process_resident_memory_bytes \d{8,}$/m);
});

test('what it is', async () => {
  expect((await agent.ask('GET', '/version', { token: null })).body).toMatchObject({
    message: 'BSS Metrics API Server',
    endpoints: expect.stringContaining('GET_/api/v1/scheduling/strategies'),
  });
});

test.each<[string, string, number, unknown]>([
  ['GET', '/nowhere', 404, { message: 'Not Found' }],
  ['GET', '/api/v1/nowhere', 404, { message: 'Not Found' }],
  ['DELETE', '/health', 405, { message: 'Method Not Allowed' }],
  ['PUT', STRATEGIES, 405, { message: 'Method Not Allowed' }],
])('%s %s is %i', async (method, path, status, body) => {
  expect(await agent.ask(method, path)).toMatchObject({ status, body });
});
