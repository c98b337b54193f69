// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdtempSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient, fromKubeconfig } from '@gthulhu/kube';
import { createApiPods, createPodProvider, type Workload, type WorkloadProvider } from '@gthulhu/workloads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from './rig/admin.ts';
import { type CgroupsInMemory, cgroupsInMemory } from './rig/cgroups-in-memory.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { type FaultProxy, startFaultProxy } from './rig/fault-proxy.ts';
import { makeNamespace, type Namespace } from './rig/namespace.ts';
import { waitFor } from './rig/program.ts';
import { type TokenKubeconfig, writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();
const HASH = '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7';

interface Agent {
  readonly provider: WorkloadProvider;
  readonly cgroups: CgroupsInMemory;
  readonly warnings: string[];
  named(name: string): Workload | undefined;
  stop(): void;
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'the pods of a node', () => {
  let plane: ControlPlane;
  let space: Namespace;
  let proxy: FaultProxy;
  let kubeconfig: TokenKubeconfig;
  let nodeName: string;
  let stateFile: string;
  const agents: Agent[] = [];
  const clients: Client[] = [];

  beforeEach(async () => {
    plane = await cluster();
    space = await makeNamespace(plane);
    proxy = await startFaultProxy(plane);
    const { token } = await space.account([{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]);
    kubeconfig = writeTokenKubeconfig(plane, token, { server: proxy.url });
    nodeName = `node-${randomBytes(4).toString('hex')}`;
    stateFile = join(mkdtempSync(join(plane.folder, 'state-')), 'pods.json');
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.stop();
    for (const client of clients.splice(0)) client.close();
    await proxy.close();
    await space.end();
  });

  async function startAgent(): Promise<Agent> {
    const client = createClient(await fromKubeconfig([kubeconfig.path]), { userAgent: 'gthulhu-test' });
    clients.push(client);
    const ending = new AbortController();
    const cgroups = cgroupsInMemory();
    const warnings: string[] = [];
    const pods = createApiPods(client, nodeName);
    const onWarning = (sentence: string): number => warnings.push(sentence);
    const provider = createPodProvider({ name: 'kubernetes', pods, cgroups, nodeName, stateFile, onWarning });
    await provider.start(ending.signal);
    const agent: Agent = {
      provider,
      cgroups,
      warnings,
      named: (name) => provider.workloads().find((workload) => workload.name === name),
      stop: () => ending.abort(),
    };
    agents.push(agent);
    return agent;
  }
  const there = (agent: Agent, name: string): Promise<void> =>
    waitFor(name, () => agent.named(name) !== undefined, [], 20_000);

  const make = (name: string, more: { metadata?: object; spec?: object } = {}): Promise<KubeObject> =>
    plane.admin.create(`${space.path}/pods`, {
      metadata: { name, ...more.metadata },
      spec: { nodeName, containers: [{ name: 'main', image: 'none' }], ...more.spec },
    });
  /** As the kubelet writes it. */
  const runs = (name: string, id: string): Promise<KubeObject> => {
    const status = {
      name: 'main',
      image: 'none',
      imageID: '',
      ready: true,
      restartCount: 0,
      containerID: `containerd://${id}`,
    };
    const containerStatuses = [{ ...status, state: { running: {} } }];
    const path = `${space.path}/pods/${name}/status`;
    return plane.admin.patch(path, { status: { phase: 'Running', containerStatuses } });
  };

  test('are found with the cgroups of their containers, whoever is first', async () => {
    const agent = await startAgent();
    const web = await make('web');
    await there(agent, 'web');
    expect(agent.named('web')).toMatchObject({ uid: web.metadata.uid, qosClass: 'BestEffort', cgroupPath: null });
    agent.cgroups.put(web.metadata.uid, ['aaa', 'sandbox']);
    expect(agent.named('web')).toMatchObject({ cgroupPath: `/kubepods/pod${web.metadata.uid}` });
    await runs('web', 'aaa');
    await waitFor('its name', () => agent.named('web')?.containers.some(({ name }) => name === 'main') ?? false);
    expect(agent.named('web')?.containers).toMatchObject([
      { name: 'main', id: 'aaa', cgroupPath: `/kubepods/pod${web.metadata.uid}/aaa` },
      { name: 'sandbox', id: 'sandbox' },
    ]);
    agent.cgroups.remove(web.metadata.uid);
    expect(agent.named('web')?.containers).toMatchObject([{ name: 'main', cgroupId: null }]);
    // Of cgroups that no pod is known for nothing is told: their names and labels are not known.
    agent.cgroups.put('00000000-0000-0000-0000-000000000000', ['bbb']);
    expect(agent.provider.workloads()).toHaveLength(1);
  });

  test('of other nodes are none of ours, even when the server sends them', async () => {
    proxy.fault = ({ query }) => {
      const selector = query.get('fieldSelector');
      return selector === null ? null : { kind: 'ask', query: { fieldSelector: 'metadata.name!=x' } };
    };
    await make('elsewhere', { spec: { nodeName: 'elsewhere' } });
    await make('ours');
    const agent = await startAgent();
    await there(agent, 'ours');
    await make('elsewhere-too', { spec: { nodeName: 'elsewhere' } });
    await make('ours-too');
    await there(agent, 'ours-too');
    expect(agent.provider.workloads().map(({ name }) => name)).toEqual(['ours', 'ours-too']);
  });

  test('are those kept on disk while the server is down, with their age', async () => {
    const first = await startAgent();
    const { metadata } = await make('web', { metadata: { labels: { app: 'web' } } });
    await there(first, 'web');
    first.stop();
    utimesSync(stateFile, Date.now() / 1000 - 3_900, Date.now() / 1000 - 3_900);

    proxy.fault = () => ({ kind: 'cut' });
    const second = await startAgent();
    expect(second.named('web')).toMatchObject({ uid: metadata.uid, labels: { app: 'web' } });
    second.cgroups.put(metadata.uid, ['aaa']);
    expect(second.named('web')?.cgroupPath).not.toBeNull();
    await waitFor('the failure', () => second.provider.health().message.includes('reached'));
    expect(second.provider.health()).toMatchObject({ state: 'degraded' });
    expect(second.provider.health().message).toMatch(/can't be reached.*; the pods are those kept on disk 65 min ago$/);

    // A clock that was set back cannot say how long ago.
    utimesSync(stateFile, Date.now() / 1000 + 9_000, Date.now() / 1000 + 9_000);
    second.stop();
    const third = await startAgent();
    expect(third.named('web')).toBeDefined();
    await waitFor('the failure', () => third.provider.health().message.includes('unknown time'));

    await plane.admin.remove(`${space.path}/pods/web`, { gracePeriodSeconds: 0 });
    await make('new');
    proxy.fault = () => null;
    await waitFor(
      'the new state',
      () => third.named('new') !== undefined && third.named('web') === undefined,
      [],
      60_000,
    );
    await waitFor('being ready', () => third.provider.health().state === 'ready');
    expect(third.provider.health().message).toBe('');
  });

  test('are not known without server and state, and that is said', async () => {
    proxy.fault = () => ({ kind: 'cut' });
    const agent = await startAgent();
    expect(agent.provider.workloads()).toEqual([]);
    expect(agent.provider.health()).toMatchObject({ state: 'degraded' });
    expect(agent.provider.health().message).toMatch(/can't be reached: .*; no pods are known$/);
  });

  test('may have 500 labels, names at their limits and annotations of 256 KiB', async () => {
    const agent = await startAgent();
    const labels = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`label-${i}`, 'x'.repeat(63)]));
    const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    const annotations = { note: 'x'.repeat(256 * 1024 - 10) };
    const key = `${'k'.repeat(253)}/${'l'.repeat(63)}`;
    await make('labels', { metadata: { labels: { ...labels, [key]: 'v' } } });
    await make(longest, { metadata: { annotations } });
    await there(agent, 'labels');
    await there(agent, longest);
    expect(Object.keys(agent.named('labels')?.labels ?? {})).toHaveLength(256);
    expect(JSON.stringify(agent.named(longest)).length).toBeLessThan(1_000);
  });

  test('may be deleted while they start', async () => {
    const agent = await startAgent();
    for (let n = 0; n < 20; n++) {
      const { metadata } = await make(`brief-${n}`);
      agent.cgroups.put(metadata.uid, ['aaa']);
      await plane.admin.remove(`${space.path}/pods/brief-${n}`, { gracePeriodSeconds: 0 });
      if (n % 2 === 0) agent.cgroups.remove(metadata.uid);
    }
    await make('last');
    await there(agent, 'last');
    await waitFor('the others to go', () => agent.provider.workloads().length === 1);
  });

  test('who claims the cgroup of another one does not get it', async () => {
    const agent = await startAgent();
    const mirror = { 'kubernetes.io/config.mirror': HASH, 'kubernetes.io/config.hash': HASH };
    const { metadata } = await make('static', { metadata: { annotations: mirror } });
    agent.cgroups.put(HASH, ['aaa']);
    await there(agent, 'static');
    expect(agent.named('static')?.containers).toHaveLength(1);
    // Times have whole seconds.
    const second = Date.parse(metadata.creationTimestamp) + 1_000;
    await waitFor('the next second', () => Date.now() >= second);
    await make('thief', { metadata: { annotations: mirror } });
    await make('victim');
    await there(agent, 'victim');
    const victim = agent.named('victim')?.uid ?? '';
    agent.cgroups.put(victim, ['bbb']);
    const second_ = { 'kubernetes.io/config.mirror': victim, 'kubernetes.io/config.hash': victim };
    await make('thief-2', { metadata: { annotations: second_ } });
    await runs('thief-2', 'bbb');
    await there(agent, 'thief-2');
    expect(agent.named('thief')).toBeUndefined();
    expect(agent.named('static')?.containers).toMatchObject([{ id: 'aaa', cgroupPath: `/kubepods/pod${HASH}/aaa` }]);
    expect(agent.named('victim')?.containers).toMatchObject([{ id: 'bbb', cgroupPath: `/kubepods/pod${victim}/bbb` }]);
    await waitFor('the claim', () => agent.named('thief-2')?.containers.length === 1);
    expect(agent.named('thief-2')).toMatchObject({ cgroupPath: null, containers: [{ id: 'bbb', cgroupPath: null }] });
    expect(agent.provider.health().message).toContain(
      `2 pods claim the cgroup of ${HASH}: ${space.name}/static has it`,
    );
    await plane.admin.remove(`${space.path}/pods/static`, { gracePeriodSeconds: 0 });
    await there(agent, 'thief');
    expect(agent.provider.health()).toMatchObject({ state: 'ready', message: '' });
  });

  test('cost one watch, and nothing else while nothing happens', async () => {
    await make('web');
    const agent = await startAgent();
    await there(agent, 'web');
    await waitFor('the watch', () => proxy.seen.some(({ watch }) => watch));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(proxy.seen.map(({ watch }) => watch)).toEqual([false, true]);
    for (const { query } of proxy.seen) expect(query.get('fieldSelector')).toBe(`spec.nodeName=${nodeName}`);
    expect(proxy.seen[0].query.get('resourceVersion')).toBe('0');
    const seconds = Number(proxy.seen[1].query.get('timeoutSeconds'));
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThanOrEqual(600);
  });
});
