// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { type Client, createClient, fromKubeconfig } from '@gthulhu/kube';
import { createApiPods, createPodProvider, type WorkloadProvider } from '@gthulhu/workloads';
import { describe, expect, test } from 'vitest';
import { cgroupsInMemory } from './rig/cgroups-in-memory.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { startFaultProxy } from './rig/fault-proxy.ts';
import { fakeNode, startKwok } from './rig/kwok.ts';
import { makeNamespace, type Namespace } from './rig/namespace.ts';
import { waitFor } from './rig/program.ts';
import { writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();
const full = process.env.GTHULHU_TEST_FULL === '1';
const { nodes, podsPerNode, agents } = full
  ? { nodes: 1_000, podsPerNode: 10, agents: 100 }
  : { nodes: 60, podsPerNode: 5, agents: 20 };

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

describe.skipIf(obstacle !== null && !process.env.CI)(
  obstacle ?? `${nodes} nodes with ${podsPerNode} pods each`,
  () => {
    test(`${agents} agents know their own pods by one list and one watch each`, async () => {
      const plane = await cluster();
      const kwok = startKwok(plane);
      const space = await makeNamespace(plane);
      await fill(plane, space);
      const others = `${space.path}/pods?fieldSelector=status.phase%21%3DRunning&limit=1`;
      const run = async (): Promise<boolean> => (await plane.admin.get(others)).items.length === 0;
      await waitFor('the fake nodes to run their pods', run, [kwok], 300_000);

      const proxy = await startFaultProxy(plane);
      const { token } = await space.account([{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]);
      const { path } = writeTokenKubeconfig(plane, token, { server: proxy.url });
      const ending = new AbortController();
      const clients: Client[] = [];
      const providers: WorkloadProvider[] = [];
      const told: string[] = [];
      const api = plane.programs.find(({ name }) => name === 'apiserver')?.pid ?? 0;
      const cpuBefore = cpuSeconds(api);
      for (let n = 0; n < agents; n++) {
        const client = createClient(await fromKubeconfig([path]), { userAgent: 'gthulhu-test' });
        const nodeName = nodeOf(space, n);
        const provider = createPodProvider({
          ...{ name: 'kubernetes', pods: createApiPods(client, nodeName), cgroups: cgroupsInMemory(), nodeName },
          ...{ stateFile: null, onWarning: () => {} },
        });
        clients.push(client);
        providers.push(provider);
        await provider.start(ending.signal);
      }
      const names = (n: number): string[] =>
        providers[n]
          .workloads()
          .map(({ name }) => name)
          .sort();
      const expected = (n: number): string[] =>
        Array.from({ length: podsPerNode }, (_, i) => `pod-${n + i * nodes}`).sort();
      await waitFor('all watches', () => proxy.seen.filter(({ watch }) => watch).length === agents, [], 60_000);
      for (let n = 0; n < agents; n++) expect(names(n)).toEqual(expected(n));
      const cost = cpuSeconds(api) - cpuBefore;

      // What happens on one node is told to its agent, and to no other.
      providers.forEach((provider, n) => {
        provider.subscribe(({ added, changed, removed }) => {
          for (const { name, labels } of [...added, ...changed, ...removed]) told.push(`${n}: ${name} ${labels.app}`);
        });
      });
      await plane.admin.patch(`${space.path}/pods/pod-3`, { metadata: { labels: { app: 'changed' } } });
      await plane.admin.patch(`${space.path}/pods/pod-${agents}`, { metadata: { labels: { app: 'changed' } } });
      await plane.admin.patch(`${space.path}/pods/pod-7`, { metadata: { labels: { app: 'changed' } } });
      await waitFor('the changes', () => told.length >= 2);
      expect(told.sort()).toEqual(['3: pod-3 changed', '7: pod-7 changed']);
      expect(proxy.seen).toHaveLength(2 * agents);
      process.stderr.write(
        `${agents} agents: ${cost.toFixed(2)} s of the API server's CPU for all lists and watches\n`,
      );

      // All come back after a crash of the server, and know what happened meanwhile.
      await plane.restartApi();
      await plane.admin.patch(`${space.path}/pods/pod-5`, { metadata: { labels: { app: 'after' } } });
      await waitFor(
        'agent 5',
        () => providers[5].workloads().some(({ labels }) => labels.app === 'after'),
        [],
        120_000,
      );
      await waitFor('all to be well', () => providers.every((one) => one.health().state === 'ready'), [], 120_000);
      for (let n = 0; n < agents; n++) expect(names(n)).toEqual(expected(n));

      ending.abort();
      for (const client of clients) client.close();
      await proxy.close();
      await kwok.end();
      await inParallel(nodes, (n) => plane.admin.remove(`/api/v1/nodes/${nodeOf(space, n)}`));
      await space.end();
    }, 1_200_000);
  },
);
