// SPDX-License-Identifier: Apache-2.0
import { createClient, followConfigMap, fromKubeconfig } from '@gthulhu/kube';
import { parseStrategies } from '@gthulhu/scheduler';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { partsOf } from '../repo/documents.ts';
import { readText } from '../repo/files.ts';
import type { KubeObject } from './rig/admin.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import { waitFor } from './rig/program.ts';
import { writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();

function documented(kind = 'yaml kubernetes', language = 'en'): KubeObject[] {
  const { blocks } = partsOf(readText(`docs/${language}/kubernetes.md`));
  const manifests = blocks.filter(({ info }) => info === kind);
  return manifests.flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
}

/** Where objects of a kind are created. */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const space = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${base}${space}/${kind.toLowerCase()}s`;
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'as documented', () => {
  test('the manifests grant what is needed and no more, and the strategies are taken', async () => {
    const { admin, ...plane } = await cluster();
    const objects = documented();
    expect(objects.map(({ kind }) => kind)).toEqual([
      ...['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
      'ConfigMap',
    ]);
    await admin.create('/api/v1/namespaces', { metadata: { name: 'gthulhu' } });
    await admin.create('/api/v1/namespaces/gthulhu/serviceaccounts', { metadata: { name: 'gthulhu-agent' } });
    for (const object of objects) await admin.create(pathOf(object), object);
    const account = '/api/v1/namespaces/gthulhu/serviceaccounts/gthulhu-agent/token';
    const { token } = (await admin.create(account, { spec: {} })).status;
    const access = await fromKubeconfig([writeTokenKubeconfig({ admin, ...plane }, token).path]);
    const client = createClient(access, { userAgent: 'gthulhu-test' });
    await waitFor('the roles', () => client.getJson('/api/v1/pods').then(() => true));
    const maps = '/api/v1/namespaces/gthulhu/configmaps';
    for (const refused of [maps, '/api/v1/configmaps', '/api/v1/nodes', '/api/v1/secrets', '/api/v1/namespaces'])
      await expect(client.getJson(refused), refused).rejects.toThrow(/403/);

    let rules = 0;
    const follower = followConfigMap({
      ...{ client, namespace: 'gthulhu', name: 'gthulhu-strategies', key: 'strategies.yaml', stateFile: null },
      apply: (content) => {
        rules = content === null ? 0 : parseStrategies(content.text, 'strategies.yaml').rules.length;
      },
      onWarning: () => {},
    });
    await waitFor('the strategies', () => follower.status().state === 'applied', [], 20_000);
    expect(rules).toBe(1);
    await follower.close();
    client.close();
    for (const object of objects) await admin.remove(`${pathOf(object)}/${object.metadata.name}`);
    await admin.remove('/api/v1/namespaces/gthulhu');
  });

  test('those for the kubelet grant its pods and nothing at the API server', async () => {
    const { admin } = await cluster();
    const objects = documented('yaml kubernetes kubelet');
    expect(objects.map(({ kind }) => kind)).toEqual(['ClusterRole', 'ClusterRoleBinding']);
    for (const object of objects) await admin.create(pathOf(object), object);
    // What the kubelet asks when somebody comes.
    const allowed = async (resource: object): Promise<boolean> => {
      const spec = { user: 'system:serviceaccount:gthulhu:gthulhu-agent', resourceAttributes: resource };
      return (await admin.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })).status.allowed;
    };
    const pods = { verb: 'get', resource: 'nodes', subresource: 'pods', name: 'node-1' };
    await waitFor('the roles', () => allowed(pods));
    for (const other of [
      { ...pods, subresource: 'proxy' },
      { ...pods, verb: 'create' },
      { verb: 'list', resource: 'pods' },
      { verb: 'get', resource: 'nodes' },
    ])
      expect(await allowed(other), JSON.stringify(other)).toBe(false);
    for (const object of objects) await admin.remove(`${pathOf(object)}/${object.metadata.name}`);
  });

  test.each(['yaml kubernetes', 'yaml kubernetes kubelet'])('%s says the same in both languages', (kind) => {
    expect(documented(kind, 'zh-TW')).toEqual(documented(kind));
  });
});
