// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { KubeError, messageOf } from '../kube-error.ts';
import type { Access, Credentials } from './access.ts';

export interface OtherServer {
  readonly url: string;
  /** PEM file with the authority of its certificate, read anew each time; empty is that of the access. */
  readonly caFile: string;
  /** Name in its certificate; empty is the host of the URL. */
  readonly serverName: string;
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

function checked(url: string): URL {
  const refused = (why: string): KubeError => new KubeError('ERR_KUBE_CONFIG', `${url} ${why}`);
  if (!URL.canParse(url)) throw refused('is no URL; write https://HOST:PORT');
  const parsed = new URL(url);
  if (!/^https?:$/.test(parsed.protocol)) throw refused('is neither http nor https; write https://HOST:PORT');
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname))
    throw refused('is plain http to another machine: the token would be readable on the way; write https');
  return parsed;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new KubeError('ERR_KUBE_CONFIG', `${path} can't be read: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The same credentials for another server: the kubelet of the node asks the API server who comes. Without a proxy.
 * @throws KubeError
 */
export function atServer(access: Access, { url, caFile, serverName }: OtherServer): Access {
  const { href } = checked(url);
  const originals = new WeakMap<Credentials, Credentials>();
  return {
    server: href.replace(/\/+$/, ''),
    proxy: null,
    namespace: access.namespace,
    async credentials() {
      const original = await access.credentials();
      const { servername: _, ...tls } = original.tls;
      const credentials: Credentials = {
        authorization: original.authorization,
        tls: {
          ...tls,
          ...(caFile === '' ? {} : { ca: await read(caFile) }),
          ...(serverName === '' ? {} : { servername: serverName }),
        },
      };
      originals.set(credentials, original);
      return credentials;
    },
    refuse(credentials) {
      const original = originals.get(credentials);
      if (original !== undefined) access.refuse(original);
    },
  };
}
