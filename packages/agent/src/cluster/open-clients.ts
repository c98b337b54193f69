// SPDX-License-Identifier: Apache-2.0
import type { Config } from '@gthulhu/contracts';
import { atServer, type Client, createLateClient, keepSmall, ownAccess } from '@gthulhu/kube';

/** Ways to the API server and to the kubelet; each is opened when it is first asked for. */
export interface ClusterClients {
  readonly api: () => Client;
  readonly kubelet: () => Client;
  close(): void;
}

/** Nothing is read or asked before a client is used, and what fails is tried again by who uses it. */
export function openClients({ kubernetes, workloads }: Pick<Config, 'kubernetes' | 'workloads'>, version: string) {
  const options = { userAgent: `gthulhu-agent/${version}` };
  const own = () => ownAccess(kubernetes);
  let api: Client | undefined;
  let kubelet: Client | undefined;
  const clients: ClusterClients = {
    api: () => {
      keepSmall();
      api ??= createLateClient(own, options);
      return api;
    },
    kubelet: () => {
      keepSmall();
      kubelet ??= createLateClient(async () => atServer(await own(), workloads.kubelet), options);
      return kubelet;
    },
    close: () => {
      api?.close();
      kubelet?.close();
    },
  };
  return clients;
}
