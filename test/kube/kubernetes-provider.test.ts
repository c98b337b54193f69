// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { createClient, fromKubeconfig } from '@gthulhu/kube';
import { createApiPods, createPodProvider } from '@gthulhu/workloads';
import { type ProviderScene, testProvider } from '@gthulhu/workloads/testing';
import { describe } from 'vitest';
import { cgroupsInMemory } from './rig/cgroups-in-memory.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import { startFaultProxy } from './rig/fault-proxy.ts';
import { nameInServer, writeOut } from './rig/hostile-names.ts';
import { makeNamespace } from './rig/namespace.ts';
import { writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();

async function open(): Promise<ProviderScene> {
  const plane = await cluster();
  const space = await makeNamespace(plane);
  const proxy = await startFaultProxy(plane);
  proxy.fault = () => ({ kind: 'rewrite', line: writeOut });
  const { token } = await space.account([{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]);
  const { path } = writeTokenKubeconfig(plane, token, { server: proxy.url });
  const client = createClient(await fromKubeconfig([path]), { userAgent: 'gthulhu-test' });
  const nodeName = `node-${randomBytes(4).toString('hex')}`;
  const pods = `${space.path}/pods`;
  return {
    provider: createPodProvider({
      name: 'kubernetes',
      pods: createApiPods(client, nodeName),
      cgroups: cgroupsInMemory(),
      nodeName,
      stateFile: null,
      onWarning: () => {},
    }),
    async add(name) {
      await plane.admin.create(pods, {
        metadata: { name: nameInServer(name), labels: { app: 'one' } },
        spec: { nodeName, containers: [{ name: 'main', image: 'none' }] },
      });
    },
    async change(name) {
      await plane.admin.patch(`${pods}/${nameInServer(name)}`, { metadata: { labels: { app: 'two' } } });
    },
    remove: (name) => plane.admin.remove(`${pods}/${nameInServer(name)}`, { gracePeriodSeconds: 0 }),
    async close() {
      client.close();
      await proxy.close();
      await space.end();
    },
  };
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'on a real API server', () => {
  testProvider('kubernetes', open, { patienceMs: 20_000 });
});
