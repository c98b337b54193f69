// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Access, Credentials } from '../access/access.ts';
import { atServer } from '../access/at-server.ts';
import { KubeError } from '../kube-error.ts';
import { createLateClient } from './late-client.ts';

const CREDENTIALS: Credentials = { authorization: 'Bearer t', tls: { ca: 'A', servername: 'api' } };
const access = (server: string, refused: Credentials[] = []): Access => ({
  ...{ server, proxy: 'http://proxy', namespace: 'n' },
  credentials: () => Promise.resolve(CREDENTIALS),
  refuse: (one) => refused.push(one),
});

test('an access that cannot be had is a failure of each request until it can', async () => {
  const server = createServer((request, answer) => answer.end(JSON.stringify(request.headers.authorization)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let opened = 0;
  let there = false;
  const client = createLateClient(
    async () => {
      opened++;
      if (!there) throw new KubeError('ERR_KUBE_CONFIG', '/kubeconfig can’t be read');
      return { ...access(url), proxy: null };
    },
    { userAgent: 'test' },
  );
  expect(opened).toBe(0);
  await expect(client.getJson('/a')).rejects.toThrow('/kubeconfig');
  await expect(client.open('/a')).rejects.toThrow('/kubeconfig');
  there = true;
  expect(await Promise.all([client.getJson('/a'), client.getJson('/b')])).toEqual(['Bearer t', 'Bearer t']);
  expect(opened).toBe(3);
  expect(client.server).toBe(url);
  client.close();
  await expect(client.getJson('/a')).rejects.toThrow(/closed/);
  server.close();
});

test('another server is shown the same credentials, with its own name, authority and no proxy', async () => {
  const refused: Credentials[] = [];
  const given = access('https://api', refused);
  const kubelet = atServer(given, { url: 'https://127.0.0.1:10250/', caFile: '', serverName: 'node-1' });
  expect(kubelet).toMatchObject({ server: 'https://127.0.0.1:10250', proxy: null });
  const credentials = await kubelet.credentials();
  expect(credentials).toEqual({ authorization: 'Bearer t', tls: { ca: 'A', servername: 'node-1' } });
  kubelet.refuse(credentials);
  expect(refused).toEqual([CREDENTIALS]);
  const missing = atServer(given, { url: 'https://a', caFile: '/no/such.crt', serverName: '' });
  await expect(missing.credentials()).rejects.toThrow(/\/no\/such\.crt can't be read/);
});

test.each([
  ['http://10.0.0.1:10255', /plain http to another machine/],
  ['ftp://a', /neither http nor https/],
  ['node', /is no URL/],
])('%s is refused', (url, message) => {
  expect(() => atServer(access('https://api'), { url, caFile: '', serverName: '' })).toThrow(message);
});
