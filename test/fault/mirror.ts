// SPDX-License-Identifier: Apache-2.0
import { type Client, createClient, fromKubeconfig, type Reflector, startReflector } from '@gthulhu/kube';
import { cluster } from '../kube/rig/cluster.ts';
import type { ControlPlane } from '../kube/rig/control-plane.ts';
import { type FaultProxy, startFaultProxy } from '../kube/rig/fault-proxy.ts';
import { type Account, makeNamespace, type Namespace } from '../kube/rig/namespace.ts';
import { waitFor } from '../kube/rig/program.ts';
import { type TokenKubeconfig, writeTokenKubeconfig } from '../kube/rig/token-kubeconfig.ts';

/** A reflector of the ConfigMaps of one namespace, through a proxy that spoils things, and the real server to compare with. */
export interface Mirror {
  readonly plane: ControlPlane;
  readonly proxy: FaultProxy;
  readonly space: Namespace;
  readonly account: Account;
  readonly kubeconfig: TokenKubeconfig;
  readonly client: Client;
  readonly reflector: Reflector<string>;
  readonly problems: string[];
  /** Kinds of the changes told, in their order. */
  readonly changes: string[];
  write(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Waits until the reflector has what the server has. */
  agree(): Promise<void>;
  watching(): Promise<void>;
  end(): Promise<void>;
}

export const READ = [{ apiGroups: [''], resources: ['configmaps', 'pods'], verbs: ['list', 'watch'] }];

export interface MirrorOptions {
  readonly idleMs?: number;
  readonly pageSize?: number;
  readonly maxPageBytes?: number;
  readonly maxObjects?: number;
  readonly rules?: typeof READ;
  readonly watchSeconds?: number;
  readonly fault?: FaultProxy['fault'];
}

export async function makeMirror(options: MirrorOptions = {}): Promise<Mirror> {
  const plane = await cluster();
  const proxy = await startFaultProxy(plane);
  if (options.fault !== undefined) proxy.fault = options.fault;
  const space = await makeNamespace(plane);
  const account = await space.account(options.rules ?? READ);
  const kubeconfig = writeTokenKubeconfig(plane, account.token, { server: proxy.url });
  const client = createClient(await fromKubeconfig([kubeconfig.path]), { userAgent: 'gthulhu-test', headersMs: 5_000 });
  const path = `${space.path}/configmaps`;
  // Each namespace is given one that is not ours.
  const mine = { labelSelector: 'test=mirror' };
  const problems: string[] = [];
  const changes: string[] = [];
  const reflector = startReflector<string>({
    client,
    path,
    ...mine,
    keep: ({ meta, raw }) => `${meta.uid} ${JSON.stringify(raw.data)}`,
    onChange: (change) => changes.push(change.kind),
    onProblem: (error) => problems.push(error.message),
    timing: {
      ...(options.watchSeconds === undefined
        ? {}
        : { shortestSeconds: options.watchSeconds, longestSeconds: options.watchSeconds }),
      idleMs: options.idleMs ?? 60_000,
      backoff: { firstMs: 100, mostMs: 1_000 },
    },
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
    ...(options.maxPageBytes === undefined ? {} : { maxPageBytes: options.maxPageBytes }),
    ...(options.maxObjects === undefined ? {} : { maxObjects: options.maxObjects }),
  });
  const truth = async (): Promise<string> => {
    const { items } = await plane.admin.get(`${path}?labelSelector=test%3Dmirror`);
    const lines = (items as { metadata: { name: string; uid: string }; data: unknown }[]).map(
      ({ metadata, data }) => `${space.name}/${metadata.name} ${metadata.uid} ${JSON.stringify(data)}`,
    );
    return lines.sort().join('\n');
  };
  const ours = (): string =>
    [...reflector.objects]
      .map(([key, text]) => `${key} ${text}`)
      .sort()
      .join('\n');
  const object = (name: string, value: string): object => ({
    metadata: { name, labels: { test: 'mirror' } },
    data: { value },
  });
  return {
    plane,
    proxy,
    space,
    account,
    kubeconfig,
    client,
    reflector,
    problems,
    changes,
    async write(name, value) {
      const { status } = await plane.admin.raw('GET', `${path}/${name}`);
      if (status === 404) await plane.admin.create(path, object(name, value));
      else await plane.admin.replace(`${path}/${name}`, object(name, value));
    },
    async remove(name) {
      await plane.admin.raw('DELETE', `${path}/${name}`);
    },
    async agree() {
      const wanted = await truth();
      await waitFor(
        `the mirror; problems: ${problems.slice(-3).join('; ')}`,
        () => reflector.status().synced && ours() === wanted,
        [],
        30_000,
      );
    },
    watching: () => waitFor('the watch', () => reflector.status().state === 'watching', [], 30_000),
    async end() {
      await reflector.close();
      client.close();
      await proxy.close();
      await space.end();
    },
  };
}
