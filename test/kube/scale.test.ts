// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type ConfigMapFollower, createClient, followConfigMap, fromKubeconfig } from '@gthulhu/kube';
import { createApiPods, createPodProvider, type WorkloadProvider } from '@gthulhu/workloads';
import { describe, expect, test } from 'vitest';
import { cgroupsInMemory } from './rig/cgroups-in-memory.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { fakeNode, startKwok } from './rig/kwok.ts';
import { makeNamespace, type Namespace } from './rig/namespace.ts';
import { waitFor } from './rig/program.ts';
import { writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();
const full = process.env.GTHULHU_TEST_FULL === '1';
const nodes = 1_000;
const agents = 100;
const podsPerNode = full ? 10 : 2;

/** A token is read again each minute, a bookmark comes each minute: nobody else is asked for that. */
const UNASKED_MS = 130_000;

const nodeOf = (space: Namespace, n: number): string => `${space.name}-${n}`;

/** Several at a time, as many as the admin's connections. */
async function inParallel(count: number, act: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function fill({ admin }: ControlPlane, space: Namespace): Promise<void> {
  await inParallel(nodes, (n) => admin.create('/api/v1/nodes', fakeNode(nodeOf(space, n))));
  await inParallel(nodes * podsPerNode, (i) =>
    admin.create(`${space.path}/pods`, {
      metadata: { name: `pod-${i}`, labels: { app: `app-${i % 7}` } },
      spec: {
        nodeName: nodeOf(space, i % nodes),
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'main', image: 'none' }],
      },
    }),
  );
}

/** CPU seconds that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Requests of one account as the API server itself noted them: `watch pods` and how many; watches that ended apart. */
function requestsOf(account: string, { audit }: ControlPlane): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of readFileSync(audit, 'utf8').trimEnd().split('\n')) {
    const { user, verb, stage, objectRef } = JSON.parse(line);
    if (user.username !== account) continue;
    const ended = verb === 'watch' && stage === 'ResponseComplete' ? ', ended' : '';
    const what = `${verb} ${objectRef.resource}${ended}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** What an agent has at the API server: the pods of its node, and one ConfigMap. */
interface Agent {
  readonly client: Client;
  readonly pods: WorkloadProvider;
  readonly strategies: ConfigMapFollower;
  /** Of the ConfigMap; null while there is none. */
  text(): string | null;
}

async function startAgent(kubeconfig: string, space: Namespace, n: number, signal: AbortSignal): Promise<Agent> {
  const client = createClient(await fromKubeconfig([kubeconfig]), { userAgent: 'gthulhu-test' });
  const nodeName = nodeOf(space, n);
  const pods = createPodProvider({
    ...{ name: 'kubernetes', pods: createApiPods(client, nodeName), cgroups: cgroupsInMemory(), nodeName },
    ...{ stateFile: null, onWarning: () => {} },
  });
  let text: string | null = null;
  const strategies = followConfigMap({
    ...{ client, namespace: space.name, name: 'strategies', key: 'strategies.yaml', stateFile: null },
    apply(content) {
      text = content?.text ?? null;
    },
    onWarning: () => {},
  });
  await pods.start(signal);
  return { client, pods, strategies, text: () => text };
}

describe.skipIf(obstacle !== null && !process.env.CI)(
  obstacle ?? `${nodes} nodes with ${podsPerNode} pods each`,
  () => {
    test(`${agents} agents have two lists and two watches each, and ask for nothing else`, async () => {
      const plane = await cluster();
      const kwok = startKwok(plane);
      const space = await makeNamespace(plane);
      await fill(plane, space);
      const others = `${space.path}/pods?fieldSelector=status.phase%21%3DRunning&limit=1`;
      const run = async (): Promise<boolean> => (await plane.admin.get(others)).items.length === 0;
      await waitFor('the fake nodes to run their pods', run, [kwok], 300_000);
      const strategies = (text: string): object => ({
        metadata: { name: 'strategies' },
        data: { 'strategies.yaml': text },
      });
      await plane.admin.create(`${space.path}/configmaps`, strategies('first'));

      const { name, token } = await space.account([
        { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['strategies'], verbs: ['list', 'watch'] },
      ]);
      const { path } = writeTokenKubeconfig(plane, token);
      const ending = new AbortController();
      const api = plane.programs.find(({ name }) => name === 'apiserver')?.pid ?? 0;
      const cpuBefore = cpuSeconds(api);
      const all: Agent[] = [];
      for (let n = 0; n < agents; n++) all.push(await startAgent(path, space, n, ending.signal));
      const names = ({ pods }: Agent): string[] =>
        pods
          .workloads()
          .map(({ name }) => name)
          .sort();
      const expected = (n: number): string[] =>
        Array.from({ length: podsPerNode }, (_, i) => `pod-${n + i * nodes}`).sort();
      const account = `system:serviceaccount:${space.name}:${name}`;
      const watching = (): boolean => {
        const requests = requestsOf(account, plane);
        return requests['watch pods'] === agents && requests['watch configmaps'] === agents;
      };
      await waitFor('all watches', watching, [], 60_000);
      for (const [n, agent] of all.entries()) expect(names(agent)).toEqual(expected(n));
      expect(all.map((agent) => agent.text())).toEqual(Array(agents).fill('first'));
      const cost = cpuSeconds(api) - cpuBefore;
      // What happens on one node is told to its agent, and to no other.
      const told: string[] = [];
      for (const [n, { pods }] of all.entries())
        pods.subscribe(({ added, changed, removed }) => {
          for (const { name, labels } of [...added, ...changed, ...removed]) told.push(`${n}: ${name} ${labels.app}`);
        });
      const label = (pod: number, app: string): Promise<unknown> =>
        plane.admin.patch(`${space.path}/pods/pod-${pod}`, { metadata: { labels: { app } } });
      await label(3, 'changed');
      await label(agents, 'changed');
      await label(7, 'changed');
      await waitFor('the changes', () => told.length >= 2);
      // What is in the ConfigMap is told to all.
      await plane.admin.patch(`${space.path}/configmaps/strategies`, strategies('second'));
      await waitFor('the new text', () => all.every((agent) => agent.text() === 'second'));
      expect(told.sort()).toEqual(['3: pod-3 changed', '7: pod-7 changed']);
      if (full) await sleep(UNASKED_MS);
      expect(requestsOf(account, plane)).toEqual({
        'list pods': agents,
        'watch pods': agents,
        'list configmaps': agents,
        'watch configmaps': agents,
      });
      process.stderr.write(
        `${agents} agents: ${cost.toFixed(2)} s of the API server's CPU for all lists and watches\n`,
      );

      // All come back after a crash of the server, and know what happened meanwhile.
      await plane.restartApi();
      await label(5, 'after');
      const fifth = (): boolean => all[5].pods.workloads().some(({ labels }) => labels.app === 'after');
      await waitFor('agent 5', fifth, [], 120_000);
      const well = (): boolean =>
        all.every(({ pods, strategies }) => pods.health().state === 'ready' && strategies.status().ageMs === 0);
      await waitFor('all to be well', well, [], 120_000);
      for (const [n, agent] of all.entries()) expect(names(agent)).toEqual(expected(n));

      ending.abort();
      for (const { client, strategies } of all) {
        await strategies.close();
        client.close();
      }
      await kwok.end();
      await inParallel(nodes, (n) => plane.admin.remove(`/api/v1/nodes/${nodeOf(space, n)}`));
      await space.end();
    }, 1_200_000);
  },
);
