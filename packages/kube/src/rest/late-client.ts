// SPDX-License-Identifier: Apache-2.0
import type { Access } from '../access/access.ts';
import { KubeError } from '../kube-error.ts';
import { type Client, type ClientOptions, createClient } from './client.ts';

/**
 * A client whose access is looked for at its first request, and at each after it until there is one: a kubeconfig that
 * comes after us, or a plugin that fails at boot, is a failure like that of a server which is down.
 */
export function createLateClient(open: () => Promise<Access>, options: ClientOptions): Client {
  let client: Client | null = null;
  let opening: Promise<Client> | null = null;
  let closed = false;
  const make = async (): Promise<Client> => {
    try {
      const access = await open();
      if (closed) throw new KubeError('ERR_KUBE_CLOSED', 'given up because the client was closed');
      client = createClient(access, options);
      return client;
    } finally {
      opening = null;
    }
  };
  const get = (): Client | Promise<Client> => {
    if (client !== null) return client;
    opening ??= make();
    return opening;
  };
  return {
    get server() {
      return client?.server ?? 'the API server';
    },
    get namespace() {
      return client?.namespace ?? 'default';
    },
    getJson: async (path, given) => (await get()).getJson(path, given),
    open: async (path, given) => (await get()).open(path, given),
    close() {
      closed = true;
      client?.close();
    },
  };
}
