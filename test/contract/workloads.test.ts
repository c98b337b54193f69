// SPDX-License-Identifier: Apache-2.0
/** Workloads, previews and explanations, on cgroups of this machine where it lets us make some. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cgroupIdOf, findCgroupMounts } from '@gthulhu/workloads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from './agent.ts';

const STRATEGIES = '/api/v1/scheduling/strategies';
const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const { unified } = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const ROOT = `${unified}/gthulhu-contract-${process.pid}-kubepods.slice`;
const POD = `${ROOT}/kubepods-pod${UID.replaceAll('-', '_')}.slice`;
const ID = 'b'.repeat(64);
const CONTAINER = `${POD}/crio-${ID}.scope`;

function whyNoCgroups(): string | null {
  if (process.env.CI === 'true') return null;
  try {
    mkdirSync(CONTAINER, { recursive: true });
    return existsSync(`${CONTAINER}/cgroup.procs`) ? null : 'no cgroup v2';
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const folder of [CONTAINER, POD, ROOT]) if (existsSync(folder)) rmdirSync(folder);
  }
}

let agent: Agent;
beforeAll(async () => {
  agent = await startAgent({ protectedCommands: ['sshd', 'sleep'] });
});
afterAll(() => agent.remove());

interface Rules {
  rules: { id: string; cgroups: string[] | null }[];
}
const rules = async () => ((await agent.ask('GET', '/api/v1/scheduling/policies')).body as Rules).rules;

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`it never came:\n${agent.output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const why = whyNoCgroups();
describe.skipIf(why !== null)(`on cgroups of this machine${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test('a pod that comes after its strategy is meant, listed, explained, previewed and gone', async () => {
    const strategy = { selectors: [{ key: 'runtime', value: 'cri-o' }], priority: 4 };
    const body = (await agent.ask('POST', '/api/v1/strategies', { body: strategy })).body as { data: { id: string } };
    const { id } = body.data;
    expect((await rules()).some((rule) => rule.id === id)).toBe(false);

    mkdirSync(CONTAINER, { recursive: true });
    const sleeper = spawn('sleep', ['300']);
    try {
      const pid = sleeper.pid as number;
      writeFileSync(`${CONTAINER}/cgroup.procs`, `${pid}`);
      const meant = await until(async () => (await rules()).find((rule) => rule.id === id) ?? null);
      // The pod's cgroup, so that its next container is covered before it runs.
      expect(meant.cgroups).toEqual([cgroupIdOf(POD)]);

      const listed = (await agent.ask('GET', '/api/v1/workloads?label=runtime=cri-o')).body;
      expect(listed).toMatchObject({
        data: {
          source: 'cgroups',
          workloads: [{ uid: UID, strategyId: id, protectedBy: null, containers: [{ id: ID }] }],
        },
      });
      expect((await agent.ask('GET', `/api/v1/workloads?uid=${UID}&processes=1`)).body).toMatchObject({
        data: { workloads: [{ uid: UID, pids: [pid] }] },
      });
      for (const filter of [
        'uid=other',
        'namespace=other',
        'label=runtime=docker',
        'label=no',
        'label=runtime&namespace=x',
      ])
        expect((await agent.ask('GET', `/api/v1/workloads?${filter}`)).body).toMatchObject({ data: { workloads: [] } });

      expect((await agent.ask('GET', `/api/v1/explain?pid=${pid}`)).body).toMatchObject({
        data: {
          task: { pid, process: pid, command: 'sleep' },
          workload: { uid: UID, container: ID.slice(0, 12) },
          matching: { strategyId: id, priority: 4, reason: `strategy ${id} means workload ${UID}` },
          kernel: null,
          kernelMissing: expect.stringMatching(/no scheduler answers on .*scheduler\.sock; start/),
          agree: null,
        },
      });

      const other = { ...strategy, priority: 9, command_regex: 'sl' };
      expect((await agent.ask('POST', '/api/v1/strategies/preview', { body: other })).body).toMatchObject({
        data: {
          strategies: [{ id: 'new-0', commands: 1, matches: [{ containers: [{ threads: 1, matchingThreads: 1 }] }] }],
          changes: [{ uid: UID, before: { strategyId: id }, after: { commandStrategyIds: ['new-0'] } }],
        },
      });
      const rival = { ...strategy, priority: 5 };
      expect((await agent.ask('POST', '/api/v1/strategies/preview', { body: rival })).body).toMatchObject({
        data: {
          strategies: [{ loses: 1, matches: [{ loss: { to: id, because: 'priority' } }] }],
          changed: 0,
          conflicts: [{ strategyId: 'new-0', to: id }],
        },
      });
      // Rows for older schedulers: one for each process.
      const { scheduling } = (await agent.ask('GET', STRATEGIES)).body as { scheduling: object[] };
      expect(scheduling).toEqual([{ pid, priority: 4, execution_time: 0, selectors: strategy.selectors }]);
      const pods = (await agent.ask('GET', '/api/v1/pods/pids')).body as { pods: { pod_uid: string }[] };
      expect(pods.pods.find(({ pod_uid }) => pod_uid === UID)).toMatchObject({ container_id: ID, pod_name: '' });
    } finally {
      const ended = new Promise((resolve) => sleeper.once('exit', resolve));
      sleeper.kill('SIGKILL');
      await ended;
      for (const folder of [CONTAINER, POD, ROOT]) rmdirSync(folder);
    }
    await until(async () => ((await rules()).some((rule) => rule.id === id) ? null : true));
    await agent.ask('DELETE', STRATEGIES);
  });
});

test('the protected are passed by, and a strategy about everything says so', async () => {
  const sleeper = spawn('sleep', ['300']);
  try {
    const body = { command_regex: '.*', priority: 1, maxDuration: '1h' };
    const { data } = (await agent.ask('POST', '/api/v1/strategies', { body })).body as {
      data: { id: string; endsAt: string; createdAt: string };
    };
    expect(Date.parse(data.endsAt) - Date.parse(data.createdAt)).toBe(3_600_000);
    expect((await rules()).map(({ id }) => id).slice(-2)).toEqual(['protected-commands', data.id]);
    expect((await agent.ask('GET', `/api/v1/explain?pid=${sleeper.pid}`)).body).toMatchObject({
      data: { matching: { strategyId: null, protectedBy: 'its command sleep is in the list' } },
    });
    const preview = (await agent.ask('POST', '/api/v1/strategies/preview', { body })).body as {
      data: { strategies: { processes: number; protectedProcesses: number }[] };
    };
    expect(preview.data.strategies[0].protectedProcesses).toBeGreaterThan(0);
  } finally {
    sleeper.kill('SIGKILL');
    await agent.ask('DELETE', STRATEGIES);
  }
});

test('a strategy ends by itself: gone from the rules, told in the log, and still in the list', async () => {
  const body = { command_regex: 'x', priority: 1, maxDuration: '1s' };
  const { data } = (await agent.ask('POST', '/api/v1/strategies', { body })).body as { data: { id: string } };
  expect((await rules()).some(({ id }) => id === data.id)).toBe(true);
  await until(async () => ((await rules()).some(({ id }) => id === data.id) ? null : true));
  expect(agent.output).toContain(`strategy ${data.id} has come to its end`);
  expect((await agent.ask('GET', STRATEGIES)).body).toMatchObject({ strategies: [{ id: data.id, maxDuration: '1s' }] });
  await agent.ask('DELETE', STRATEGIES);
});

test('one strategy is added to the others', async () => {
  await agent.ask('POST', STRATEGIES, { body: { strategies: [{ command_regex: 'a', priority: 1 }] } });
  const added = await agent.ask('POST', '/api/v1/strategies', { body: { command_regex: 'b', priority: 2 } });
  expect(added).toMatchObject({ status: 201, body: { data: { command_regex: 'b' } } });
  const place = added.headers.get('location') as string;
  expect(await agent.ask('GET', place)).toMatchObject({ status: 200, body: { data: { priority: 2 } } });
  expect((await agent.ask('GET', place)).headers.get('etag')).toBe(added.headers.get('etag'));
  expect((await rules()).length).toBeGreaterThanOrEqual(2);
  const named = { id: place.slice(place.lastIndexOf('/') + 1), priority: 2 };
  expect(await agent.ask('POST', '/api/v1/strategies', { body: named })).toMatchObject({
    status: 400,
    body: { title: 'Bad Request', detail: expect.stringMatching(/id is given/) },
  });
  await agent.ask('DELETE', STRATEGIES);
});

test('a preview stores nothing, and counts the protected of a strategy about everything', async () => {
  const { body } = await agent.ask('POST', '/api/v1/strategies/preview', {
    body: { command_regex: '.*', priority: 3 },
  });
  const { strategies } = (body as { data: { strategies: { processes: number }[] } }).data;
  expect(strategies[0].processes).toBeGreaterThan(0);
  expect((await agent.ask('GET', STRATEGIES)).body).toMatchObject({ strategies: [] });
});

test.each<[string, string, unknown, number, RegExp]>([
  ['POST', '/api/v1/strategies/preview', { command_regex: '(' }, 400, /is not an RE2 expression/],
  ['POST', '/api/v1/strategies/preview', { strategies: [{}], replace: 1 }, 400, /replace must be/],
  ['POST', '/api/v1/strategies/preview', { strategies: [{ id: 'x', priority: 1 }] }, 400, /no stored strategy is x/],
  [
    'POST',
    '/api/v1/strategies/preview',
    { strategies: Array.from({ length: 1_001 }, () => ({ priority: 1 })) },
    400,
    /at most 1000/,
  ],
  ['POST', '/api/v1/strategies/preview', { selectors: [{ key: 'k', value: 'v'.repeat(1e6) }] }, 400, /value/],
  ['GET', '/api/v1/explain', undefined, 400, /pid must be a number/],
  ['GET', '/api/v1/explain?pid=1&pid=2', undefined, 400, /pid must be a number/],
  ['GET', '/api/v1/explain?pid=4194304', undefined, 404, /there is no task 4194304/],
  ['GET', '/api/v1/workloads?label=', undefined, 400, /has no key/],
  ['GET', '/api/v1/workloads?processes=all', undefined, 400, /processes must be 1/],
  [
    'POST',
    '/api/v1/strategies/preview',
    { strategies: Array.from({ length: 32 }, (_, i) => ({ cpus: `${i}`, priority: 1 })) },
    400,
    /32 different lists of CPUs; at most 31/,
  ],
  ['GET', '/api/v1/workloads?limit=-1', undefined, 400, /limit must be/],
  ['GET', '/api/v1/workloads?labels=a', undefined, 400, /there is no filter "labels"/],
])('%s %s of %o is refused', async (method, path, body, status, detail) => {
  const options = body === undefined ? {} : { body };
  expect(await agent.ask(method, path, options)).toMatchObject({
    status,
    body: { status, detail: expect.stringMatching(detail) },
  });
});
