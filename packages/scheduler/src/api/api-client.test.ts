// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BssCounters, type Config, defaultConfig, type NodePolicies, type NodeRule } from '@gthulhu/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../log/logger.ts';
import { type ApiClient, type RuleSink, startApiClient } from './api-client.ts';
import { FakeApi } from './testing/fake-api.ts';
import { until } from './testing/until.ts';

const rule = (id: string, more: Partial<NodeRule> = {}): NodeRule => ({
  id,
  priority: 3,
  sliceNs: 0,
  cpus: null,
  commandRegex: '^web',
  cgroups: null,
  ...more,
});
const policies = (revision: string, ...ids: string[]): NodePolicies => ({
  revision,
  strategies: ids.length,
  rules: ids.map((id) => rule(id)),
});
const counters: BssCounters = {
  nr_running: 1,
  nr_queued: 0,
  nr_scheduled: 0,
  nr_online_cpus: 2,
  usersched_last_run_at: 68_650_153_424,
  nr_user_dispatches: 9,
  nr_kernel_dispatches: 5,
  nr_cancel_dispatches: 0,
  nr_bounce_dispatches: 0,
  nr_failed_dispatches: 0,
  nr_sched_congested: 0,
};
const POLICIES = '/api/v1/scheduling/policies';
const WATCH = `${POLICIES}?watch=1&changes=1`;

let folder: string;
let api: FakeApi;
let lines: string[];
let inForce: string[][];
let client: ApiClient | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gthulhu-api-'));
  api = new FakeApi();
  lines = [];
  inForce = [];
  client = null;
});
afterEach(async () => {
  await client?.stop();
  await api.close();
  rmSync(folder, { recursive: true });
});

const config = (of: Partial<Config['api']> = {}): Config => {
  const { api: defaults, agent, ...rest } = defaultConfig();
  const stateFolder = join(folder, 'state');
  return { ...rest, agent: { ...agent, stateFolder }, api: { ...defaults, enabled: true, interval: 1, ...of } };
};

const sink = (dirty = false): RuleSink => ({
  dirty,
  enforce: (rules) => {
    if (rules.some(({ id }) => id === 'cursed')) throw new Error('the kernel refuses');
    inForce.push(rules.map(({ id }) => id));
  },
});

const INTERVAL_MS = 50;

function start(of: Partial<Config['api']> = {}, to = sink()): void {
  const write = (line: string): void => void lines.push(line.slice(20).trimEnd());
  client = startApiClient(
    config(of),
    createLogger({ format: 'plain', debug: true, write }),
    of.interval === 3_600 ? {} : { intervalMs: INTERVAL_MS },
  );
  client?.follow(to);
}

const told = (line: string): Promise<void> =>
  until(`'${line}' in ${JSON.stringify(lines)}`, () => lines.includes(line));
const times = (words: string): number => lines.filter((line) => line.includes(words)).length;

describe('the way of policies', () => {
  test('over the socket of the state folder, with a key of its own', async () => {
    start();
    const socket = join(folder, 'state/api.sock');
    const refused = `failed to obtain JWT token: failed to send token request: Post "unix://${socket}/api/v1/auth/token": dial unix ${socket}: connect: no such file or directory`;
    await told(`Failed to fetch initial scheduling strategies: ${refused}`);
    await told(`Failed to fetch scheduling strategies: ${refused}`);
    api.policies = policies('r1', 'a', 'b');
    await api.listen(socket);
    await told('Updated strategy map with 2 strategies');
    expect(lines.slice(0, 3)).toEqual([
      `API config: URL=unix://${socket}/api/v1/scheduling/strategies, Interval=1 seconds`,
      'Started scheduling strategy fetcher with JWT authentication, interval 1 seconds',
      `Failed to fetch initial scheduling strategies: ${refused}`,
    ]);
    expect(lines.slice(-2)).toEqual([
      'Scheduling strategies updated: 2 strategies',
      'Updated strategy map with 2 strategies',
    ]);
    expect(inForce).toEqual([['a', 'b']]);
    expect(api.tokenBodies[0]).toHaveProperty('assertion');
  });

  test('what the API tells is in force without a question', async () => {
    const url = await api.listen();
    api.policies = policies('r1', 'a');
    start({ url, interval: 3_600 });
    await told('Initial scheduling strategies fetched: 1 strategies');
    await until('a stream', () => api.streams.size === 1);
    for (let i = 2; i <= 200; i++) api.tell(policies(`r${i}`, 'a', `s${i}`));
    await until('the last', () => inForce.at(-1)?.[1] === 's200');
    expect(inForce).toHaveLength(200);
    expect(api.seen.filter((line) => line.endsWith('policies'))).toHaveLength(1);
  });

  test('the map is updated only when rules change', async () => {
    const url = await api.listen();
    api.policies = policies('r1', 'a');
    start({ url, interval: 3_600 });
    await until('a stream', () => api.streams.size === 1);
    api.tell({ ...policies('r2', 'a'), strategies: 7 });
    await told('Scheduling strategies updated: 7 strategies');
    api.tell(policies('r3', 'b'));
    await told('Updated strategy map with 1 strategies');
    await until('b', () => inForce.length === 2);
    expect(inForce).toEqual([['a'], ['b']]);
    expect(times('Updated strategy map')).toBe(2);
  });

  test('what is different is all that is told, and what follows from it is in force', async () => {
    const url = await api.listen();
    api.policies = policies('r1', 'a', 'b', 'c');
    start({ url, interval: 3_600 });
    await until('a stream', () => api.streams.size === 1);
    const put = [{ at: 1, rule: rule('d') }];
    api.tellChange({ from: 'r1', revision: 'r2', strategies: 3, removed: ['a'], put });
    await until('r2', () => inForce.length === 2);
    api.tellChange({ from: 'r2', revision: 'r3', strategies: 1, removed: ['b', 'c'], put: [] });
    await until('r3', () => inForce.length === 3);
    // Strategies that match nothing here.
    api.tellChange({ from: 'r3', revision: 'r4', strategies: 9, removed: [], put: [] });
    await told('Scheduling strategies updated: 9 strategies');
    expect(inForce).toEqual([['a', 'b', 'c'], ['b', 'd', 'c'], ['d']]);
  });

  test('nothing to be in force is no change', async () => {
    const url = await api.listen();
    start({ url });
    await told('Initial scheduling strategies fetched: 0 strategies');
    expect(inForce).toEqual([]);
  });

  test('what an earlier process left is replaced, also by nothing', async () => {
    const url = await api.listen();
    start({ url }, sink(true));
    await told('Updated strategy map with 0 strategies');
    expect(inForce).toEqual([[]]);
  });

  test('without a stream they are asked for every interval, by their ETag', async () => {
    const url = await api.listen();
    const etags: (string | undefined)[] = [];
    api.handlers.set(WATCH, (_request, response) => api.json(response, 503, { error: 'no streams here' }));
    api.handlers.set(POLICIES, (request, response) => {
      etags.push(request.headers['if-none-match']);
      api.givePolicies(request, response);
    });
    api.policies = policies('r1', 'a');
    start({ url });
    await until('two questions', () => etags.length > 1);
    api.policies = policies('r2', 'b');
    await until('b', () => inForce.length === 2);
    expect(etags.slice(0, 2)).toEqual([undefined, '"r1"']);
    expect(inForce).toEqual([['a'], ['b']]);
  });

  test('a stream that was cut is followed by a question at once, then by another stream', async () => {
    const url = await api.listen();
    start({ url });
    await until('a stream', () => api.streams.size === 1);
    await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
    const [first] = api.streams;
    api.policies = policies('r9', 'z');
    first.destroy();
    await until('z', () => inForce.length === 1);
    await until('another stream', () => api.streams.size === 1 && !api.streams.has(first));
  });

  test('tokens that end are renewed; one that is refused is asked for once more', async () => {
    const url = await api.listen();
    api.handlers.set(WATCH, (_request, response) => api.json(response, 503, {}));
    start({ url });
    await until('a token', () => api.tokens.length === 1);
    api.tokens.push('another server now');
    api.policies = policies('r2', 'a');
    await told('Updated strategy map with 1 strategies');
    expect(api.tokens).toHaveLength(3);
    expect(times('Failed')).toBe(0);
  });

  test('without authentication no token is sent', async () => {
    const url = await api.listen();
    const sent: unknown[] = [];
    api.handlers.set(POLICIES, (request, response) => {
      sent.push(request.headers.authorization);
      api.json(response, 200, policies('r1', 'a'));
    });
    start({ url, auth_enabled: false });
    await told('Updated strategy map with 1 strategies');
    expect(lines[1]).toBe('Started scheduling strategy fetcher without authentication, interval 1 seconds');
    expect(sent[0]).toBeUndefined();
  });

  test('an API of an earlier version is named once', async () => {
    const url = await api.listen();
    api.handlers.set(POLICIES, (_request, response) => api.json(response, 404, { message: 'Not Found' }));
    start({ url });
    await until('three questions', () => api.seen.filter((line) => line.endsWith('policies')).length === 3);
    expect(times('the API server is of an earlier version')).toBe(1);
  });

  test('a key that cannot be had: the scheduler goes on without the API', () => {
    start({ url: 'http://127.0.0.1:1', public_key_path: '/nonexistent/key.pem' });
    expect(client).toBeNull();
    expect(lines.slice(1)).toEqual([
      "Warning: Failed to initialize JWT client: ENOENT: no such file or directory, open '/nonexistent/key.pem'",
      'Scheduling strategy fetcher and metrics reporting will be disabled',
    ]);
  });
});

describe('what is wrong changes nothing', () => {
  const bad = (change: (good: NodePolicies) => unknown): string => JSON.stringify(change(policies('r2', 'b')));
  test.each([
    ['HTML', '<html>hello</html>', 'text/html'],
    ['nothing', '', 'application/json'],
    ['half of it', bad((good) => good).slice(0, -5), 'application/json'],
    ['null', 'null', 'application/json'],
    ['a list', '[]', 'application/json'],
    ['no rules', bad(({ rules, ...rest }) => rest), 'application/json'],
    ['another key', bad((good) => ({ ...good, more: 1 })), 'application/json'],
    ['a rule with a key too many', bad((good) => ({ ...good, rules: [{ ...rule('b'), x: 1 }] })), 'application/json'],
    ['priority 21', bad((good) => ({ ...good, rules: [rule('a'), rule('b', { priority: 21 })] })), 'application/json'],
    ['a slice of minus one', bad((good) => ({ ...good, rules: [rule('b', { sliceNs: -1 })] })), 'application/json'],
    ['a number as text', bad((good) => ({ ...good, rules: [{ ...rule('b'), sliceNs: '5' }] })), 'application/json'],
    ['10,003 rules', bad((good) => ({ ...good, rules: Array(10_003).fill(rule('b')) })), 'application/json'],
    [
      'a cgroup that is no number',
      bad((good) => ({ ...good, rules: [rule('b', { cgroups: ['x'] })] })),
      'application/json',
    ],
    ['rules that are refused', JSON.stringify(policies('r2', 'b', 'cursed')), 'application/json'],
    ['deep JSON', '['.repeat(100_000), 'application/json'],
  ])('%s', async (_name, text, type) => {
    const url = await api.listen();
    api.handlers.set(WATCH, (_request, response) => api.json(response, 503, {}));
    api.policies = policies('r1', 'a');
    start({ url });
    await told('Updated strategy map with 1 strategies');
    api.handlers.set(
      POLICIES,
      (_request, response) => void response.writeHead(200, { 'content-type': type }).end(text),
    );
    await until('a complaint', () => times('Failed to fetch scheduling strategies: ') > 0);
    await told('the strategies fetched before stay in force');
    expect(inForce).toEqual([['a']]);
    api.handlers.delete(POLICIES);
    api.policies = policies('r3', 'c');
    await until('c', () => inForce.length === 2);
    expect(inForce).toEqual([['a'], ['c']]);
  });

  test.each([
    'data: <html>\n\n',
    'event: policies\ndata: {"revision":"x"}\n\n',
    'event: policies\ndata: {}\n\n',
    'event: change\ndata: {}\n\n',
    'event: change\ndata: {"from":"r0","revision":"r2","strategies":0,"removed":[],"put":[]}\n\n',
    'event: change\ndata: {"from":"r1","revision":"r2","strategies":0,"removed":["x"],"put":[]}\n\n',
    'event: change\ndata: {"from":"r1","revision":"r2","strategies":0,"removed":[],"put":[{"at":2,"rule":{}}]}\n\n',
  ])('an event %j ends the stream, not what is in force', async (event) => {
    const url = await api.listen();
    api.policies = policies('r1', 'a');
    start({ url });
    await until('a stream', () => api.streams.size === 1);
    const [stream] = api.streams;
    stream.write(event);
    api.tell(policies('r2', 'b'));
    await until('b', () => inForce.length === 2);
    expect(inForce).toEqual([['a'], ['b']]);
  });
});

describe('counters', () => {
  test('are posted with the eleven keys, in their order', async () => {
    const url = await api.listen();
    start({ url });
    client?.report(counters);
    await told('Successfully sent metrics to API server');
    expect(api.metrics).toEqual([
      {
        contentType: 'application/json',
        text: '{"usersched_last_run_at":68650153424,"nr_queued":0,"nr_scheduled":0,"nr_running":1,"nr_online_cpus":2,"nr_user_dispatches":9,"nr_kernel_dispatches":5,"nr_cancel_dispatches":0,"nr_bounce_dispatches":0,"nr_failed_dispatches":0,"nr_sched_congested":0}',
      },
    ]);
  });

  test('an API that is away', async () => {
    const url = await api.listen();
    await api.close();
    start({ url });
    client?.report(counters);
    const { host } = new URL(url);
    await told(
      `Failed to send metrics: failed to send metrics request: failed to obtain JWT token: failed to send token request: Post "${url}/api/v1/auth/token": dial tcp ${host}: connect: connection refused`,
    );
  });

  test('those that come while others are on their way are not kept', async () => {
    const url = await api.listen();
    const waiting: (() => void)[] = [];
    api.handlers.set('/api/v1/metrics', (_request, response) => waiting.push(() => api.json(response, 200, {})));
    start({ url });
    client?.report(counters);
    await until('the first', () => waiting.length === 1);
    for (let i = 0; i < 100; i++) client?.report(counters);
    waiting[0]();
    await told('Successfully sent metrics to API server');
    client?.report(counters);
    await until('the next', () => waiting.length === 2);
    expect(waiting).toHaveLength(2);
  });
});
