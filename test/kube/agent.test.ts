// SPDX-License-Identifier: Apache-2.0
/** The built node API on a real API server: pods, strategies of the cluster, and what happens when it is gone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ExplanationAnswer,
  type HealthAnswer,
  NODE_API_PATHS,
  type NodePolicies,
  type PreviewAnswer,
  STATE_FILES,
  type StoredStrategy,
  type StrategiesAnswer,
} from '@gthulhu/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Agent, newFolder, type Settings } from '../contract/agent.ts';
import { whyNoAgent } from '../fault/agent-process.ts';
import { makeBoundNode, makeBoundPod } from './rig/bound-node.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { type FaultProxy, startFaultProxy } from './rig/fault-proxy.ts';
import { makeNamespace, type Namespace } from './rig/namespace.ts';
import { makePodCgroup, type PodCgroup, whyNoCgroups } from './rig/pod-cgroup.ts';
import { waitFor } from './rig/program.ts';
import { type TokenKubeconfig, writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster() ?? whyNoAgent() ?? whyNoCgroups();
const root = fileURLToPath(new URL('../../', import.meta.url));
const KEY = 'strategies.yaml';
const MAP = 'gthulhu-strategies';
const CONTAINER = 'c'.repeat(64);
const web = (priority: number): string =>
  `strategies:\n  - selectors: [{key: app, value: web}]\n    priority: ${priority}\n`;

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'an agent of a cluster', () => {
  let plane: ControlPlane;
  let space: Namespace;
  let proxy: FaultProxy;
  let kubeconfig: TokenKubeconfig;
  let nodeName: string;
  let node: { end(): Promise<void> };
  let settings: Settings;
  const agents: Agent[] = [];
  const cgroups: PodCgroup[] = [];

  beforeEach(async () => {
    plane = await cluster();
    space = await makeNamespace(plane);
    proxy = await startFaultProxy(plane);
    const { token } = await space.account([
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['configmaps'], resourceNames: [MAP], verbs: ['list', 'watch'] },
    ]);
    kubeconfig = writeTokenKubeconfig(plane, token, { server: proxy.url });
    nodeName = `node-${randomBytes(4).toString('hex')}`;
    node = await makeBoundNode(plane, nodeName);
    settings = {
      folder: newFolder(),
      environment: { NODE_NAME: nodeName },
      workloads: { source: 'kubernetes' },
      kubernetes: { kubeconfig: kubeconfig.path, strategies: { configMap: `${space.name}/${MAP}` } },
    };
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.remove();
    for (const one of cgroups.splice(0)) await one.end();
    await proxy.close();
    await node.end();
    await space.end();
  });

  const start = async (more: Settings = {}): Promise<Agent> => {
    const agent = new Agent({ ...settings, ...more });
    agents.push(agent);
    return agent.started();
  };
  const maps = (): string => `${space.path}/configmaps`;
  const makeMap = (text: string): Promise<unknown> =>
    plane.admin.create(maps(), { metadata: { name: MAP }, data: { [KEY]: text } });
  const changeMap = (data: object): Promise<unknown> => plane.admin.patch(`${maps()}/${MAP}`, { data });
  /** A pod of this node, as a kubelet would report it, with its cgroups here. */
  const makePod = async (name: string, app: string): Promise<PodCgroup> => {
    const uid = await makeBoundPod(plane, space.path, { name, app, nodeName, containerId: CONTAINER });
    const cgroup = makePodCgroup(uid, CONTAINER);
    cgroups.push(cgroup);
    return cgroup;
  };

  const health = async (agent: Agent): Promise<HealthAnswer> =>
    (await agent.ask('GET', NODE_API_PATHS.health, { token: null })).body as HealthAnswer;
  const rules = async (agent: Agent): Promise<NodePolicies['rules']> =>
    ((await agent.ask('GET', NODE_API_PATHS.policies)).body as NodePolicies).rules.filter(
      ({ id }) => !id.startsWith('protected-'),
    );
  const strategies = async (agent: Agent): Promise<StoredStrategy[]> =>
    ((await agent.ask('GET', NODE_API_PATHS.strategies)).body as StrategiesAnswer).strategies;
  const until = (what: string, agent: Agent, holds: () => Promise<boolean>): Promise<void> =>
    waitFor(what, holds, [], 30_000).catch(async (error) => {
      const known = (await agent.ask('GET', NODE_API_PATHS.workloads)).body;
      throw new Error(
        [error.message, agent.output, JSON.stringify(await health(agent)), JSON.stringify(known)].join('\n'),
        { cause: error },
      );
    });
  const priorities = async (agent: Agent): Promise<(number | null)[]> =>
    (await rules(agent)).map(({ priority }) => priority);
  const metric = async (agent: Agent, line: RegExp): Promise<number> => {
    const text = (await agent.ask('GET', NODE_API_PATHS.prometheus, { token: null })).body as string;
    return Number(line.exec(text)?.[1]);
  };
  const warnings = (agent: Agent, about: RegExp): string[] =>
    agent.log.filter(({ level, msg }) => level === 'warn' && about.test(msg)).map(({ msg }) => msg);
  /** What a person sees. */
  const command = (agent: Agent, ...args: string[]) =>
    spawnSync(join(root, 'bin/gthulhu'), [...args, '--state-folder', agent.state], { encoding: 'utf8' });

  test('others are answered while the largest ConfigMap is read', async () => {
    const agent = await start();
    const text = Array.from({ length: 10_000 }, (_, i) => `  - namespaces: [a${i}]\n    priority: ${i % 21}\n`).join(
      '',
    );
    await makeMap(`strategies:\n${text}`);
    let answered = 0;
    while ((await health(agent)).clusterStrategies?.strategies !== 10_000) answered++;
    // Before the event comes there may be some; whoever reads it himself answers nobody after that.
    expect(answered).toBeGreaterThan(100);
    expect((await health(agent)).clusterStrategies).toMatchObject({ state: 'applied', note: '' });

    // One that is wrong at its very end is refused with its place, and nothing of it is in force.
    await changeMap({ [KEY]: `strategies:\n${text.slice(0, text.lastIndexOf('  - '))}  - pid: 7\n` });
    const place = `${KEY}:20000:10: strategies[9999].pid: `;
    const refused = async (): Promise<boolean> =>
      (await health(agent)).clusterStrategies?.note.includes(place) ?? false;
    await waitFor('the refusal', refused, [], 120_000);
    expect((await health(agent)).clusterStrategies).toMatchObject({ state: 'refused', strategies: 10_000 });
  });

  test('strategies of the ConfigMap are in force beside posted ones, and go before equally specific ones', async () => {
    await makeMap(web(15));
    const pod = await makePod('web', 'web');
    const agent = await start();
    await until('the rule', agent, async () => (await rules(agent)).length === 1);
    const [shared] = await strategies(agent);
    expect(shared).toMatchObject({ origin: 'cluster', priority: 15 });
    expect(await rules(agent)).toMatchObject([{ id: shared.id, priority: 15, cgroups: [pod.cgroupId] }]);

    const posted = { selectors: [{ key: 'app', value: 'web' }], priority: 0 };
    const body = (await agent.ask('POST', NODE_API_PATHS.newStrategy, { body: posted })).body;
    const { id } = (body as { data: StoredStrategy }).data;
    expect(await priorities(agent)).toEqual([15]);
    const explained = (await agent.ask('GET', `${NODE_API_PATHS.explain}?pid=${pod.pid}`)).body as ExplanationAnswer;
    expect(explained.data).toMatchObject({
      workload: { namespace: space.name, name: 'web', container: 'main', labels: { app: 'web' } },
      matching: {
        strategyId: shared.id,
        origin: 'cluster',
        reason: expect.stringContaining(`of ConfigMap ${space.name}/${MAP} means workload web`),
        losers: [{ strategyId: id, origin: 'node', to: shared.id, toOrigin: 'cluster', because: 'origin' }],
      },
    });
    const told = command(agent, 'explain', `${space.name}/web`);
    expect(told.stdout).toMatch(new RegExp(`strategy +${shared.id} \\(cluster\\)`));
    expect(command(agent, 'strategies', 'list').stdout).toMatch(new RegExp(`${shared.id} +cluster +15 `));

    // A narrower one that was posted goes before it.
    const narrower = { ...posted, namespaces: [space.name] };
    const preview = await agent.ask('POST', NODE_API_PATHS.preview, {
      body: { strategies: [narrower], replace: true },
    });
    expect((preview.body as PreviewAnswer).data).toMatchObject({
      strategies: [{ origin: 'node', applies: 1 }],
      changes: [{ name: 'web', before: { strategyId: shared.id }, after: { strategyId: 'new-0' } }],
    });
    const again = await agent.ask('POST', NODE_API_PATHS.preview, { body: { strategies: [posted], replace: true } });
    expect((again.body as PreviewAnswer).data).toMatchObject({
      strategies: [{ loses: 1, matches: [{ loss: { to: shared.id, toOrigin: 'cluster', because: 'origin' } }] }],
      changed: 0,
    });
  });

  test('nobody changes or removes them through the node API', async () => {
    await makeMap(web(5));
    await makePod('web', 'web');
    const agent = await start();
    await until('the rule', agent, async () => (await rules(agent)).length === 1);
    const [shared] = await strategies(agent);
    const path = NODE_API_PATHS.strategy.replace('{id}', shared.id);
    const body = { command_regex: 'x', priority: 1 };
    for (const answer of [
      await agent.ask('PUT', path, { body }),
      await agent.ask('DELETE', path),
      await agent.ask('POST', NODE_API_PATHS.preview, { body: { ...body, id: shared.id } }),
    ]) {
      expect(answer.status).toBe(409);
      expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
      expect((answer.body as { detail: string }).detail).toContain(`of ConfigMap ${space.name}/${MAP}`);
    }
    const changed = await agent.ask('POST', NODE_API_PATHS.strategies, {
      body: { strategies: [{ ...shared, priority: 1 }] },
    });
    expect(changed).toMatchObject({ status: 409, body: { success: false } });
    expect(await strategies(agent)).toEqual([shared]);
    // As it was answered it may come back; it is not stored by that.
    const back = await agent.ask('POST', NODE_API_PATHS.strategies, { body: { strategies: [shared, body] } });
    expect(back).toMatchObject({ status: 200, body: { data: { strategies: 1 } } });
    expect((await strategies(agent)).map(({ origin }) => origin)).toEqual(['node', 'cluster']);
    const all = await agent.ask('DELETE', NODE_API_PATHS.strategies);
    expect(all.body).toMatchObject({ message: expect.stringContaining(`1 of ConfigMap ${space.name}/${MAP} stay`) });
    expect(await strategies(agent)).toEqual([shared]);
    expect(command(agent, 'strategies', 'delete', shared.id)).toMatchObject({ status: 5 });
    expect(command(agent, 'strategies', 'delete', '--all').stdout).toBe(
      `all stored strategies deleted; 1 of ConfigMap ${space.name}/${MAP} stay\n`,
    );
    await plane.admin.remove(`${maps()}/${MAP}`);
    await until('them to go', agent, async () => (await strategies(agent)).length === 0);
    expect(await health(agent)).toMatchObject({ clusterStrategies: { state: 'absent', inForce: null, strategies: 0 } });
  });

  test('a text that cannot be used leaves the last good one in force, and says so once', async () => {
    await makeMap(web(5));
    await makePod('web', 'web');
    const agent = await start();
    await until('the rule', agent, async () => (await priorities(agent))[0] === 5);
    await changeMap({ [KEY]: `${web(3)}  - command_regex: "("\n` });
    await until('the refusal', agent, async () => (await health(agent)).clusterStrategies?.state === 'refused');
    const where = `ConfigMap ${space.name}/${MAP} is refused: strategies.yaml:4:20: strategies[1].command_regex: is not`;
    expect((await health(agent)).clusterStrategies).toMatchObject({
      ...{ inForce: 'cluster', strategies: 1, ageSeconds: 0, note: expect.stringContaining(where) },
    });
    expect(await priorities(agent)).toEqual([5]);
    expect(await metric(agent, /^gthulhu_agent_cluster_strategies_refused (\d)$/m)).toBe(1);
    const told = command(agent, 'status');
    expect(told.stdout).toMatch(/from cluster +1 of ConfigMap .*REFUSED, the last good one is in force\): .*4:20/);
    expect(told.status).toBe(6);
    // Seen again in a list after the connection broke: said once all the same.
    proxy.cut();
    await waitFor('the watches', () => proxy.seen.filter(({ watch }) => watch).length >= 4, [], 30_000);
    expect(warnings(agent, /is refused/)).toHaveLength(1);
    // With a bad one among good ones the whole text is refused, and a good one heals it.
    await changeMap({ [KEY]: web(7) });
    await until('the change', agent, async () => (await priorities(agent))[0] === 7);
    expect(await health(agent)).toMatchObject({ clusterStrategies: { state: 'applied', note: '' } });
    expect(await metric(agent, /^gthulhu_agent_cluster_strategies_refused (\d)$/m)).toBe(0);
  });

  test('after a restart while the API server is down the last state is in force, and its age is told', async () => {
    await makeMap(web(5));
    const pod = await makePod('web', 'web');
    const first = await start();
    await first.ask('POST', NODE_API_PATHS.newStrategy, { body: { command_regex: '^stored$', priority: 9 } });
    await until('the rules', first, async () => (await rules(first)).length === 2);
    const before = (await first.ask('GET', NODE_API_PATHS.policies)).body as NodePolicies;
    const listed = await strategies(first);
    expect(await first.stop()).toBe(0);
    const files = [STATE_FILES.pods, STATE_FILES.clusterStrategies].map((name) => join(first.state, name));
    const hourAgo = Date.now() / 1_000 - 3_900;
    for (const file of files) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      utimesSync(file, hourAgo, hourAgo);
    }

    let second!: Agent;
    await plane.restartApi(async () => {
      second = await start();
      // From its first answer on, so that no scheduler is told of anything less.
      expect((await second.ask('GET', NODE_API_PATHS.policies)).body).toEqual(before);
      expect(await strategies(second)).toEqual(listed);
      await until('the failures', second, async () => {
        const { workloads, clusterStrategies } = await health(second);
        return [workloads.note, clusterStrategies?.note].every((note) => note?.includes('reached'));
      });
      const { workloads, clusterStrategies } = await health(second);
      expect(workloads).toMatchObject({ source: 'kubernetes', state: 'degraded' });
      expect(workloads.note).toMatch(/can't be reached.*; the pods are those kept on disk 65 min ago$/);
      expect(clusterStrategies).toMatchObject({ state: 'waiting', inForce: 'disk', strategies: 1 });
      expect(clusterStrategies?.note).toContain("can't be reached");
      for (const age of [workloads.ageSeconds, clusterStrategies?.ageSeconds, await metric(second, AGE_OF_PODS)]) {
        expect(age).toBeGreaterThanOrEqual(3_900);
        expect(age).toBeLessThan(4_200);
      }
      expect(await metric(second, /^gthulhu_agent_state_current\{of="strategies".*\} (\d)$/m)).toBe(0);
      const told = command(second, 'status');
      expect(told.stdout).toMatch(/from cluster +1 of ConfigMap .*, kept on disk \(.*, of 6\d min ago\): .*reached/);
      expect(told.stdout).toMatch(/workloads +\d+, from kubernetes \(degraded, of 6\d min ago\): .*reached/);
      expect(told.status).toBe(6);
      // What comes meanwhile on this node is found all the same.
      const explained = await second.ask('GET', `${NODE_API_PATHS.explain}?pid=${pod.pid}`);
      expect((explained.body as ExplanationAnswer).data.workload).toMatchObject({ name: 'web', container: 'main' });
      await waitFor(
        'the lines',
        () => warnings(second, /^(workloads|strategies of ConfigMap .*): .*reached/).length === 2,
      );
    });
    await changeMap({ [KEY]: web(6) });
    await until('the change', second, async () => (await priorities(second)).includes(6));
    await until('all to be of now', second, async () => {
      const { workloads, clusterStrategies } = await health(second);
      return workloads.ageSeconds === 0 && clusterStrategies?.ageSeconds === 0;
    });
    expect(await metric(second, AGE_OF_PODS)).toBe(0);
    expect(await health(second)).toMatchObject({ clusterStrategies: { inForce: 'cluster', ageSeconds: 0 } });
    await waitFor('the lines', () => second.log.filter(({ msg }) => msg.endsWith(': of now again')).length === 2);
  });

  test('it holds two watches and polls nothing', async () => {
    await makeMap(web(5));
    await makePod('web', 'web');
    const agent = await start();
    await until('the rule', agent, async () => (await rules(agent)).length === 1);
    await waitFor('the watches', () => proxy.seen.filter(({ watch }) => watch).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const asked = proxy.seen.map(({ path, watch }) => `${watch ? 'watch' : 'list'} ${path}`).sort();
    expect(asked).toEqual([
      ...['list /api/v1/pods', `list ${maps()}`].sort(),
      ...['watch /api/v1/pods', `watch ${maps()}`].sort(),
    ]);
    for (const { query, path } of proxy.seen)
      expect(query.get('fieldSelector')).toBe(path === maps() ? `metadata.name=${MAP}` : `spec.nodeName=${nodeName}`);
    // Broken off again and again there are never more than two.
    for (let round = 0; round < 5; round++) {
      proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(proxy.openConnections).toBeLessThanOrEqual(2);
    }
    await until('being well', agent, async () => {
      const { workloads, clusterStrategies } = await health(agent);
      return workloads.ageSeconds === 0 && clusterStrategies?.ageSeconds === 0;
    });
    expect(proxy.openConnections).toBe(2);
  });

  test('a kubeconfig that comes later is used when it is there; until then that is said', async () => {
    await makeMap(web(5));
    await makePod('web', 'web');
    const away = `${kubeconfig.path}.later`;
    renameSync(kubeconfig.path, away);
    const agent = await start();
    const { workloads, clusterStrategies } = await health(agent);
    for (const note of [workloads.note, clusterStrategies?.note])
      expect(note).toMatch(new RegExp(`${kubeconfig.path} can't be read: .*ENOENT`));
    expect([workloads.ageSeconds, clusterStrategies?.ageSeconds]).toEqual([null, null]);
    expect(workloads.note).toMatch(/no pods are known$/);
    renameSync(away, kubeconfig.path);
    await until('the rule', agent, async () => (await priorities(agent))[0] === 5);
  });

  test('a right that is missing is said, with the status and what for', async () => {
    const { token } = await space.account([]);
    writeFileSync(kubeconfig.tokenFile, token);
    const agent = await start();
    const { workloads, clusterStrategies } = await health(agent);
    expect(workloads.note).toMatch(/pods.*403/);
    expect(clusterStrategies?.note).toMatch(/configmaps.*403/);
  });

  test('a name that is not this node’s is doubted', async () => {
    await makePod('web', 'web');
    const agent = await start({ environment: { NODE_NAME: 'another' } });
    expect((await health(agent)).workloads).toMatchObject({
      state: 'degraded',
      note: expect.stringMatching(/\d+ pods have cgroups here and no pod of node another is known; is that the name/),
    });
  });

  test('in a pod that does not say where it runs it does not start', async () => {
    const environment = { NODE_NAME: '', KUBERNETES_SERVICE_HOST: '127.0.0.1' };
    const agent = new Agent({ ...settings, environment });
    agents.push(agent);
    expect(await agent.ended()).toBe(1);
    expect(agent.log.filter(({ level }) => level !== 'info').map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      expect.stringMatching(/^error workloads\.source is kubernetes.*set NODE_NAME in the pod from fieldRef/),
    ]);
  });

  test('a ConfigMap that a person applies reaches it in a moment', async () => {
    const agent = await start();
    await until('the absence', agent, async () => (await health(agent)).clusterStrategies?.state === 'absent');
    const file = join(plane.folder, `${space.name}.json`);
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: space.name, name: MAP } };
    writeFileSync(file, JSON.stringify({ ...map, data: { [KEY]: '- {command_regex: ^nginx, priority: 5}\n' } }));
    const config = join(plane.folder, 'keys/admin.kubeconfig');
    const { kube } = await import('./rig/binaries.ts').then(({ binary }) => ({ kube: binary('kube') }));
    execFileSync(kube, ['kubectl', `--kubeconfig=${config}`, 'apply', '-f', file], { env: { HOME: plane.folder } });
    const applied = performance.now();
    await until('the rule', agent, async () => (await priorities(agent))[0] === 5);
    process.stderr.write(`from kubectl apply to the rule: ${Math.round(performance.now() - applied)} ms\n`);
  });
});

const AGE_OF_PODS = /^gthulhu_agent_state_age_seconds\{of="workloads".*\} (\d+)$/m;
