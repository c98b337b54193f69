// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExplanationAnswer, NODE_API_PATHS, type StrategyAnswer, type WorkloadsAnswer } from '@gthulhu/contracts';
import { type Client, createClient, fromKubeconfig } from '@gthulhu/kube';
import {
  createApiPods,
  createCgroupsProvider,
  createKubeletPods,
  createPodProvider,
  findCgroupMounts,
  openCgroupEvents,
  type Workload,
  type WorkloadProvider,
} from '@gthulhu/workloads';
import { type ProviderScene, testProvider } from '@gthulhu/workloads/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../contract/agent.ts';
import { whyNoAgent } from '../fault/agent-process.ts';
import type { KubeObject } from './rig/admin.ts';
import { cluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { startFaultProxy } from './rig/fault-proxy.ts';
import { nameInServer, writeOut } from './rig/hostile-names.ts';
import { IMAGE } from './rig/image.ts';
import { makeNamespace, type Namespace, type Rule } from './rig/namespace.ts';
import { type RealNode, startNode, whyNoNode } from './rig/node.ts';
import { waitFor } from './rig/program.ts';
import { writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoNode() ?? whyNoAgent();
const root = fileURLToPath(new URL('../../', import.meta.url));
const object = fileURLToPath(new URL('../../build/bpf/workloads.bpf.o', import.meta.url));
const get = (resource: string, ...verbs: string[]): Rule => ({ apiGroups: [''], resources: [resource], verbs });

/** Sleeps for a time that is found in its command line. */
const container = (name: string, sleep: string): object => ({
  name,
  image: IMAGE,
  imagePullPolicy: 'Never',
  command: ['/bin/sh', '-c', `/bin/sleep ${sleep}; exit 0`],
});

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'a node with a kubelet', () => {
  let plane: ControlPlane;
  let node: RealNode;
  let space: Namespace;
  const ending = new AbortController();
  const clients: Client[] = [];

  beforeAll(async () => {
    plane = await cluster();
    node = await startNode(plane);
    space = await makeNamespace(plane);
    const alone = { hostNetwork: true, terminationGracePeriodSeconds: 0, tolerations: [{ operator: 'Exists' }] };
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'static', namespace: space.name, labels: { app: 'static' } },
      spec: { ...alone, containers: [container('main', '40001')] },
    };
    writeFileSync(join(node.staticPods, 'static.json'), JSON.stringify(manifest));
    await plane.admin.create(`${space.path}/pods`, {
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        ...alone,
        nodeName: node.name,
        initContainers: [container('init', '0'), { ...container('sidecar', '40002'), restartPolicy: 'Always' }],
        containers: [{ ...container('main', '40003'), resources: { requests: { cpu: '10m' } } }],
      },
    });
    const phase = async (name: string): Promise<string> =>
      JSON.parse((await plane.admin.raw('GET', `${space.path}/pods/${name}`)).body).status?.phase;
    for (const name of ['web', `static-${node.name}`])
      await waitFor(`pod ${name}`, async () => (await phase(name)) === 'Running', plane.programs, 90_000);
  }, 240_000);
  afterAll(async () => {
    ending.abort();
    for (const client of clients) client.close();
    await space?.end();
    await node?.end();
  }, 60_000);

  async function start(name: 'kubernetes' | 'kubelet'): Promise<WorkloadProvider> {
    const rule = name === 'kubelet' ? get('nodes/pods', 'get') : get('pods', 'list', 'watch');
    const { token } = await space.account([rule]);
    const server = name === 'kubelet' ? { server: node.kubelet } : {};
    const access = await fromKubeconfig([writeTokenKubeconfig(plane, token, server).path]);
    const client = createClient(access, { userAgent: 'gthulhu-test' });
    clients.push(client);
    const provider = createPodProvider({
      name,
      pods: name === 'kubelet' ? createKubeletPods(client) : createApiPods(client, node.name),
      cgroups: createCgroupsProvider({ openEvents: () => openCgroupEvents(object) }),
      nodeName: node.name,
      stateFile: null,
      onWarning: () => {},
    });
    await provider.start(ending.signal);
    return provider;
  }
  const mount = (): string => findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).unified ?? '';
  /** Command lines of those who run in a container's cgroup. */
  const commands = (workload: Pick<Workload, 'containers'> | undefined, name: string): string[] => {
    const path = workload?.containers.find((one) => one.name === name)?.cgroupPath ?? null;
    if (path === null) return [];
    const pids = readFileSync(join(mount(), path, 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n');
    return pids
      .filter((pid) => pid !== '')
      .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
  };
  const sorted = (provider: WorkloadProvider): Workload[] =>
    [...provider.workloads()].sort((a, b) => (a.name < b.name ? -1 : 1));

  test.each(['kubernetes', 'kubelet'] as const)('its containers are found by source %s', async (source) => {
    const provider = await start(source);
    const named = (name: string): Workload | undefined => sorted(provider).find((one) => one.name === name);
    expect(sorted(provider).map(({ name }) => name)).toEqual([`static-${node.name}`, 'web']);
    expect(provider.health()).toMatchObject({ state: 'ready' });
    await waitFor('the cgroup of main', () => commands(named('web'), 'main').length > 0, [], 20_000);
    expect(commands(named('web'), 'main')).toContain('/bin/sleep 40003');
    expect(commands(named('web'), 'sidecar')).toContain('/bin/sleep 40002');
    expect(commands(named(`static-${node.name}`), 'main')).toContain('/bin/sleep 40001');
    expect(named('web')).toMatchObject({ qosClass: 'Burstable', namespace: space.name, labels: { app: 'web' } });
    expect(named('web')?.cgroupPath).toMatch(new RegExp(`^${node.cgroupRoot}/kubepods/burstable/pod`));
    // The one that has ended is not there, the sandbox is, without a name of its own.
    const names = named('web')?.containers.map(({ name, id }) => (name === id ? 'sandbox' : name));
    expect(names?.filter((name) => name === 'init')).toEqual([]);
    expect(names).toHaveLength(3);
  });

  test.each(['kubernetes', 'kubelet'] as const)(
    'the agent names and explains a container by source %s',
    async (source) => {
      const rule = source === 'kubelet' ? get('nodes/pods', 'get') : get('pods', 'list', 'watch');
      const { path } = writeTokenKubeconfig(plane, (await space.account([rule])).token);
      const agent = await new Agent({
        environment: { NODE_NAME: node.name },
        workloads: { source, kubelet: { url: node.kubelet, caFile: plane.authority.certificate } },
        kubernetes: { kubeconfig: path },
      }).started();
      try {
        const body = { selectors: [{ key: 'app', value: 'web' }], namespaces: [space.name], priority: 4 };
        const added = (await agent.ask('POST', NODE_API_PATHS.newStrategy, { body })).body as StrategyAnswer;
        expect(added.warnings).toBeUndefined();
        const { id } = added.data;
        const listed = (await agent.ask('GET', `${NODE_API_PATHS.workloads}?label=app=web`)).body as WorkloadsAnswer;
        expect(listed.data).toMatchObject({ source, state: 'ready', ageSeconds: 0 });
        const [web] = listed.data.workloads;
        expect(web).toMatchObject({ namespace: space.name, name: 'web', qosClass: 'Burstable', strategyId: id });
        const main = web.containers.find(({ name }) => name === 'main');
        await waitFor('the program', () => commands(web, 'main').includes('/bin/sleep 40003'), [], 20_000);
        const pids = readFileSync(join(mount(), main?.cgroupPath ?? '', 'cgroup.procs'), 'utf8')
          .trim()
          .split('\n');
        const pid = pids.find((one) => readFileSync(`/proc/${one}/cmdline`, 'utf8').startsWith('/bin/sleep\0'));
        const explained = (await agent.ask('GET', `${NODE_API_PATHS.explain}?pid=${pid}`)).body as ExplanationAnswer;
        expect(explained.data).toMatchObject({
          task: { command: 'sleep', cgroupPath: main?.cgroupPath },
          workload: { uid: web.uid, namespace: space.name, name: 'web', container: 'main', labels: { app: 'web' } },
          matching: { strategyId: id, origin: 'node', priority: 4, reason: `strategy ${id} means workload web` },
          kernel: null,
          kernelMissing: expect.stringContaining('no scheduler answers'),
        });
        // As a person asks; the exit code says that no kernel has it.
        const command = join(root, 'bin/gthulhu');
        const told = spawnSync(command, ['explain', `${space.name}/web`, '--state-folder', agent.state], {
          encoding: 'utf8',
        });
        expect(told.stdout).toMatch(new RegExp(`${space.name} +web +Burstable .* ${id}\n`));
        expect(told.stdout).toMatch(new RegExp(`task +${pid} sleep\n(.*\n)*strategy +${id}\ngives +priority 4\n`));
        expect(told.status).toBe(6);
      } finally {
        await agent.remove();
      }
    },
  );

  test('one that is created is found while it starts, one that is deleted is gone', async () => {
    const provider = await start('kubelet');
    const spec = {
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      nodeName: node.name,
      tolerations: [{ operator: 'Exists' }],
    };
    await plane.admin.create(`${space.path}/pods`, {
      metadata: { name: 'later' },
      spec: { ...spec, containers: [container('main', '40004')] },
    });
    const later = (): Workload | undefined => provider.workloads().find(({ name }) => name === 'later');
    await waitFor('the container', () => commands(later(), 'main').includes('/bin/sleep 40004'), [], 60_000);
    await plane.admin.remove(`${space.path}/pods/later`);
    await waitFor('its end', () => later() === undefined, [], 60_000);
  });

  async function openScene(): Promise<ProviderScene> {
    const proxy = await startFaultProxy(plane, node.kubelet);
    proxy.fault = () => ({ kind: 'rewrite', line: writeOut });
    const { token } = await space.account([get('nodes/pods', 'get')]);
    const access = await fromKubeconfig([writeTokenKubeconfig(plane, token, { server: proxy.url }).path]);
    const client = createClient(access, { userAgent: 'gthulhu-test' });
    const pods = `${space.path}/pods`;
    const made: string[] = [];
    const remove = async (name: string): Promise<void> => {
      await plane.admin.raw('DELETE', `${pods}/${nameInServer(name)}`);
    };
    return {
      provider: createPodProvider({
        name: 'kubelet',
        pods: createKubeletPods(client, { labelsMs: 500 }),
        cgroups: createCgroupsProvider({ openEvents: () => openCgroupEvents(object) }),
        ...{ nodeName: node.name, stateFile: null, onWarning: () => {} },
      }),
      async add(name) {
        made.push(name);
        // One that comes back: the kubelet has to let its namesake go first.
        const gone = async (): Promise<boolean> =>
          (await plane.admin.raw('GET', `${pods}/${nameInServer(name)}`)).status === 404;
        await waitFor('the name', gone, [], 60_000);
        await plane.admin.create(pods, {
          metadata: { name: nameInServer(name) },
          spec: {
            ...{ hostNetwork: true, terminationGracePeriodSeconds: 0, nodeName: node.name },
            tolerations: [{ operator: 'Exists' }],
            containers: [container('main', '40005')],
          },
        });
        const known = async (): Promise<boolean> =>
          ((await client.getJson('/pods')) as { items: KubeObject[] }).items.some(
            ({ metadata }) => metadata.name === name,
          );
        await waitFor('the kubelet to know it', known, [], 60_000);
      },
      async change(name) {
        await plane.admin.patch(`${pods}/${nameInServer(name)}`, { metadata: { labels: { changed: 'yes' } } });
      },
      remove,
      async close() {
        await Promise.all(made.map(remove));
        client.close();
        await proxy.close();
      },
    };
  }
  testProvider('kubelet', openScene, { patienceMs: 40_000 });

  test('what is not granted at the kubelet is said', async () => {
    const { token } = await space.account([]);
    const access = await fromKubeconfig([writeTokenKubeconfig(plane, token, { server: node.kubelet }).path]);
    const client = createClient(access, { userAgent: 'gthulhu-test' });
    clients.push(client);
    await expect(client.getJson('/pods')).rejects.toThrow(/403/);
  });
});
