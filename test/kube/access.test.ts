// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Access, createClient, fromKubeconfig, inCluster } from '@gthulhu/kube';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import { type ConnectProxy, startConnectProxy } from './rig/connect-proxy.ts';
import type { ControlPlane } from './rig/control-plane.ts';

const obstacle = whyNoCluster();

/** Who the server takes us for. */
async function whoAmI(access: Access): Promise<string> {
  const client = createClient(access, { userAgent: 'gthulhu-test' });
  try {
    // Only a GET is spoken here, and a refusal names the one who asked.
    await client.getJson('/api/v1/secrets', { query: { limit: 1 } });
    return 'everybody';
  } catch (error) {
    const message = (error as Error).message;
    return /User "([^"]*)"/.exec(message)?.[1] ?? message;
  } finally {
    client.close();
  }
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'the server takes us for', () => {
  let plane: ControlPlane;
  let folder: string;
  let token: string;
  let proxy: ConnectProxy;
  const account = 'system:serviceaccount:default:default';

  beforeEach(async () => {
    plane = await cluster();
    folder = mkdtempSync(join(plane.folder, 'access-'));
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    token = (await plane.admin.create(path, { spec: {} })).status.token;
    proxy = await startConnectProxy(Number(new URL(plane.server).port));
  });
  afterEach(() => proxy.close());

  const base64 = (file: string): string => readFileSync(file).toString('base64');
  function kubeconfig(user: object, cluster: object = {}, name = 'config'): string {
    const file = join(folder, name);
    const authority = { 'certificate-authority': plane.authority.certificate };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: plane.server, ...authority, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      'current-context': 'x',
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }
  function plugin(text: string): string {
    const file = join(folder, 'plugin');
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return './plugin';
  }
  const exec = (command: string, more: object = {}): object => ({
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never', ...more },
  });
  const credential = (status: object): string =>
    JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });

  test('the service account of a pod', async () => {
    writeFileSync(join(folder, 'token'), token);
    writeFileSync(join(folder, 'ca.crt'), readFileSync(plane.authority.certificate));
    writeFileSync(join(folder, 'namespace'), 'shop');
    const { port } = new URL(plane.server);
    const access = await inCluster({ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port }, folder);
    expect(access.namespace).toBe('shop');
    expect(await whoAmI(access)).toBe(account);
  });

  test('the owner of a token, of a token file, of a certificate in a file or in the text', async () => {
    const pair = plane.clientCertificate('jane');
    writeFileSync(join(folder, 'token'), `${token}\n`);
    for (const [user, who] of [
      [{ token }, account],
      [{ tokenFile: 'token' }, account],
      [{ 'client-certificate': pair.certificate, 'client-key': pair.key }, 'jane'],
      [{ 'client-certificate-data': base64(pair.certificate), 'client-key-data': base64(pair.key) }, 'jane'],
      [{}, 'system:anonymous'],
    ] as const)
      expect(await whoAmI(await fromKubeconfig([kubeconfig(user)]))).toBe(who);
  });

  test('whom a credential plugin names', async () => {
    const pair = plane.clientCertificate('plugin-user');
    const certificate = {
      clientCertificateData: readFileSync(pair.certificate, 'utf8'),
      clientKeyData: readFileSync(pair.key, 'utf8'),
    };
    for (const [status, who] of [
      [{ token }, account],
      [certificate, 'plugin-user'],
    ] as const) {
      const command = plugin(`cat <<'END'\n${credential(status)}\nEND`);
      expect(await whoAmI(await fromKubeconfig([kubeconfig(exec(command))]))).toBe(who);
    }
  });

  test('a plugin gets what it was promised, and is asked again when its token is refused', async () => {
    const command = plugin(
      `echo "$KUBERNETES_EXEC_INFO" >info; echo "$1 $GREETING" >>calls
[ $(wc -l <calls) -gt 1 ] && t=${token} || t=stale
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$t'"}}'`.replaceAll(
        /(info|calls)\b/g,
        (name) => join(folder, name),
      ),
    );
    const more = { args: ['hello'], env: [{ name: 'GREETING', value: 'world' }], provideClusterInfo: true };
    expect(await whoAmI(await fromKubeconfig([kubeconfig(exec(command, more))]))).toBe(account);
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe('hello world\nhello world\n');
    expect(JSON.parse(readFileSync(join(folder, 'info'), 'utf8'))).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: `${plane.server}/` } },
    });
  });

  test.each<[string, string, object, RegExp]>([
    ['that fails', 'echo no session >&2; exit 1', {}, /plugin.*failed: no session/],
    ['that writes nothing', 'true', {}, /no JSON/],
    [
      'that writes another kind',
      `echo '${credential({}).replace('ExecCredential', 'Pod')}'`,
      {},
      /did not write an ExecCredential/,
    ],
    ['that gives nothing', `echo '${credential({})}'`, {}, /neither a token nor a certificate/],
    ['whose token has two lines', `echo '${credential({ token: 'a\\nb: c' })}'`, {}, /no token has/],
    ['that wants a terminal', 'true', { interactiveMode: 'Always' }, /wants a terminal/],
    [
      'that is not there',
      'true',
      { command: 'no-such-plugin', installHint: 'Get it.' },
      /no-such-plugin failed.*; Get it\./,
    ],
    [
      'of a version of the past',
      'true',
      { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      /v1alpha1; v1 and v1beta1 are spoken/,
    ],
  ])('nobody by a plugin %s', async (_what, text, more, message) => {
    const file = kubeconfig(exec(plugin(text), more));
    await expect(fromKubeconfig([file])).rejects.toThrow(message);
  });

  test('the same through a proxy, which the variables or the kubeconfig name', async () => {
    const server = 'https://kubernetes.default.svc';
    const user = { token };
    const env = { HTTPS_PROXY: `http://jane:secret@${proxy.address}` };
    expect(await whoAmI(await fromKubeconfig([kubeconfig(user, { server })], { env }))).toBe(account);
    expect(proxy.asked.at(-1)).toEqual({
      target: 'kubernetes.default.svc:443',
      authorization: `Basic ${Buffer.from('jane:secret').toString('base64')}`,
    });
    const named = { server, 'proxy-url': `http://${proxy.address}` };
    expect(await whoAmI(await fromKubeconfig([kubeconfig(user, named)], { env: {} }))).toBe(account);
    expect(proxy.asked).toHaveLength(2);
    // This machine itself, and what NO_PROXY names, is asked without it.
    expect(await whoAmI(await fromKubeconfig([kubeconfig(user)], { env }))).toBe(account);
    const around = await fromKubeconfig([kubeconfig(user, { server })], { env: { ...env, NO_PROXY: '.svc' } });
    expect(await whoAmI(around)).toMatch(/can't be reached/);
    expect(proxy.asked).toHaveLength(2);
  });

  test('nobody, where the server is not the one it should be', async () => {
    const user = { token };
    const system = { 'certificate-authority': undefined };
    const strange = await fromKubeconfig([kubeconfig(user, system)]);
    expect(await whoAmI(strange)).toMatch(/can't be reached: .*(self.signed|unable to (get|verify))/i);
    const otherName = await fromKubeconfig([kubeconfig(user, { 'tls-server-name': 'example.org' })]);
    expect(await whoAmI(otherName)).toMatch(/can't be reached.*example\.org/);
    expect(
      await whoAmI(await fromKubeconfig([kubeconfig(user, { ...system, 'insecure-skip-tls-verify': true })])),
    ).toBe(account);
  });

  test('several files together say who, the first one first', async () => {
    const first = join(folder, 'first');
    writeFileSync(first, `users: [{name: u, user: {token: ${token}}}]\n`);
    const second = kubeconfig({ token: 'other' });
    expect(await whoAmI(await fromKubeconfig([first, second]))).toBe(account);
    expect((await fromKubeconfig([second])).namespace).toBe('shop');
  });

  test.each<[string, object, object, RegExp]>([
    ['a password', { username: 'a', password: 'b' }, {}, /username.*was removed from Kubernetes/],
    ['a provider of the past', { 'auth-provider': { name: 'gcp' } }, {}, /auth-provider.*use exec/],
    ['somebody else', { token: 'a', as: 'b' }, {}, /user\.as.*not supported/],
    ['a certificate without a key', { 'client-certificate-data': 'AA==' }, {}, /without its key/],
    ['a token with a line', { token: 'a\nb: c' }, {}, /no token/],
    ['a token over plain http', { token: 'a' }, { server: 'http://10.0.0.1' }, /plain http/],
    ['a proxy of another kind', { token: 'a' }, { 'proxy-url': 'socks5://10.0.0.1:1080' }, /socks5.*not spoken to/],
    ['no server', {}, { server: '' }, /no usable server/],
    ['a server that is a file', {}, { server: 'file:///etc/passwd' }, /no usable server/],
    ['an authority that is not there', {}, { 'certificate-authority': '/nonexistent' }, /\/nonexistent can't be read/],
  ])('nobody, by a kubeconfig with %s', async (_what, user, more, message) => {
    const file = kubeconfig(user, more);
    await expect(fromKubeconfig([file])).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_KUBE_CONFIG', message: expect.stringMatching(message) }),
    );
  });
});
