// SPDX-License-Identifier: Apache-2.0
/** The routes that are new: one strategy by its id, rules for the scheduler, their stream. */
import {
  applyChange,
  isProtecting,
  type NodePolicies,
  PROTECTED_RULE_IDS,
  SCOPES,
  type StoredStrategy,
} from '@gthulhu/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Agent, startAgent, TIME } from './agent.ts';

const STRATEGIES = '/api/v1/scheduling/strategies';
const POLICIES = '/api/v1/scheduling/policies';
let agent: Agent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent.remove());
beforeEach(async () => {
  await agent.ask('DELETE', STRATEGIES);
});

const post = (...strategies: unknown[]) => agent.ask('POST', STRATEGIES, { body: { strategies } });
const stored = async () => ((await agent.ask('GET', STRATEGIES)).body as { strategies: StoredStrategy[] }).strategies;
/** Without those that keep strategies from what is protected: a machine with systemd has more of that than one without. */
const rulesOf = ({ rules }: NodePolicies) => rules.filter(({ id }) => !isProtecting(id));
const policies = async () => (await agent.ask('GET', POLICIES)).body as NodePolicies;

describe('the list', () => {
  test('is answered as it was sent, with ids and times, and comes back unchanged as itself', async () => {
    await post({ priority: 3, command_regex: '^a$', cpus: '0-1' }, { namespaces: ['x'], execution_time: 1_000_000 });
    const first = await stored();
    expect(first).toEqual([
      {
        id: expect.any(String),
        origin: 'node',
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        priority: 3,
        command_regex: '^a$',
        cpus: '0-1',
      },
      expect.objectContaining({ namespaces: ['x'], execution_time: 1_000_000 }),
    ]);
    await post(...first);
    expect(await stored()).toEqual(first);
  });

  test('warns of what will not do what it seems to', async () => {
    const { body } = await post({ pid: 7, priority: 1 }, { command_regex: 'a', priority: 1 });
    expect(body).toEqual({
      success: true,
      message: 'Scheduling strategies saved successfully',
      timestamp: TIME,
      warnings: [expect.stringMatching(/^strategies\[0\]: pid 7 is stored and listed, but not put in force/)],
      data: { revision: (await policies()).revision, strategies: 2 },
    });
    expect(rulesOf(await policies()).map(({ commandRegex }) => commandRegex)).toEqual(['a']);
  });

  test('names no more lists of CPUs than can be in force at once', async () => {
    const lists = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ command_regex: `^c${i}$`, cpus: `${i}` }));
    expect(await post(...lists(31), { priority: 1, cpus: '0' })).toMatchObject({ status: 200 });
    const before = await stored();
    const refused = { status: 400, body: { error: expect.stringMatching(/32 different lists of CPUs; at most 31/) } };
    expect(await post(...lists(32))).toMatchObject(refused);
    expect(await agent.ask('POST', '/api/v1/strategies', { body: { cpus: '0-1' } })).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/32 different lists/) },
    });
    expect(await stored()).toEqual(before);
  });

  test('is replaced whole or not at all', async () => {
    await post({ command_regex: 'before', priority: 1 });
    const before = await stored();
    expect(await post({ command_regex: 'after' }, { command_regex: '(?=x)' })).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/strategies\[1\]\.command_regex is not an RE2 expression/) },
    });
    expect(await stored()).toEqual(before);
  });

  test('is read in either spelling, and whatever the content type says', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x/y'])
      expect(
        await agent.ask('POST', STRATEGIES, {
          body: { strategies: [{ commandRegex: 'a', executionTime: 1_000_000 }] },
          headers: { 'content-type': type },
        }),
      ).toMatchObject({ status: 200 });
    expect(await stored()).toMatchObject([{ command_regex: 'a', execution_time: 1_000_000 }]);
  });
});

describe('one strategy', () => {
  const problem = (status: number, detail: RegExp) => ({
    status,
    body: { status, type: 'about:blank', success: false, detail: expect.stringMatching(detail) },
  });
  let one: StoredStrategy;
  beforeEach(async () => {
    await post({ command_regex: 'a', priority: 1 }, { command_regex: 'b', priority: 2 });
    [one] = await stored();
  });
  const path = () => `${STRATEGIES}/${one.id}`;

  test('is read, changed and removed', async () => {
    expect((await agent.ask('GET', path())).body).toMatchObject({ success: true, data: one });
    const changed = await agent.ask('PUT', path(), { body: { commandRegex: 'c', priority: 5 } });
    expect(changed).toMatchObject({
      status: 200,
      body: { data: { id: one.id, createdAt: one.createdAt, command_regex: 'c', priority: 5 } },
    });
    expect((await stored()).map(({ command_regex }) => command_regex)).toEqual(['c', 'b']);
    expect(await agent.ask('DELETE', path())).toMatchObject({ status: 200 });
    expect((await stored()).map(({ command_regex }) => command_regex)).toEqual(['b']);
    for (const method of ['GET', 'DELETE'])
      expect(await agent.ask(method, path())).toMatchObject(problem(404, /there is no strategy/));
    expect(await agent.ask('PUT', path(), { body: { pid: 1 } })).toMatchObject(problem(404, /there is no strategy/));
  });

  test('is not changed by those who have not seen what it is', async () => {
    const seen = (await agent.ask('GET', path())).headers.get('etag') as string;
    expect(await agent.ask('GET', path(), { headers: { 'if-none-match': seen } })).toMatchObject({ status: 304 });
    const put = (priority: number) =>
      agent.ask('PUT', path(), { body: { command_regex: 'a', priority }, headers: { 'if-match': seen } });
    expect(await put(3)).toMatchObject({ status: 200 });
    expect(await put(4)).toMatchObject(problem(409, /was changed meanwhile; read it again/));
    expect(await agent.ask('DELETE', path(), { headers: { 'if-match': seen } })).toMatchObject(
      problem(409, /was changed meanwhile/),
    );
    expect((await stored())[0].priority).toBe(3);
    expect(await agent.ask('DELETE', path(), { headers: { 'if-match': '*' } })).toMatchObject({ status: 200 });
  });

  test.each([
    [{ priority: 99 }, /priority: must be <= 20/],
    [{}, /is empty/],
    [{ command_regex: '(' }, /is not an RE2 expression/],
    [{ id: 'other', pid: 1 }, /id is other, the path says/],
  ])('%j is refused', async (body, detail) => {
    expect(await agent.ask('PUT', path(), { body })).toMatchObject(problem(400, detail));
    expect((await stored())[0]).toEqual(one);
  });
});

describe('rules for the scheduler', () => {
  const NOTHING = { priority: null, sliceNs: 0, cpus: null, cgroups: null };

  test('are all there is to do, the strongest first, and named by a revision', async () => {
    await post(
      { priority: 12 },
      { command_regex: '^a$', priority: true, execution_time: 1_000_000 },
      { namespaces: ['x'], cpus: '1' },
    );
    const { status, headers, body } = await agent.ask('GET', POLICIES);
    const ids = (await stored()).map(({ id }) => id);
    const { rules } = body as NodePolicies;
    const protectedUnits = rules.filter(({ id }) => id === PROTECTED_RULE_IDS.cgroups);
    expect(protectedUnits.length).toBeLessThanOrEqual(1);
    expect(status).toBe(200);
    expect(body).toEqual({
      revision: expect.stringMatching(/^[0-9a-f]{32}$/),
      strategies: 3,
      rules: [
        ...protectedUnits.map(({ id, cgroups }) => ({ id, ...NOTHING, commandRegex: '', cgroups })),
        { id: PROTECTED_RULE_IDS.commands, ...NOTHING, commandRegex: '^(?:gthulhu)$' },
        { id: ids[1], priority: 1, sliceNs: 1_000_000, cpus: null, commandRegex: '^a$', cgroups: null },
        { id: ids[0], priority: 12, sliceNs: 0, cpus: null, commandRegex: '', cgroups: null },
      ],
    });
    const etag = headers.get('etag') as string;
    expect(etag).toBe(`"${(body as NodePolicies).revision}"`);
    expect(await agent.ask('GET', POLICIES, { headers: { 'if-none-match': etag } })).toMatchObject({
      status: 304,
      body: '',
    });
    await post({ priority: 13 });
    expect(await agent.ask('GET', POLICIES, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 200 });
  });

  test('name a unit before it comes, unless it is protected', async () => {
    const of = (value: string) => ({ selectors: [{ key: 'unit', value }], priority: 3 });
    await post(of('job.scope'), of('sshd.service'), { selectors: [{ key: 'app', value: 'job.scope' }], priority: 3 });
    const [{ id }] = await stored();
    expect(rulesOf(await policies())).toEqual([
      {
        id,
        priority: 3,
        sliceNs: 0,
        cpus: null,
        commandRegex: '',
        cgroups: [],
        units: [{ slice: '', name: 'job.scope' }],
      },
    ]);
  });

  /** One event after the other. */
  async function follow(query: string, signal: AbortSignal): Promise<() => Promise<{ event: string; data: never }>> {
    const answer = await fetch(`${agent.url}${POLICIES}?${query}`, {
      headers: { authorization: `Bearer ${await agent.token()}` },
      signal,
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    return async () => {
      for (;;) {
        const found = /^event: (\w+)\nid: (\w+)\ndata: (.*)\n\n/.exec(text);
        if (found !== null) {
          text = text.slice(found[0].length);
          const data = JSON.parse(found[3]) as { revision: string };
          expect(data.revision).toBe(found[2]);
          return { event: found[1], data: data as never };
        }
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`);
        text += value;
      }
    };
  }

  test('are told as a stream: at once, and at each change', async () => {
    await post({ command_regex: 'first', priority: 1 });
    const controller = new AbortController();
    const next = await follow('watch=1', controller.signal);
    const told = async (): Promise<string> => {
      const { event, data } = await next();
      expect(event).toBe('policies');
      return rulesOf(data)[0].commandRegex;
    };
    expect(await told()).toBe('first');
    await post({ command_regex: 'second', priority: 1 });
    expect(await told()).toBe('second');
    // The same again is no change.
    await post({ command_regex: 'second', priority: 1 });
    await post({ command_regex: 'third', priority: 1 });
    expect(await told()).toBe('third');
    const shown = async (): Promise<string> => (await agent.ask('GET', '/metrics', { token: null })).body as string;
    expect(await shown()).toContain('\ngthulhu_agent_policy_streams 1\n');
    controller.abort();
    while (!(await shown()).includes('\ngthulhu_agent_policy_streams 0\n'))
      await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('are told by what is different, to whoever asks for that', async () => {
    await post(...Array.from({ length: 50 }, (_, i) => ({ command_regex: `^s${i}$`, priority: 12 })));
    const controller = new AbortController();
    const next = await follow('watch=1&changes=1', controller.signal);
    const first = await next();
    expect(first.event).toBe('policies');
    let known: NodePolicies = first.data;
    const change = async (): Promise<number> => {
      const { event, data } = await next();
      expect(event).toBe('change');
      known = applyChange(known, data);
      expect(known).toEqual(await policies());
      return JSON.stringify(data).length;
    };
    const added = await agent.ask('POST', '/api/v1/strategies', { body: { command_regex: '^new$', priority: 3 } });
    expect(await change()).toBeLessThan(500);
    const { id } = (added.body as { data: { id: string } }).data;
    await agent.ask('PUT', `${STRATEGIES}/${id}`, { body: { command_regex: '^new$', priority: 15 } });
    expect(await change()).toBeLessThan(600);
    await agent.ask('DELETE', `${STRATEGIES}/${id}`);
    expect(await change()).toBeLessThan(300);
    // What is different in most of them is told whole.
    await post({ command_regex: 'x', priority: 1 });
    expect(await next()).toMatchObject({ event: 'policies', data: await policies() });
    controller.abort();
    expect(await agent.ask('GET', `${POLICIES}?watch=1&changes=yes`)).toMatchObject({ status: 400 });
  });

  test('streams are not without number', async () => {
    const authorization = `Bearer ${await agent.token()}`;
    const controller = new AbortController();
    const open = () =>
      fetch(`${agent.url}${POLICIES}?watch=1`, { headers: { authorization }, signal: controller.signal });
    const opened = await Promise.all(Array.from({ length: 64 }, open));
    expect(opened.every(({ status }) => status === 200)).toBe(true);
    expect(await agent.ask('GET', `${POLICIES}?watch=1`)).toMatchObject({ status: 503, body: { success: false } });
    controller.abort();
  });
});

describe('tokens', () => {
  const TOKEN = '/api/v1/auth/token';
  const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const exchange = (assertion: string, more: object = {}) =>
    agent.ask('POST', TOKEN, { token: null, body: { grant_type: GRANT, assertion, ...more } });

  test('are for the scopes that were asked for, and each route looks', async () => {
    const need: readonly [string, string, string][] = [
      ['GET', STRATEGIES, 'strategies:read'],
      ['GET', POLICIES, 'strategies:read'],
      ['POST', STRATEGIES, 'strategies:write'],
      ['DELETE', STRATEGIES, 'strategies:write'],
      ['DELETE', `${STRATEGIES}/x`, 'strategies:write'],
      ['GET', '/api/v1/metrics', 'metrics:read'],
      ['POST', '/api/v1/metrics', 'metrics:write'],
      ['GET', '/api/v1/pods/pids', 'workloads:read'],
    ];
    for (const scope of SCOPES) {
      const token = await agent.token(scope);
      for (const [method, path, needed] of need) {
        const { status, body, headers } = await agent.ask(method, path, { token });
        expect([scope, method, path, status === 403]).toEqual([scope, method, path, needed !== scope]);
        if (status !== 403) continue;
        expect(body).toMatchObject({ success: false, error: expect.stringContaining(needed) });
        expect(headers.get('www-authenticate')).toContain('insufficient_scope');
      }
    }
  });

  test('an assertion is good once, in the form of RFC 7523 too', async () => {
    agent.register();
    const assertion = await agent.assertion();
    const form = new URLSearchParams({ grant_type: GRANT, assertion }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await agent.ask('POST', TOKEN, { token: null, body: form, headers })).toMatchObject({ status: 200 });
    expect(await exchange(assertion)).toMatchObject({
      status: 401,
      body: { success: false, error: 'Client assertion was refused: it was used before: its jti is good once' },
    });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['expired', { iat: 1, exp: 2 }, /expired/],
    ['early', { iat: 9e9, exp: 9e9 + 10 }, /not valid yet/],
    ['for somebody else', { aud: 'other' }, /another audience/],
    ['of nobody', { iss: 'nobody', sub: 'nobody' }, /not signed by the registered key/],
  ])('an assertion %s is refused', async (_, claims, error) => {
    agent.register();
    expect(await exchange(await agent.assertion(claims))).toMatchObject({
      status: 401,
      body: { error: expect.stringMatching(error) },
    });
  });

  test('a client that is no longer registered gets none, and its file is looked at', async () => {
    const { chmodSync, rmSync } = await import('node:fs');
    agent.register('leaves');
    const pem = `${agent.state}/clients/leaves.pem`;
    expect(await exchange(await agent.assertion({}, 'leaves'))).toMatchObject({ status: 200 });
    chmodSync(pem, 0o666);
    expect(await exchange(await agent.assertion({}, 'leaves'))).toMatchObject({ status: 401 });
    expect(agent.log.at(-1)?.msg).toMatch(/the registered key of client leaves cannot be used: .*has mode 0666/);
    rmSync(pem);
    expect(await exchange(await agent.assertion({}, 'leaves'))).toMatchObject({ status: 401 });
  });

  test('the public key gives none unless that is asked for', async () => {
    const answer = await agent.ask('POST', TOKEN, { token: null, body: { public_key: 'x' } });
    expect(answer).toMatchObject({
      status: 401,
      body: { error: expect.stringMatching(/takes signed assertions only/) },
    });
  });

  test.each([[{ scope: 'everything' }], [{ scope: 'strategies:read  ' }], [{ more: 1 }], [{ grant_type: 'password' }]])(
    'a request with %j is refused',
    async (more) => {
      agent.register();
      expect(await exchange(await agent.assertion(), more)).toMatchObject({ status: 400, body: { success: false } });
    },
  );
});
