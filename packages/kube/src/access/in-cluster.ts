// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { KubeError, messageOf } from '../kube-error.ts';
import { type Access, REREAD_MS } from './access.ts';
import { keepFresh } from './fresh.ts';
import { proxyFor } from './proxy.ts';

/** Where the kubelet puts the files of a pod's service account. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

async function read(folder: string, name: string): Promise<string> {
  try {
    return (await readFile(join(folder, name), 'utf8')).trim();
  } catch (cause) {
    const message = `the service account's ${name} can't be read: ${messageOf(cause)}; is automountServiceAccountToken off?`;
    throw new KubeError('ERR_KUBE_CONFIG', message, { cause });
  }
}

/** Whether this process runs in a pod that knows its API server. */
export const isInCluster = (env: NodeJS.ProcessEnv): boolean => (env.KUBERNETES_SERVICE_HOST ?? '') !== '';

/**
 * Access of a pod, by its service account. Token and authority are read again every minute and when they are refused.
 * @throws KubeError where this is no pod, or one without a service account
 */
export async function inCluster(
  env: NodeJS.ProcessEnv = process.env,
  folder: string = SERVICE_ACCOUNT_FOLDER,
): Promise<Access> {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const port = env.KUBERNETES_SERVICE_PORT_HTTPS ?? env.KUBERNETES_SERVICE_PORT ?? '443';
  if (host === '')
    throw new KubeError('ERR_KUBE_CONFIG', 'KUBERNETES_SERVICE_HOST is not set: this is no pod; name a kubeconfig');
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const fresh = keepFresh(async () => {
    const token = await read(folder, 'token');
    if (!/^[\x21-\x7e]+$/.test(token))
      throw new KubeError('ERR_KUBE_CONFIG', "the service account's token is empty or no token");
    const tls = { ca: await read(folder, 'ca.crt') };
    return { credentials: { authorization: `Bearer ${token}`, tls }, goodForMs: REREAD_MS };
  });
  await fresh.get();
  return {
    server,
    proxy: proxyFor(new URL(server), env),
    namespace: await read(folder, 'namespace').catch(() => 'default'),
    credentials: fresh.get,
    refuse: fresh.refuse,
  };
}
