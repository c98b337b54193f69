// SPDX-License-Identifier: Apache-2.0
/** What clients of September 2025 send and what they read, word by word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent, TIME } from './agent.ts';

const COUNTERS = {
  usersched_last_run_at: 3_212_826_452_599_740,
  nr_queued: 0,
  nr_scheduled: 0,
  nr_running: 1,
  nr_online_cpus: 20,
  nr_user_dispatches: 90_846,
  nr_kernel_dispatches: 5,
  nr_cancel_dispatches: 0,
  nr_bounce_dispatches: 0,
  nr_failed_dispatches: 0,
  nr_sched_congested: 0,
};
const TOKEN = '/api/v1/auth/token';
const STRATEGIES = '/api/v1/scheduling/strategies';
const METRICS = '/api/v1/metrics';

let agent: Agent;
let token: string;
beforeAll(async () => {
  agent = await startAgent({ compat: '2025-09', auth: { legacyPublicKey: true } });
});
afterAll(() => agent.remove());

const ask = (method: string, path: string, body?: unknown) =>
  agent.ask(method, path, { token, ...(body !== undefined && { body }) });

describe('a token for the public key', () => {
  const key = () => readFileSync(join(agent.state, 'token-rsa.pub.pem'), 'utf8');

  test('the key gets one, at top level', async () => {
    const { status, body } = await agent.ask('POST', TOKEN, { token: null, body: { public_key: key() } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      message: 'Token generated successfully',
      timestamp: TIME,
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    token = (body as { token: string }).token;
    expect(decodeJwt(token)).toMatchObject({ client_id: expect.stringMatching(/^client_\d+$/) });
  });

  test.each<[string, unknown, number, RegExp]>([
    ['{', undefined, 400, /^Invalid JSON format: the body is no JSON: /],
    ['', undefined, 400, /^Invalid JSON format: /],
    ['{"public_key":""}', undefined, 400, /^Invalid JSON format: public_key/],
    ['{"public_key":"rubbish"}', undefined, 401, /^Public key verification failed: it is not a public key in PEM$/],
    ['{}', undefined, 400, /^Invalid JSON format: /],
  ])('%s gets none', async (body, _, status, error) => {
    const answer = await agent.ask('POST', TOKEN, { token: null, body });
    expect(answer).toMatchObject({ status, body: { success: false, error: expect.stringMatching(error) } });
  });

  test('another key gets none', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    for (const pair of [generateKeyPairSync('rsa', { modulusLength: 2_048 }), generateKeyPairSync('ed25519')]) {
      const public_key = pair.publicKey.export({ type: 'spki', format: 'pem' });
      const answer = await agent.ask('POST', TOKEN, { token: null, body: { public_key } });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({
        success: false,
        error: 'Public key verification failed: it is not the public key of this server',
      });
    }
  });

  test('the start says what this means', () => {
    expect(agent.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^auth\.legacyPublicKey is on: whoever has the public key .* may do everything here/),
    ]);
  });
});

describe('without a token', () => {
  test.each<[string | undefined, RegExp]>([
    [undefined, /^Authorization header is required$/],
    ['Basic eDp5', /^Authorization header must start with 'Bearer '$/],
    ['bearer x', /^Authorization header must start with 'Bearer '$/],
    ['Bearer x', /^Invalid or expired token: .+/],
    ['Bearer ', /^Authorization header must start with 'Bearer '$|^Invalid or expired token: .+/],
  ])('%s', async (authorization, error) => {
    for (const [method, path] of [
      ['GET', STRATEGIES],
      ['POST', STRATEGIES],
      ['GET', METRICS],
      ['GET', '/api/v1/pods/pids'],
    ]) {
      const answer = await agent.ask(method, path, {
        token: null,
        headers: { ...(authorization && { authorization }) },
      });
      expect(answer).toMatchObject({ status: 401, body: { success: false, error: expect.stringMatching(error) } });
    }
  });
});

describe('counters', () => {
  test('none yet', async () => {
    expect(await ask('GET', METRICS)).toMatchObject({ status: 200 });
    expect((await ask('GET', METRICS)).body).toEqual({
      success: false,
      message: 'No metrics data available yet',
      timestamp: TIME,
    });
    expect(((await agent.ask('GET', '/metrics', { token: null })).body as string).includes('nr_queued')).toBe(false);
  });

  test('posted and read back', async () => {
    expect((await ask('POST', METRICS, COUNTERS)).body).toEqual({
      success: true,
      message: 'Metrics received successfully',
      timestamp: TIME,
    });
    expect((await ask('GET', METRICS)).body).toEqual({
      success: true,
      message: 'Current metrics retrieved successfully',
      timestamp: TIME,
      data: COUNTERS,
      metrics_timestamp: TIME,
    });
  });

  test('the key that was once documented is ignored', async () => {
    expect(await ask('POST', METRICS, { ...COUNTERS, usersched_pid: 1 })).toMatchObject({ status: 200 });
  });

  test('no JSON', async () => {
    const answer = await ask('POST', METRICS, 'nr_queued=1');
    expect(answer).toMatchObject({
      status: 400,
      body: { success: false, error: expect.stringMatching(/^Invalid JSON format: /) },
    });
  });
});

describe('strategies', () => {
  test('none yet', async () => {
    expect((await ask('GET', STRATEGIES)).body).toMatchObject({
      success: true,
      message: 'Scheduling strategies retrieved successfully',
      timestamp: TIME,
      scheduling: null,
    });
  });

  test('the list that was shipped', async () => {
    const strategies = [
      { priority: true, execution_time: 20_000_000, selectors: [{ key: 'nf', value: 'upf' }] },
      {
        priority: true,
        execution_time: 200_000,
        selectors: [{ key: 'app', value: 'ueransim-macvlan' }],
        command_regex: 'nr-gnb|nr-ue|ping',
      },
      { priority: false, execution_time: 20_000_000, pid: 4_242, command_regex: 'x' },
    ];
    expect((await ask('POST', STRATEGIES, { strategies })).body).toMatchObject({
      success: true,
      message: 'Scheduling strategies saved successfully',
      timestamp: TIME,
    });
    const { scheduling } = (await ask('GET', STRATEGIES)).body as { scheduling: unknown };
    expect(scheduling).toEqual([{ priority: false, execution_time: 20_000_000, pid: 4_242, command_regex: 'x' }]);
  });

  test.each<[unknown, string | RegExp]>([
    ['{', /^Invalid JSON format: /],
    [{}, 'No strategies provided'],
    [{ strategies: [] }, 'No strategies provided'],
    [{ strategies: null }, 'No strategies provided'],
    [{ strategies: [{ priority: 'yes' }] }, /^Invalid JSON format: strategies\[0\]\.priority: /],
  ])('%j', async (body, error) => {
    expect(await ask('POST', STRATEGIES, body)).toMatchObject({
      status: 400,
      body: { success: false, error: typeof error === 'string' ? error : expect.stringMatching(error) },
    });
  });
});

test('pods', async () => {
  const { body } = await ask('GET', '/api/v1/pods/pids');
  expect(body).toMatchObject({ success: true, message: 'Pod-PID mappings retrieved successfully', timestamp: TIME });
  const { pods } = body as { pods: unknown[] | null };
  expect(pods === null || pods.length > 0).toBe(true);
});

test('health', async () => {
  expect((await agent.ask('GET', '/health', { token: null })).body).toEqual({
    // Clients of that time read what they know.
    ...{ workloads: expect.anything(), clusterStrategies: null },
    status: 'healthy',
    timestamp: TIME,
    service: 'BSS Metrics API Server',
  });
});
