// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { describe, expect, test } from 'vitest';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import { fakeNode, startKwok } from './rig/kwok.ts';
import { makeNamespace } from './rig/namespace.ts';
import { tail, waitFor } from './rig/program.ts';

/** Status of a GET with a token. */
function statusAs(server: string, authority: string, token: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request(`${server}${path}`, { ca: readFileSync(authority), headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

const obstacle = whyNoCluster();

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'the cluster that tests use', () => {
  test('has RBAC and real tokens of service accounts', async () => {
    const plane = await cluster();
    const space = await makeNamespace(plane);
    const { token, setRules } = await space.account([]);
    const list = (bearer = token) => statusAs(plane.server, plane.authority.certificate, bearer, `${space.path}/pods`);
    expect(await list()).toBe(403);
    await setRules([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    await waitFor('the role to be seen', async () => (await list()) === 200);
    expect(await list(`${token}x`)).toBe(401);
    await space.end();
  });

  test('runs pods on fake nodes', async () => {
    const plane = await cluster();
    const kwok = startKwok(plane);
    const space = await makeNamespace(plane);
    await plane.admin.create('/api/v1/nodes', fakeNode(space.name));
    await plane.admin.create(`${space.path}/pods`, {
      metadata: { name: 'one' },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': space.name },
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'main', image: 'none' }],
      },
    });
    const status = async (): Promise<{ phase: string; containerStatuses: { containerID: string }[] }> =>
      (await plane.admin.get(`${space.path}/pods/one`)).status;
    await waitFor(`the pod\n${tail(kwok)}`, async () => (await status()).phase === 'Running', [kwok], 30_000);
    expect((await status()).containerStatuses[0].containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    await plane.admin.remove(`/api/v1/nodes/${space.name}`);
    await kwok.end();
    await space.end();
  });
});
